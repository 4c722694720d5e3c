package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: the store does what its contract says under any mix of operations, flushes, compactions and restarts. Method: seeded
 * random steps against {@link Model}; after each the answers and the cross references of the tables are compared.
 */
@Timeout(120)
class MvccStoreModelTest {
    private static final int LEASES = 4;

    /** So few that each gets many versions. */
    private static final int HOT_KEYS = 3;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void shouldEqualModelInMemory(long seed) throws Exception {
        run(new MemoryBackend.Disk(), seed, 1200);
    }

    @ParameterizedTest
    @ValueSource(longs = {101, 102})
    void shouldEqualModelOnLmdb(long seed) throws Exception {
        run(tables -> LmdbBackend.open(directory, 1L << 30, tables), seed, 600);
    }

    @ParameterizedTest
    @ValueSource(longs = {201, 202, 203, 204})
    void shouldFollowLongChains(long seed) throws Exception {
        run(new Run(new MemoryBackend.Disk(), seed, HOT_KEYS, false), seed, 1000);
    }

    @ParameterizedTest
    @ValueSource(longs = {301, 302, 303, 304})
    void shouldGoOnWithAStoreOfFormatOne(long seed) throws Exception {
        run(new Run(new MemoryBackend.Disk(), seed, HOT_KEYS, true), seed, 1000);
    }

    @Test
    void shouldGoOnWithAStoreOfFormatOneOnLmdb() throws Exception {
        run(new Run(tables -> LmdbBackend.open(directory, 1L << 30, tables), 305, HOT_KEYS, true), 305, 500);
    }

    private static void run(Backend.Factory factory, long seed, int steps) throws Exception {
        run(new Run(factory, seed, 24, false), seed, steps);
    }

    private static void run(Run run, long seed, int steps) {
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
    }

    private static final class Run {
        final Random random;
        final Backend.Factory factory;
        final Model model = new Model();
        final boolean ofFormatOne;
        final int compactedBehind;
        final List<ByteString> keys = new ArrayList<>();
        final Leases leases = new Leases();
        final List<Event> events = new ArrayList<>();
        final Map<Long, KvHashes.Stored> hashes = new LinkedHashMap<>();
        final Map<Table, NavigableMap<ByteString, ByteString>> tables = new HashMap<>();

        MvccStore store;
        String last = "open";
        long index;
        long now;
        long finished = -1;

        /** @param old the store is made one of format 1 with each restart */
        Run(Backend.Factory factory, long seed, int keys, boolean old) {
            this.factory = factory;
            ofFormatOne = old;
            compactedBehind = keys == HOT_KEYS ? 300 : 10;
            random = new Random(seed);
            this.keys.addAll(HostileKeys.some(random, keys));
            for (long lease = 1; lease <= LEASES; lease++) {
                leases.keys.put(lease, new TreeMap<>(KeyRange.KEY_ORDER));
            }
            store = open();
        }

        private MvccStore open() {
            StoreOptions options = StoreOptions.of(factory)
                    .withFlush(1000, 20, random.nextBoolean() ? 20_000 : 1 << 20)
                    .withCompaction(1 + random.nextInt(8), 0);
            // So small that the few keys here make many chunks.
            KeyCounts.Sizes sizes = new KeyCounts.Sizes(
                    random.nextInt(2), 1 + random.nextInt(3), 3 + random.nextInt(3), random.nextInt(3), 1 << 20);
            MvccStore opened = MvccStore.open(options, sizes);
            Map<Long, NavigableMap<ByteString, Boolean>> before = new HashMap<>();
            leases.keys.forEach((lease, attached) -> before.put(lease, new TreeMap<>(attached)));
            leases.keys.values().forEach(Map::clear);
            opened.setLeases(leases);
            assertThat(leases.keys).as("leases attached at open").isEqualTo(before);
            opened.setListener((main, announced) -> {
                assertThat(opened.currentRevision()).isEqualTo(main);
                events.addAll(announced);
            });
            return opened;
        }

