package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a store goes on as the one that takes its place, and no reader ever sees anything but one revision of one history. Method: two keys that
 * change together and count the log, on a leader's store and on a follower's that is replaced by copies of it again and again.
 */
@Timeout(120)
class StoreReplacementTest {
    private static final ByteString FIRST = ByteString.copyFromUtf8("a");
    private static final ByteString SECOND = ByteString.copyFromUtf8("b");

    @TempDir
    Path directory;

    /** Entry n writes n to both keys and makes revision n + 1. */
    private static void apply(MvccStore store, long entry) throws KvException {
        ByteString value = ByteString.copyFromUtf8(Long.toString(entry));
        TxnRequest.Builder both = TxnRequest.newBuilder();
        for (ByteString key : List.of(FIRST, SECOND)) {
            both.addSuccess(RequestOp.newBuilder()
                    .setRequestPut(PutRequest.newBuilder().setKey(key).setValue(value)));
        }
        store.txn(both.build());
        store.applied(entry, 2);
    }

    private static StoreReplacement copy(MvccStore from, StoreOptions into) throws Exception {
        try (StoreLoader loader = StoreLoader.open(into)) {
            from.export(new MvccStore.BucketVisitor() {
                private String bucket = "";

                @Override
                public void bucket(String name) {
                    bucket = name;
                }

                @Override
                public void pair(ByteString key, ByteString value) {
                    try {
                        if (bucket.equals(EtcdView.KEY_BUCKET)) {
                            loader.revision(key.toByteArray(), value.toByteArray());
                        } else {
                            loader.pair(tableOf(bucket), key.toByteArray(), value.toByteArray());
                        }
                    } catch (InvalidContentException e) {
                        throw new AssertionError(e);
                    }
                }
            });
            loader.finish();
        }
        return StoreReplacement.open(into);
    }

    private static Table tableOf(String bucket) {
        return Arrays.stream(Table.values())
                .filter(table -> table.bucket().equals(bucket))
                .findFirst()
                .orElseThrow();
    }

    private static RangeResponse both(MvccStore store, long revision) throws KvException {
        return store.range(RangeRequest.newBuilder()
                        .setKey(FIRST)
                        .setRangeEnd(ByteString.copyFromUtf8("c"))
                        .setRevision(revision)
                        .build())
                .toResponse();
    }

    private static long check(RangeResponse seen) {
        assertThat(seen.getKvsCount()).isEqualTo(2);
        long first = Long.parseLong(seen.getKvs(0).getValue().toStringUtf8());
        assertThat(seen.getKvs(1).getValue().toStringUtf8()).isEqualTo(Long.toString(first));
        assertThat(seen.getKvs(0).getModRevision()).isEqualTo(first + 1);
        return first;
    }

