package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.mvccpb.KeyValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: readers see whole revisions while the apply loop writes, the flusher flushes and compacts, and the backend is
 * swapped. Method: every transaction puts the same value under all keys; a reader that sees two values has seen half of one.
 */
@Timeout(60)
class MvccStoreConcurrencyTest {
    private static final int KEYS = 40;
    private static final int TRANSACTIONS = 600;
    private static final ByteString ALL = ByteString.copyFrom(new byte[] {0});

    @TempDir
    Path directory;

    @Test
    void shouldShowWholeRevisionsToReaders() throws Exception {
        StoreOptions options = StoreOptions.of(tables -> LmdbBackend.open(directory, 1L << 30, tables))
                .withFlush(1_000_000, 500, 2_000_000)
                .withCompaction(200, 100_000);
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong reads = new AtomicLong();
        ExecutorService threads = Executors.newCachedThreadPool();
        try (MvccStore store = MvccStore.open(options)) {
            List<Future<?>> work = new ArrayList<>();
            work.add(threads.submit(loop(over, () -> store.flusher().doWork(System.nanoTime()))));
            work.add(threads.submit(loop(over, () -> {
                store.defragment();
                TimeUnit.MILLISECONDS.sleep(100);
                return 0;
            })));
            for (int i = 0; i < 3; i++) {
                Random random = new Random(i);
                work.add(threads.submit(loop(over, () -> {
                    readOnce(store, random);
                    return reads.incrementAndGet();
                })));
            }
            try {
                for (int i = 1; i <= TRANSACTIONS; i++) {
                    store.txn(putAll(i));
                    if (i % 100 == 0) {
                        store.scheduleCompaction(store.currentRevision() - 20, null);
                    }
                    store.applied(i, 1);
                }
            } finally {
                over.set(true);
            }
            for (Future<?> one : work) {
                one.get(30, TimeUnit.SECONDS);
            }
            store.flusher().flush();
            assertThat(store.flusher().durableIndex()).isEqualTo(TRANSACTIONS);
            store.hashKv(0);
            StoreCheck.check(store.state.backend());
        } finally {
            threads.shutdownNow();
        }
        assertThat(reads.get()).isGreaterThan(100);
    }

    private static Callable<Void> loop(AtomicBoolean over, Callable<?> step) {
        return () -> {
            while (!over.get()) {
                step.call();
            }
            return null;
        };
    }

    private static TxnRequest putAll(int value) {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        for (int key = 0; key < KEYS; key++) {
            txn.addSuccess(RequestOp.newBuilder()
                    .setRequestPut(PutRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("key" + key))
                            .setValue(ByteString.copyFromUtf8(Integer.toString(value)))));
        }
        return txn.build();
    }

    private static void readOnce(MvccStore store, Random random) throws KvException {
        long current = store.currentRevision();
        try {
            long asked = random.nextBoolean() ? 0 : Math.max(1, current - random.nextInt(30));
            RangeResult result = store.range(RangeRequest.newBuilder()
                    .setKey(ALL)
                    .setRangeEnd(ALL)
                    .setRevision(asked)
                    .build());
            long revision = asked == 0 ? result.revision() : asked;
            assertThat(result.revision()).isGreaterThanOrEqualTo(current);
            check(result.keyValues(), revision, result.count());
            RangeReader reader = store.rangeStream(
                    RangeRequest.newBuilder().setKey(ALL).setRangeEnd(ALL).build(), random.nextInt(500));
            List<ByteString> pieces = new ArrayList<>();
            while (reader.hasNext()) {
                pieces.addAll(WholeRange.keyValues(reader.next(7)));
            }
            check(pieces, reader.revision(), reader.count());
            List<Event> events = new ArrayList<>();
            long from = Math.max(2, store.currentRevision() - random.nextInt(10));
            long next = store.read(from, 50, 1 << 20, events::add);
            for (int i = 0; i < events.size(); i++) {
                assertThat(events.get(i).revision()).isEqualTo(new Revision(from + i / KEYS, i % KEYS));
            }
            assertThat(events).hasSize((int) Math.max(0, next - from) * KEYS);
        } catch (KvException e) {
            assertThat(e.reason()).isEqualTo(KvException.Reason.COMPACTED);
        }
    }

    private static void check(List<ByteString> keyValues, long revision, long count) {
        assertThat(count).isEqualTo(revision == 1 ? 0 : KEYS);
        assertThat(keyValues).hasSize((int) count);
        for (ByteString encoded : keyValues) {
            KeyValue keyValue = KeyValues.decode(encoded);
            assertThat(keyValue.getModRevision()).isEqualTo(revision);
            assertThat(keyValue.getValue().toStringUtf8()).isEqualTo(Long.toString(revision - 1));
        }
    }
}