        void step() throws Exception {
            int what = random.nextInt(100);
            events.clear();
            int changes = model.history.size();
            if (what < 35) {
                put();
            } else if (what < 45) {
                delete();
            } else if (what < 60) {
                txn();
            } else if (what < 65) {
                deleteKeys();
            } else if (what < 70) {
                compact();
            } else if (what < 78) {
                last = "doWork";
                now += random.nextInt(1500);
                store.flusher().doWork(now);
            } else if (what < 79) {
                // What a flush begins with; whatever follows meets two generations.
                last = "freeze";
                store.state.overlay().freeze();
            } else if (what < 80) {
                last = "flush";
                finishFlush();
                store.flusher().flush();
                assertThat(store.flusher().durableIndex()).isEqualTo(index);
            } else if (what < 82) {
                reopen();
            } else if (what < 84) {
                last = "defragment";
                finishFlush();
                store.defragment();
            } else if (what < 88) {
                hash();
            } else {
                table();
            }
            checkEvents(changes);
            StoreCheck.check(store.state.backend(), ofFormatOne);
            KeyCountsTest.check(store.state);
            assertThat(store.currentRevision()).isEqualTo(model.current());
            assertThat(store.compactedRevision()).isEqualTo(model.compacted);
            assertThat(store.keys()).isEqualTo(model.at(model.current()).size());
            for (int i = 0; i < 3; i++) {
                range();
            }
            stream();
            log();
        }

        private void applied() {
            index++;
            store.applied(index, 7);
        }

        private ByteString key() {
            return keys.get(random.nextInt(keys.size()));
        }

        private ByteString value() {
            byte[] value = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(random.nextInt(20) == 0 ? 9000 : 40)];
            random.nextBytes(value);
            return ByteString.copyFrom(value);
        }

        private ByteString end(ByteString key) {
            return switch (random.nextInt(5)) {
                case 0 -> ByteString.copyFrom(new byte[] {0});
                case 1 -> key();
                case 2 -> key.concat(ByteString.copyFrom(new byte[] {(byte) random.nextInt(256)}));
                default -> ByteString.EMPTY;
            };
        }

        private PutRequest putRequest(ByteString key) {
            PutRequest.Builder put = PutRequest.newBuilder().setKey(key).setPrevKv(random.nextBoolean());
            if (random.nextInt(6) == 0) {
                put.setIgnoreValue(true);
            } else {
                put.setValue(value());
            }
            if (random.nextInt(6) == 0) {
                put.setIgnoreLease(true);
            } else if (random.nextInt(3) == 0) {
                // One more than there are: a lease that does not exist.
                put.setLease(1 + random.nextInt(LEASES + 1));
            }
            return put.build();
        }

        /** What the put keeps of its key must be there. */
        private KvException.@Nullable Reason keptRefusal(PutRequest put) {
            boolean missing = !model.at(model.current()).containsKey(put.getKey());
            return (put.getIgnoreValue() || put.getIgnoreLease()) && missing ? KvException.Reason.KEY_NOT_FOUND : null;
        }

        private KvException.@Nullable Reason leaseRefusal(PutRequest put) {
            return put.getLease() > LEASES ? KvException.Reason.LEASE_NOT_FOUND : null;
        }

        private KeyValue applyPut(PutRequest put) {
            KeyValue old = model.open().get(put.getKey());
            model.put(
                    put.getKey(),
                    put.getIgnoreValue() && old != null ? old.getValue() : put.getValue(),
                    put.getIgnoreLease() && old != null ? old.getLease() : put.getLease());
            return put.getPrevKv() && old != null ? old : KeyValue.getDefaultInstance();
        }

        private void put() throws KvException {
            PutRequest put = putRequest(key());
            last = "put " + put;
            // Alone, a put is refused for its lease first; in a transaction, for what it keeps.
            KvException.Reason refusal = leaseRefusal(put) != null ? leaseRefusal(put) : keptRefusal(put);
            if (refusal != null) {
                assertThatThrownBy(() -> store.put(put))
                        .isInstanceOfSatisfying(
                                KvException.class, e -> assertThat(e.reason()).isEqualTo(refusal));
            } else {
                KeyValue previous = applyPut(put);
                var response = store.put(put);
                assertThat(response.getHeader().getRevision()).isEqualTo(model.commit());
                assertThat(response.getPrevKv()).isEqualTo(previous);
            }
            applied();
        }

