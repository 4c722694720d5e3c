package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.mvcc.backend.WriteTxn;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: whatever is applied, flushed or removed between its steps, a walk attaches what a walk at the start would have attached, and notices what is lost. Method:
 * seeded random work between steps of a few keys, against a model that knows of no walk; damage of one record at a time.
 */
@Timeout(120)
class LeaseWalkTest {
    private static final int KEYS = 60;
    private static final int LEASES = 5;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldAttachWhatAFullWalkAttachesInMemory(long seed) throws Exception {
        run(new MemoryBackend.Disk(), seed, 4000);
    }

    @ParameterizedTest
    @ValueSource(longs = {101, 102})
    void shouldAttachWhatAFullWalkAttachesOnLmdb(long seed) throws Exception {
        run(tables -> LmdbBackend.open(directory, 1L << 30, tables), seed, 1200);
    }

    private static void run(Backend.Factory factory, long seed, int steps) throws Exception {
        Run run = new Run(factory, seed);
        int step = 0;
        try {
            for (; step < steps; step++) {
                run.step();
            }
        } catch (Throwable e) {
            throw new AssertionError("seed " + seed + ", step " + step + ", " + run.last, e);
        } finally {
            run.store.close();
        }
        assertThat(run.walksEnded).as("walks that came to their end").isGreaterThan(steps / 200);
        assertThat(run.walksLeft).as("walks that ended with their store").isGreaterThan(steps / 400);
    }

    private static final class Run {
        final Random random;
        final Backend.Factory factory;
        final List<ByteString> keys;

        /** The live keys and the leases that they name. */
        final NavigableMap<ByteString, Long> live = new TreeMap<>(KeyRange.KEY_ORDER);

        /** What hangs on each lease that exists; a lease that is forgotten leaves keys that name it. */
        final Map<Long, Set<ByteString>> expected = new HashMap<>();

        final Leases leases = new Leases();
        MvccStore store;
        String last = "open";
        long index;
        long now;
        int walksEnded;
        int walksLeft;

        Run(Backend.Factory factory, long seed) {
            this.factory = factory;
            random = new Random(seed);
            keys = HostileKeys.some(random, KEYS);
            for (long lease = 1; lease <= LEASES; lease++) {
                grant(lease);
            }
            store = open();
        }

        private MvccStore open() {
            StoreOptions options =
                    StoreOptions.of(factory).withFlush(1000, 20, 1 << 20).withCompaction(1 + random.nextInt(8), 0);
            MvccStore opened = MvccStore.open(options);
            leases.restore();
            opened.setLeases(leases, new LeaseWalk.Steps(1 + random.nextInt(5), 1 + random.nextInt(5)));
            return opened;
        }

        void step() throws Exception {
            int what = random.nextInt(100);
            if (what < 25) {
                put();
            } else if (what < 34) {
                delete();
            } else if (what < 42) {
                txn();
            } else if (what < 44) {
                revoke();
            } else if (what < 47) {
                grantAgain();
            } else if (what < 52) {
                compact();
            } else if (what < 57) {
                last = "doWork";
                now += random.nextInt(1500);
                store.flusher().doWork(now);
            } else if (what < 59) {
                last = "freeze";
                store.state.overlay().freeze();
            } else if (what < 64) {
                last = "flush";
                finishFlush();
                store.flusher().flush();
            } else if (what < 66) {
                last = "defragment";
                finishFlush();
                store.defragment();
            } else if (what < 70) {
                reopen();
            } else if (what < 72) {
                last = "attach all";
                boolean ends = !store.walk().isOver();
                store.attachAll();
                assertThat(store.walk().isOver()).isTrue();
                walksEnded += ends ? 1 : 0;
            } else {
                last = "attach more";
                boolean ends = !store.walk().isOver();
                boolean more = store.attachMore();
                assertThat(more).isEqualTo(!store.walk().isOver());
                walksEnded += ends && !more ? 1 : 0;
            }
            check();
        }

        private void check() {
            assertThat(leases.told).isEqualTo(store.walk().isOver());
            assertThat(leases.attached.keySet()).isEqualTo(expected.keySet());
            for (ByteString key : keys) {
                for (Map.Entry<Long, Set<ByteString>> lease : expected.entrySet()) {
                    boolean attached = leases.of(lease.getKey()).contains(key);
                    boolean wanted = lease.getValue().contains(key);
                    // What the walk has yet to come to may be missing, but nothing hangs where it should not.
                    if (store.walk().isPast(key) ? attached != wanted : attached && !wanted) {
                        throw new AssertionError(
                                key + " on lease " + lease.getKey() + ": " + attached + ", expected " + wanted);
                    }
                }
            }
        }

        private void applied() {
            index++;
            store.applied(index, 1);
        }

        private ByteString key() {
            return keys.get(random.nextInt(KEYS));
        }

        private void grant(long lease) {
            expected.put(lease, new TreeSet<>(KeyRange.KEY_ORDER));
            leases.grant(lease);
        }