    @Test
    void shouldShowEachReaderOneRevisionOfOneHistory() throws Exception {
        MvccStore leader = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        StoreOptions here = StoreOptions.lmdb(directory.resolve("store"), 0).withFlush(0, 50, 1 << 20);
        MvccStore follower = MvccStore.open(here);
        apply(leader, 1);
        apply(follower, 1);
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong reads = new AtomicLong();
        ExecutorService readers = Executors.newCachedThreadPool();
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            running.add(readers.submit((Callable<Object>) () -> {
                long newest = 0;
                while (!over.get()) {
                    long seen = check(both(follower, 0));
                    assertThat(seen).isGreaterThanOrEqualTo(newest);
                    newest = seen;
                    try {
                        assertThat(check(both(follower, newest + 1))).isEqualTo(newest);
                    } catch (KvException e) {
                        assertThat(e.reason()).isEqualTo(KvException.Reason.COMPACTED);
                        assertThat(newest + 1).isLessThan(follower.compactedRevision());
                    }
                    reads.incrementAndGet();
                }
                return reads;
            }));
        }
        running.add(readers.submit((Callable<Object>) () -> {
            while (!over.get()) {
                follower.flusher().doWork(System.nanoTime());
            }
            return reads;
        }));
        long entry = 1;
        for (int round = 0; round < 12; round++) {
            for (int i = 0; i < 40; i++) {
                entry++;
                apply(leader, entry);
                apply(follower, entry);
            }
            for (int i = 0; i < 40; i++) {
                apply(leader, ++entry);
            }
            if (round % 2 == 0) {
                // In the same log entry as the last write, so that entries and revisions go on together.
                leader.scheduleCompaction(leader.currentRevision() - 10, null);
                leader.applied(entry, 2);
            }
            Path aside = directory.resolve("aside-" + round);
            StoreReplacement newer = copy(leader, StoreOptions.lmdb(aside, 0));
            assertThat(newer.applied().index()).isEqualTo(entry);
            follower.replace(newer).close();
            newer.close();
            assertThat(aside).doesNotExist();
            assertThat(follower.currentRevision()).isEqualTo(leader.currentRevision());
            assertThat(follower.flusher().durableIndex()).isEqualTo(entry);
            long seenBefore = reads.get();
            while (reads.get() < seenBefore + 50) {
                for (Future<?> reader : running) {
                    if (reader.isDone()) {
                        reader.get();
                    }
                }
                Thread.onSpinWait();
            }
        }
        over.set(true);
        for (Future<?> reader : running) {
            reader.get();
        }
        readers.shutdown();
        assertThat(follower.hashKv(0)).isEqualTo(leader.hashKv(0));
        StoreCheck.check(follower.state.backend());
        long last = follower.currentRevision();
        follower.close();
        try (MvccStore again = MvccStore.open(here)) {
            assertThat(again.currentRevision()).isEqualTo(last);
        }
        leader.close();
    }

    @Test
    void shouldLetReadersEndInTheStoreTheyBeganIn() throws Exception {
        MvccStore leader = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        MvccStore follower = MvccStore.open(StoreOptions.lmdb(directory.resolve("store"), 0));
        for (long entry = 1; entry <= 30; entry++) {
            apply(leader, entry);
            if (entry <= 10) {
                apply(follower, entry);
            }
        }
        leader.scheduleCompaction(25, null);
        leader.applied(31, 2);
        StoreImage lost = follower.image();
        MvccStore.Retired old;
        try (ReadView before = follower.state.open()) {
            old = follower.replace(copy(leader, StoreOptions.lmdb(directory.resolve("aside"), 0)));
            assertThat(before.keyValue(FIRST, 10)).isNotNull();
            assertThat(follower.compactedRevision()).isEqualTo(25);
            assertThatThrownBy(() -> both(follower, 11)).isInstanceOf(KvException.class);
        }
        old.close();
        assertThatThrownBy(() -> lost.next(pair -> {})).isInstanceOf(StoreImage.LostException.class);
        assertThat(follower.hash()).isEqualTo(leader.hash());
        assertThat(Files.list(directory).toList()).containsExactly(directory.resolve("store"));
        follower.close();
        leader.close();
    }

    @Test
    void shouldRefuseAStoreThatIsNotNewer() throws Exception {
        MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        apply(store, 1);
        try (StoreReplacement same = copy(store, StoreOptions.of(new MemoryBackend.Disk()))) {
            assertThatThrownBy(() -> store.replace(same)).isInstanceOf(IllegalArgumentException.class);
            apply(store, 2);
        }
        assertThat(check(both(store, 0))).isEqualTo(2);
        store.close();
    }

    /** Whoever waits for a compaction to be carried out is told when the new store has done it. */
    @Test
    void shouldGoOnWithCompactionsThatWait() throws Exception {
        MvccStore leader = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        MvccStore follower = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
        for (long entry = 1; entry <= 20; entry++) {
            apply(leader, entry);
            apply(follower, entry);
        }
        AtomicBoolean removed = new AtomicBoolean();
        follower.scheduleCompaction(15, () -> removed.set(true));
        follower.applied(21, 2);
        leader.scheduleCompaction(15, null);
        leader.applied(21, 2);
        apply(leader, 22);
        follower.replace(copy(leader, StoreOptions.of(new MemoryBackend.Disk())))
                .close();
        follower.hash();
        assertThat(removed).isTrue();
        follower.close();
        leader.close();
    }
}
