package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: a count by chunks is the number of keys that a walk finds, at every revision, whatever was written, flushed, compacted, opened anew. Method:
 * seeded random steps; after each, counts beside walks, and each chunk beside the table.
 */
@Timeout(120)
class KeyCountsTest {
    private static final ByteString NO_END = ByteString.copyFrom(new byte[] {0});

    @TempDir
    Path directory;

    /** What the chunks of the newest state say is so. Returns their number. */
    static int check(StoreState state) {
        int chunks = 0;
        try (ReadView view = state.stored()) {
            CountedChunks known = state.counts().at(KeyCounts.flushOf(view.txn()));
            ByteString first = known.end(-1);
            for (int place = 0; first != null; place++) {
                ByteString end = known.end(place);
                if (!known.isGap(place)) {
                    chunks++;
                    checkChunk(view, known, place, new KeyRange(first, end));
                }
                first = end;
            }
        }
        return chunks;
    }

    private static void checkChunk(ReadView view, CountedChunks known, int place, KeyRange range) {
        int live = 0;
        long newest = 0;
        try (KeyTable.Scan scan = ReadView.IDX.scan(view.txn(), range.start())) {
            for (; !scan.atEnd() && range.contains(scan.key()); scan.next()) {
                live += KeyState.isTombstone(scan.value()) ? 0 : 1;
                newest = Math.max(newest, KeyState.mainAt(scan.value()));
            }
        }
        assertThat(known.live(place)).as("live keys in %s", range).isEqualTo(live);
        assertThat(known.newest(place)).as("newest in %s", range).isGreaterThanOrEqualTo(newest);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void shouldCountAsWalkDoesInMemory(long seed) throws Exception {
        run(new MemoryBackend.Disk(), seed, 800);
    }

    @ParameterizedTest
    @ValueSource(longs = {101, 102})
    void shouldCountAsWalkDoesOnLmdb(long seed) throws Exception {
        run(tables -> LmdbBackend.open(directory, 1L << 30, tables), seed, 400);
    }

    private static void run(Backend.Factory factory, long seed, int steps) throws Exception {
        Run run = new Run(factory, seed);
        int step = 0;
        try {
            for (; step < steps; step++) {
                run.step();
            }
        } catch (Throwable e) {
            throw new AssertionError("seed " + seed + ", step " + step, e);
        } finally {
            run.letGo();
            run.store.close();
        }
        assertThat(run.chunksMax).as("chunks that were checked").isGreaterThan(3);
    }

    private static final class Run {
        final Random random;
        final Backend.Factory factory;
        final List<ByteString> keys = new ArrayList<>();
        MvccStore store;
        long index;
        int chunksMax;

        // A reader that began some steps ago, and his revision.
        @Nullable
        ReadView held;

        long heldAt;
        long now;

        Run(Backend.Factory factory, long seed) {
            this.factory = factory;
            random = new Random(seed);
            keys.addAll(HostileKeys.some(random, 30));
            for (int i = 0; i < 100; i++) {
                keys.add(ByteString.copyFromUtf8("key-" + i));
            }
            store = open();
        }

        private MvccStore open() {
            KeyCounts.Sizes sizes = new KeyCounts.Sizes(
                    random.nextInt(4),
                    1 + random.nextInt(8),
                    8 + random.nextInt(8),
                    random.nextInt(4),
                    random.nextInt(4) == 0 ? 500 : 1 << 20);
            return MvccStore.open(
                    StoreOptions.of(factory).withFlush(1000, 20, 1 << 20).withCompaction(1 + random.nextInt(8), 0),
                    sizes);
        }

        private ByteString key() {
            return keys.get(random.nextInt(keys.size()));
        }

        void step() throws Exception {
            int what = random.nextInt(100);
            if (what < 50) {
                store.put(PutRequest.newBuilder().setKey(key()).build());
                store.applied(++index, 1);
            } else if (what < 65) {
                DeleteRangeRequest.Builder delete =
                        DeleteRangeRequest.newBuilder().setKey(key());
                if (random.nextInt(8) == 0) {
                    delete.setRangeEnd(key());
                }
                store.deleteRange(delete.build());
                store.applied(++index, 1);
            } else if (what < 85) {
                store.flusher().flush();
            } else if (what < 87) {
                // What a flush begins with; whatever follows meets two generations.
                store.state.overlay().freeze();
            } else if (what < 90) {
                long revision = store.compactedRevision()
                        + 1
                        + random.nextInt(1 + (int) (store.currentRevision() - store.compactedRevision()));
                if (revision <= store.currentRevision()) {
                    store.scheduleCompaction(revision, null);
                    store.applied(++index, 1);
                }
            } else if (what < 97) {
                store.flusher().doWork(now += 500);
            } else if (what < 98) {
                store.flusher().flush();
                letGo();
                store.defragment();
            } else if (what < 99) {
                letGo();
                store.close();
                store = open();
                assertThat(check(store.state)).as("chunks after opening").isZero();
            }
            chunksMax = Math.max(chunksMax, check(store.state));
            for (int i = 0; i < 5; i++) {
                count();
            }
            if (random.nextInt(6) == 0) {
                letGo();
                held = store.state.open();
                heldAt = store.currentRevision();
            }
            if (held != null) {
                countBefore(held);
            }
        }

        private void letGo() {
            if (held != null) {
                held.close();
                held = null;
            }
        }

        /** A reader counts what was there when he came, whatever was flushed and learnt since. */
        private void countBefore(ReadView view) {
            KeyRange range = new KeyRange(random.nextBoolean() ? NO_END : key(), random.nextBoolean() ? null : key());
            long walked = 0;
            try (RangeCursor cursor = view.range(range, heldAt)) {
                while (cursor.next()) {
                    walked++;
                }
            }
            assertThat(view.range(range, heldAt).countRest())
                    .as("keys at %s, held up to %s", heldAt, store.currentRevision())
                    .isEqualTo(walked);
        }

        private void count() throws KvException {
            long least = Math.max(1, store.compactedRevision());
            long span = store.currentRevision() - least + 1;
            long revision = random.nextBoolean() ? 0 : least + (long) (random.nextDouble() * span);
            ByteString from = random.nextInt(3) == 0 ? NO_END : key();
            ByteString end = random.nextInt(3) == 0 ? NO_END : key();
            RangeRequest request = RangeRequest.newBuilder()
                    .setKey(from)
                    .setRangeEnd(end)
                    .setRevision(revision)
                    .build();
            // Without a limit and a count nothing is asked of chunks.
            int walked = store.range(request).keyValues().size();
            assertThat(store.range(request.toBuilder().setCountOnly(true).build())
                            .count())
                    .as("keys at %s of %s", revision, store.currentRevision())
                    .isEqualTo(walked);
            int limit = 1 + random.nextInt(20);
            RangeResult page = store.range(request.toBuilder().setLimit(limit).build());
            assertThat(page.count()).as("keys behind a page of %s", limit).isEqualTo(walked);
            assertThat(page.more()).isEqualTo(walked > limit);
        }
    }

    /** Without chunks this would be true as well, but not soon: so the chunks themselves are looked at. */
    @Test
    void shouldLearnFromLongCountOnly() throws Exception {
        try (MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()))) {
            for (int i = 0; i < 2_000; i++) {
                store.put(PutRequest.newBuilder().setKey(key(i)).build());
            }
            store.applied(1, 1);
            store.flusher().flush();
            assertThat(countOf(store, key(0), key(60), 0)).isEqualTo(60);
            assertThat(check(store.state)).isZero();
            assertThat(countOf(store, key(0), NO_END, 0)).isEqualTo(2_000);
            assertThat(check(store.state)).isGreaterThan(5);
            long before = store.currentRevision();

            store.deleteRange(DeleteRangeRequest.newBuilder()
                    .setKey(key(500))
                    .setRangeEnd(key(1_500))
                    .build());
            store.applied(2, 1);
            assertThat(countOf(store, key(0), NO_END, 0)).isEqualTo(1_000);
            store.flusher().flush();
            assertThat(check(store.state)).isPositive();
            assertThat(countOf(store, key(0), NO_END, 0)).isEqualTo(1_000);
            assertThat(countOf(store, key(0), NO_END, before)).isEqualTo(2_000);
        }
    }

    @Test
    void shouldTakeNoMoreMemoryThanItMay() throws Exception {
        KeyCounts.Sizes sizes = new KeyCounts.Sizes(1, 2, 8, 4, 1_000);
        try (MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()), sizes)) {
            for (int i = 0; i < 1_000; i++) {
                store.put(PutRequest.newBuilder().setKey(key(i)).build());
            }
            store.applied(1, 1);
            store.flusher().flush();
            for (int from = 0; from < 1_000; from += 100) {
                for (int length = 4; from + length <= 1_000; length *= 2) {
                    assertThat(countOf(store, key(from), key(from + length), 0)).isEqualTo(length);
                }
            }
            assertThat(check(store.state)).isPositive();
            try (ReadView view = store.state.stored()) {
                long bytes =
                        store.state.counts().at(KeyCounts.flushOf(view.txn())).bytes();
                assertThat(bytes).isBetween(1L, 1_000L);
            }
        }
    }

    /** Readers of several threads beside a writer and flushes: every revision has as many keys as its number says. */
    @Test
    void shouldCountRightWhileOthersWriteAndFlush() throws Exception {
        KeyCounts.Sizes sizes = new KeyCounts.Sizes(1, 16, 64, 4, 1 << 20);
        int threads = 3;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        AtomicBoolean over = new AtomicBoolean();
        try (MvccStore store =
                MvccStore.open(StoreOptions.of(tables -> LmdbBackend.open(directory, 1L << 30, tables)), sizes)) {
            List<Future<Long>> results = new ArrayList<>();
            for (int i = 0; i < threads - 1; i++) {
                results.add(pool.submit(() -> {
                    long done = 0;
                    while (!over.get()) {
                        RangeResult result = store.range(RangeRequest.newBuilder()
                                .setKey(NO_END)
                                .setRangeEnd(NO_END)
                                .setCountOnly(true)
                                .build());
                        // The store begins at revision 1, and each one since then adds a key or, every third, replaces
                        // one.
                        long written = result.revision() - 1;
                        assertThat(result.count())
                                .as("keys at revision %s", result.revision())
                                .isEqualTo(written - written / 3);
                        done++;
                    }
                    return done;
                }));
            }
            results.add(pool.submit(() -> {
                long done = 0;
                while (!over.get()) {
                    store.flusher().flush();
                    done++;
                }
                return done;
            }));
            for (int i = 1; i <= 6_000; i++) {
                int number = i % 3 == 0 ? i - 1 : i;
                store.put(PutRequest.newBuilder()
                        .setKey(key(Integer.reverse(number) >>> 1))
                        .build());
                store.applied(i, 1);
            }
            over.set(true);
            for (Future<Long> result : results) {
                assertThat(result.get(60, TimeUnit.SECONDS)).isPositive();
            }
            store.flusher().flush();
            assertThat(countOf(store, NO_END, NO_END, 0)).isEqualTo(4_000);
            assertThat(check(store.state)).isPositive();
        } finally {
            over.set(true);
            pool.shutdownNow();
        }
    }

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8(String.format("%010d", number));
    }

    private static long countOf(MvccStore store, ByteString from, ByteString end, long revision) throws KvException {
        return store.range(RangeRequest.newBuilder()
                        .setKey(from)
                        .setRangeEnd(end)
                        .setRevision(revision)
                        .setCountOnly(true)
                        .build())
                .count();
    }
}