        private PutRequest putRequest(ByteString key) {
            PutRequest.Builder put =
                    PutRequest.newBuilder().setKey(key).setValue(ByteString.copyFromUtf8("v" + random.nextInt(100)));
            List<Long> existing = List.copyOf(expected.keySet());
            if (live.containsKey(key) && random.nextInt(4) == 0) {
                put.setIgnoreLease(true);
            } else if (random.nextInt(3) > 0 && !existing.isEmpty()) {
                put.setLease(existing.get(random.nextInt(existing.size())));
            }
            return put.build();
        }

        private void model(PutRequest put) {
            ByteString key = put.getKey();
            long before = live.getOrDefault(key, 0L);
            long lease = put.getIgnoreLease() ? before : put.getLease();
            live.put(key, lease);
            if (lease != before) {
                expected.values().forEach(attached -> attached.remove(key));
            }
            Set<ByteString> attached = expected.get(lease);
            if (attached != null) {
                attached.add(key);
            }
        }

        private void modelDelete(ByteString key) {
            live.remove(key);
            expected.values().forEach(attached -> attached.remove(key));
        }

        private void put() throws KvException {
            PutRequest put = putRequest(key());
            last = "put " + put;
            store.put(put);
            applied();
            model(put);
        }

        private void delete() {
            ByteString key = key();
            DeleteRangeRequest delete = DeleteRangeRequest.newBuilder()
                    .setKey(key)
                    .setRangeEnd(random.nextInt(4) == 0 ? key() : ByteString.EMPTY)
                    .build();
            last = "delete " + delete;
            KeyRange range = KeyRange.of(key, delete.getRangeEnd());
            List<ByteString> gone =
                    live.keySet().stream().filter(range::contains).toList();
            assertThat(store.deleteRange(delete).getDeleted()).isEqualTo(gone.size());
            applied();
            gone.forEach(this::modelDelete);
        }

        private void txn() throws KvException {
            TxnRequest.Builder txn = TxnRequest.newBuilder();
            // A deletion, which may be of a key that is put afterwards or was put before.
            ByteString deleted = key();
            PutRequest put = putRequest(random.nextBoolean() ? deleted : key());
            boolean deletesFirst = random.nextBoolean() && !put.getIgnoreLease();
            RequestOp delete = RequestOp.newBuilder()
                    .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(deleted))
                    .build();
            if (deletesFirst) {
                txn.addSuccess(delete);
                modelDelete(deleted);
            }
            txn.addSuccess(RequestOp.newBuilder().setRequestPut(put));
            model(put);
            if (!deletesFirst) {
                txn.addSuccess(delete);
                modelDelete(deleted);
            }
            last = "txn " + txn;
            store.txn(txn.build());
            applied();
        }

        private void revoke() {
            if (expected.isEmpty()) {
                return;
            }
            long lease = List.copyOf(expected.keySet()).get(random.nextInt(expected.size()));
            last = "revoke " + lease;
            boolean ends = !store.walk().isOver();
            store.attachAll();
            walksEnded += ends ? 1 : 0;
            Set<ByteString> gone = Objects.requireNonNull(expected.remove(lease));
            assertThat(leases.attached.remove(lease)).isEqualTo(gone);
            assertThat(store.deleteKeys(gone)).isEqualTo(gone.size());
            applied();
            gone.forEach(this::modelDelete);
        }

        /** A lease that is not there: it takes no keys that name one of its number from before. */
        private void grantAgain() {
            long lease = 1 + random.nextInt(LEASES);
            if (!expected.containsKey(lease)) {
                last = "grant " + lease;
                grant(lease);
            }
        }

        private void compact() throws KvException {
            long revision = store.currentRevision() - random.nextInt(4);
            if (revision > store.compactedRevision()) {
                last = "compact " + revision;
                store.scheduleCompaction(revision, null);
                applied();
            }
        }

        private void finishFlush() {
            while (store.state.overlay().view().frozen() != null) {
                store.flusher().flush();
            }
        }