        private void delete() {
            ByteString key = key();
            DeleteRangeRequest delete = DeleteRangeRequest.newBuilder()
                    .setKey(key)
                    .setRangeEnd(end(key))
                    .setPrevKv(random.nextBoolean())
                    .build();
            last = "delete " + delete;
            List<KeyValue> gone = model.delete(KeyRange.of(delete.getKey(), delete.getRangeEnd()));
            var response = store.deleteRange(delete);
            assertThat(response.getHeader().getRevision()).isEqualTo(model.commit());
            assertThat(response.getDeleted()).isEqualTo(gone.size());
            assertThat(response.getPrevKvsList()).isEqualTo(delete.getPrevKv() ? gone : List.of());
            applied();
        }

        private void deleteKeys() {
            last = "deleteKeys";
            List<ByteString> wanted = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                wanted.add(key());
            }
            List<ByteString> sorted = new ArrayList<>(wanted);
            sorted.sort(KeyRange.KEY_ORDER);
            int gone = 0;
            for (ByteString key : sorted) {
                gone += model.delete(KeyRange.single(key)).size();
            }
            model.commit();
            assertThat(store.deleteKeys(wanted)).isEqualTo(gone);
            applied();
        }

        private void txn() throws KvException {
            TxnRequest.Builder txn = TxnRequest.newBuilder();
            ByteString compared = key();
            KeyValue old = model.at(model.current()).get(compared);
            boolean succeeds = true;
            if (random.nextBoolean()) {
                long version = random.nextInt(3);
                txn.addCompare(Compare.newBuilder()
                        .setKey(compared)
                        .setTarget(Compare.CompareTarget.VERSION)
                        .setResult(Compare.CompareResult.GREATER)
                        .setVersion(version));
                succeeds = (old == null ? 0 : old.getVersion()) > version;
            }
            List<PutRequest> puts = new ArrayList<>();
            List<ByteString> written = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                ByteString key = key();
                if (!written.contains(key)) {
                    written.add(key);
                    puts.add(putRequest(key));
                }
            }
            for (PutRequest put : puts) {
                RequestOp op = RequestOp.newBuilder().setRequestPut(put).build();
                RequestOp seen = RequestOp.newBuilder()
                        .setRequestRange(RangeRequest.newBuilder().setKey(put.getKey()))
                        .build();
                if (random.nextBoolean()) {
                    TxnRequest nested = TxnRequest.newBuilder()
                            .addSuccess(op)
                            .addSuccess(seen)
                            .build();
                    op = RequestOp.newBuilder().setRequestTxn(nested).build();
                } else {
                    txn.addFailure(seen);
                }
                txn.addSuccess(op);
            }
            TxnRequest request = txn.build();
            last = "txn " + request;
            KvException.Reason refusal = null;
            if (succeeds) {
                for (PutRequest put : puts) {
                    refusal = refusal == null ? leaseRefusal(put) : refusal;
                    refusal = refusal == null ? keptRefusal(put) : refusal;
                }
            }
            if (refusal != null) {
                KvException.Reason expected = refusal;
                assertThatThrownBy(() -> store.txn(request))
                        .isInstanceOfSatisfying(
                                KvException.class, e -> assertThat(e.reason()).isEqualTo(expected));
            } else {
                TxnResponse response = store.txn(request);
                assertThat(response.getSucceeded()).isEqualTo(succeeds);
                if (succeeds) {
                    for (int i = 0; i < puts.size(); i++) {
                        KeyValue previous = applyPut(puts.get(i));
                        var result = response.getResponses(i);
                        if (result.hasResponseTxn()) {
                            assertThat(result.getResponseTxn()
                                            .getResponses(0)
                                            .getResponsePut()
                                            .getPrevKv())
                                    .isEqualTo(previous);
                            assertThat(result.getResponseTxn()
                                            .getResponses(1)
                                            .getResponseRange()
                                            .getKvsList())
                                    .isEqualTo(
                                            List.of(model.open().get(puts.get(i).getKey())));
                        } else {
                            assertThat(result.getResponsePut().getPrevKv()).isEqualTo(previous);
                        }
                    }
                }
                assertThat(response.getHeader().getRevision()).isEqualTo(model.commit());
            }
            applied();
        }

        private void compact() throws KvException {
            long revision = random.nextInt(4) == 0
                    ? random.nextInt((int) model.current() + 3) - 1
                    : Math.max(model.compacted, model.current() - random.nextInt(compactedBehind));
            last = "compact " + revision;
            if (revision <= model.compacted || revision > model.current()) {
                KvException.Reason refusal =
                        revision <= model.compacted ? KvException.Reason.COMPACTED : KvException.Reason.FUTURE_REVISION;
                assertThatThrownBy(() -> store.scheduleCompaction(revision, null))
                        .isInstanceOfSatisfying(
                                KvException.class, e -> assertThat(e.reason()).isEqualTo(refusal));
            } else {
                int hash = model.hash(revision, model.compacted, true);
                hashes.put(revision, new KvHashes.Stored(revision, model.compacted, hash));
                while (hashes.size() > 10) {
                    hashes.remove(hashes.keySet().iterator().next());
                }
                store.scheduleCompaction(revision, () -> finished = Math.max(finished, revision));
                model.compacted = revision;
            }
            applied();
        }

        /** A flush that was left half-way is finished first. */
        private void finishFlush() {
            if (store.state.overlay().view().frozen() != null) {
                store.flusher().flush();
            }
        }

        private void reopen() {
            last = "reopen";
            finishFlush();
            assertThat(store.appliedState().index()).isLessThanOrEqualTo(index);
            store.confState(ByteString.copyFromUtf8("{" + index + "}"));
            applied();
            store.close();
            MvccStore old = store;
            assertThatThrownBy(() ->
                            old.range(RangeRequest.newBuilder().setKey(key()).build()))
                    .isInstanceOf(IllegalStateException.class);
            if (ofFormatOne) {
                FormatOne.rewrite(factory);
            }
            store = open();
            assertThat(store.appliedState())
                    .isEqualTo(new AppliedState(index, 7, ByteString.copyFromUtf8("{" + (index - 1) + "}")));
            hashes.clear();
            // The callback of an interrupted compaction went with the process.
            if (finished != model.compacted) {
                store.flusher().flush();
                for (int i = 0; i < 10_000; i++) {
                    now += 1000;
                    store.flusher().doWork(now);
                }
                finished = model.compacted;
            }
        }

        private void hash() throws KvException {
            last = "hash";
            finishFlush();
            long revision = Math.max(0, model.current() - random.nextInt(12)) * random.nextInt(2);
            KvHashes.Stored stored = hashes.get(revision);
            if (stored != null) {
                assertThat(store.hashKv(revision))
                        .isEqualTo(new HashKv(stored.hash(), stored.compacted(), revision, model.current()));
            } else if (revision > 0 && revision < model.compacted) {
                assertThatThrownBy(() -> store.hashKv(revision)).isInstanceOf(KvException.class);
            } else {
                long hashed = revision == 0 ? model.current() : revision;
                assertThat(store.hashKv(revision))
                        .isEqualTo(new HashKv(
                                model.hash(hashed, model.compacted, false), model.compacted, hashed, model.current()));
            }
        }

        private void table() {
            List<Table> all = List.of(Table.values());
            Table table = all.get(random.nextInt(all.size()));
            last = "table " + table;
            if (table == Table.META) {
                return;
            }
            NavigableMap<ByteString, ByteString> expected =
                    tables.computeIfAbsent(table, name -> new TreeMap<>(KeyRange.KEY_ORDER));
            ByteString key = key();
            if (random.nextInt(3) == 0) {
                store.delete(table, key);
                expected.remove(key);
            } else {
                ByteString value = value();
                store.put(table, key, value);
                expected.put(key, value);
            }
            ByteString other = key();
            assertThat(store.get(table, other)).isEqualTo(expected.get(other));
            Map<ByteString, ByteString> pairs = new LinkedHashMap<>();
            store.forEach(table, pairs::put);
            assertThat(new ArrayList<>(pairs.entrySet())).isEqualTo(new ArrayList<>(expected.entrySet()));
            applied();
        }

        private void checkEvents(int from) {
            List<Event> expected = new ArrayList<>();
            for (Model.Change change : model.history.subList(from, model.history.size())) {
                expected.add(event(change));
            }
            assertThat(events).isEqualTo(expected);
        }

        private static Event event(Model.Change change) {
            ByteString shown = change.encoded();
            if (change.tombstone()) {
                shown = KeyValue.newBuilder()
                        .setKey(change.key())
                        .setModRevision(change.revision().main())
                        .build()
                        .toByteString();
            }
            return new Event(change.tombstone(), change.key(), change.revision(), shown, change.previous());
        }

        private void range() throws KvException {
            ByteString key = key();
            RangeRequest.Builder range = RangeRequest.newBuilder()
                    .setKey(key)
                    .setRangeEnd(end(key))
                    .setLimit(random.nextInt(8) - 1)
                    .setSortOrderValue(random.nextInt(3))
                    .setSortTargetValue(random.nextInt(5))
                    .setKeysOnly(random.nextInt(3) == 0)
                    .setCountOnly(random.nextInt(6) == 0);
            if (random.nextBoolean()) {
                range.setRevision(
                        random.nextInt(10) == 0
                                ? random.nextInt((int) model.current() + 3) - 1
                                : Math.max(1, model.current() - random.nextInt(20)));
            }
            if (random.nextInt(3) == 0) {
                long middle = Math.max(1, model.current() - random.nextInt(50));
                switch (random.nextInt(4)) {
                    case 0 -> range.setMinModRevision(middle);
                    case 1 -> range.setMaxModRevision(middle);
                    case 2 -> range.setMinCreateRevision(middle);
                    default -> range.setMaxCreateRevision(middle);
                }
            }
            RangeRequest request = range.build();
            String before = last;
            last = before + "\nrange " + request;
            long revision = request.getRevision() <= 0 ? model.current() : request.getRevision();
            if (revision > model.current() || (request.getRevision() > 0 && revision < model.compacted)) {
                KvException.Reason refusal =
                        revision > model.current() ? KvException.Reason.FUTURE_REVISION : KvException.Reason.COMPACTED;
                assertThatThrownBy(() -> store.range(request))
                        .isInstanceOfSatisfying(
                                KvException.class, e -> assertThat(e.reason()).isEqualTo(refusal));
            } else {
                assertThat(store.range(request)).isEqualTo(model.range(request, model.at(revision), model.current()));
            }
            last = before;
        }

        private void stream() throws KvException {
            ByteString key = key();
            RangeRequest request = RangeRequest.newBuilder()
                    .setKey(key)
                    .setRangeEnd(end(key))
                    .setLimit(random.nextInt(6))
                    .setKeysOnly(random.nextBoolean())
                    .build();
            RangeResult expected = model.range(request, model.at(model.current()), model.current());
            RangeReader reader = store.rangeStream(request, random.nextInt(100));
            List<ByteString> read = new ArrayList<>();
            while (reader.hasNext()) {
                read.addAll(WholeRange.keyValues(reader.next(1 + random.nextInt(4))));
            }
            assertThat(new RangeResult(reader.revision(), reader.count(), reader.more(), read))
                    .isEqualTo(expected);
        }

        private void log() throws KvException {
            long from = Math.max(0, model.current() - random.nextInt(40));
            int max = 1 + random.nextInt(10);
            List<Event> read = new ArrayList<>();
            if (from < model.compacted) {
                assertThatThrownBy(() -> store.read(from, max, 1 << 20, read::add))
                        .isInstanceOf(KvException.class);
                return;
            }
            long next = from;
            while (next <= model.current()) {
                next = store.read(next, max, 1 + random.nextInt(500), read::add);
            }
            assertThat(next).isEqualTo(model.current() + 1);
            List<Event> expected = new ArrayList<>();
            for (Model.Change change : model.history) {
                boolean gone =
                        change.revision().main() == model.compacted && store.keyValueAt(change.revision()) == null;
                if (change.revision().main() >= from && !gone) {
                    expected.add(event(change));
                }
                if (change.revision().main() > model.compacted) {
                    assertThat(store.keyValueAt(change.revision())).isEqualTo(change.encoded());
                }
            }
            assertThat(read).isEqualTo(expected);
        }
    }

    /** Leases 1 to {@link #LEASES} exist for ever; remembers what hangs on them. */
    private static final class Leases implements LeaseAttachments {
        final Map<Long, NavigableMap<ByteString, Boolean>> keys = new HashMap<>();

        private NavigableMap<ByteString, Boolean> of(long lease) {
            return Objects.requireNonNull(keys.get(lease));
        }

        @Override
        public boolean exists(long lease) {
            return keys.containsKey(lease);
        }

        @Override
        public void attach(long lease, ByteString key) {
            of(lease).put(key, true);
        }

        @Override
        public void detach(long lease, ByteString key) {
            assertThat(of(lease).remove(key)).isTrue();
        }
    }
}