        /** Also in the middle of a walk, which then begins anew; now and then the table of leases comes back without one. */
        private void reopen() {
            last = "reopen";
            walksLeft += store.walk().isOver() ? 0 : 1;
            finishFlush();
            store.flusher().flush();
            store.close();
            if (random.nextInt(3) == 0) {
                long lease = 1 + random.nextInt(LEASES);
                expected.remove(lease);
                leases.attached.remove(lease);
            }
            // What names a lease that is there hangs on it, whichever lease of this number it was put with.
            expected.forEach((lease, attached) -> {
                attached.clear();
                live.forEach((key, named) -> {
                    if (named.equals(lease)) {
                        attached.add(key);
                    }
                });
            });
            store = open();
        }
    }

    /** As careful as a lessor has to be, and no more. */
    private static final class Leases implements LeaseAttachments {
        final Map<Long, Set<ByteString>> attached = new HashMap<>();
        private final Set<Long> granted = new TreeSet<>();
        boolean told;

        Set<ByteString> of(long lease) {
            return Objects.requireNonNull(attached.get(lease));
        }

        void grant(long lease) {
            attached.put(lease, new TreeSet<>(KeyRange.KEY_ORDER));
            granted.add(lease);
        }

        void restore() {
            told = false;
            granted.clear();
            attached.values().forEach(Set::clear);
        }

        @Override
        public boolean exists(long lease) {
            return attached.containsKey(lease);
        }

        @Override
        public boolean wasRestored(long lease) {
            return exists(lease) && !granted.contains(lease);
        }

        @Override
        public void attach(long lease, ByteString key) {
            Set<ByteString> keys = attached.get(lease);
            if (keys != null) {
                keys.add(key);
            }
        }

        @Override
        public void detach(long lease, ByteString key) {
            Set<ByteString> keys = attached.get(lease);
            if (keys != null) {
                keys.remove(key);
            }
        }

        @Override
        public void attachedAll() {
            assertThat(told).isFalse();
            told = true;
        }
    }

    private static final LeaseWalk.Steps SMALL = new LeaseWalk.Steps(4, 3);
    private static final int STORED = 30;

    private static ByteString stored(int number) {
        return ByteString.copyFromUtf8(String.format("k%02d", number));
    }

    private static MemoryBackend.Disk filled() throws KvException {
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            for (int i = 0; i < STORED; i++) {
                store.put(PutRequest.newBuilder().setKey(stored(i)).build());
                store.applied(i + 1, 1);
            }
        }
        return disk;
    }

    private static void lose(MemoryBackend.Disk disk, int number) {
        try (Backend raw = disk.open(Layout.TABLES);
                WriteTxn txn = raw.write()) {
            assertThat(txn.delete(Layout.IDX, stored(number).toByteArray())).isTrue();
            txn.commit();
        }
    }

    @Test
    void shouldHaveDoneAllInASmallStore() throws Exception {
        try (MvccStore store = MvccStore.open(StoreOptions.of(filled()))) {
            store.setLeases(LeaseAttachments.forgetful(lease -> false));
            assertThat(store.walk().isOver()).isTrue();
            assertThat(store.attachMore()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 4, STORED / 2, STORED - 1})
    void shouldNoticeALostKeyWhateverIsWrittenMeanwhile(int lost) throws Exception {
        MemoryBackend.Disk disk = filled();
        lose(disk, lost);
        List<Throwable> reported = new ArrayList<>();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk).onFailure(reported::add))) {
            store.setLeases(LeaseAttachments.forgetful(lease -> false), SMALL);
            assertThat(store.walk().isOver()).isFalse();
            // Births, deaths and changes on both sides of the place.
            int entry = STORED;
            for (int number : new int[] {1, STORED - 2}) {
                for (ByteString key : List.of(stored(number), stored(number).concat(ByteString.copyFromUtf8("+")))) {
                    store.put(PutRequest.newBuilder().setKey(key).build());
                    store.applied(++entry, 1);
                }
                store.deleteKeys(List.of(stored(number + (number == 1 ? 1 : -1))));
                store.applied(++entry, 1);
                assertThat(store.attachMore()).isTrue();
            }
            assertThatThrownBy(store::attachAll)
                    .isInstanceOf(DamagedStoreException.class)
                    .hasMessageContaining("holds " + (STORED - 1) + " keys, expected " + STORED);
            assertThat(reported).singleElement().isInstanceOf(DamagedStoreException.class);
            assertThat(store.walk().isOver()).isFalse();
            assertThatThrownBy(store::attachMore).isInstanceOf(DamagedStoreException.class);
        }
    }

    @Test
    void shouldForgetTheWalkOfAStoreThatIsReplaced() throws Exception {
        MemoryBackend.Disk newer = filled();
        try (MvccStore store = MvccStore.open(StoreOptions.of(newer))) {
            store.put(PutRequest.newBuilder().setKey(stored(STORED)).build());
            store.applied(STORED + 1, 1);
        }
        try (MvccStore store = MvccStore.open(StoreOptions.of(filled()))) {
            LeaseAttachments none = LeaseAttachments.forgetful(lease -> false);
            store.setLeases(none, SMALL);
            assertThat(store.attachMore()).isTrue();
            try (StoreReplacement replacement = StoreReplacement.open(StoreOptions.of(newer));
                    MvccStore.Retired before = store.replace(replacement)) {
                assertThat(before).isNotNull();
            }
            assertThat(store.attachMore()).isFalse();

            store.setLeases(none, SMALL);
            assertThat(store.walk().isOver()).isFalse();
            store.attachAll();
            assertThat(store.keys()).isEqualTo(STORED + 1);
        }
    }

    @Test
    void shouldLookAtNoMoreThanAStepHoweverManyKeysAreGone() throws Exception {
        MemoryBackend.Disk disk = filled();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            store.deleteKeys(
                    IntStream.range(0, STORED).mapToObj(LeaseWalkTest::stored).toList());
            store.applied(STORED + 1, 1);
        }
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            store.setLeases(LeaseAttachments.forgetful(lease -> false), SMALL);
            int steps = 1;
            while (store.attachMore()) {
                steps++;
            }
            assertThat(steps).isEqualTo((STORED - SMALL.first() - 1) / SMALL.further() + 1);
        }
    }
}
