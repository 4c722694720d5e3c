package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: a store with a damaged record answers what was written or says that it is damaged. Method: the answers to every kind of
 * question are taken from a sound store; then one byte is changed, at a seeded place, and everything is asked again.
 */
@Timeout(60)
class DamagedStoreTest {
    private static final ByteString ALL = ByteString.copyFrom(new byte[] {0});
    private static final int KEYS = 12;
    private static final int WRITES = 60;
    private static final int COMPACTED = 20;
    private static final int VALUE_FLIPS = 1_500;
    private static final int KEY_FLIPS = 300;

    @TempDir
    Path directory;

    /** Keys that can be found in a file: no other bytes look like them. */
    private static ByteString key(int number) {
        String tail = number % 4 == 0 ? "-".repeat(475) + number : "";
        return ByteString.copyFromUtf8("the/key/" + (char) ('a' + number) + "/" + tail);
    }

    private static void fill(MvccStore store, Random random) throws KvException {
        for (int i = 1; i <= WRITES; i++) {
            // One key has many versions, so that there are milestones.
            ByteString key = key(random.nextBoolean() ? 0 : random.nextInt(KEYS));
            if (random.nextInt(5) == 0) {
                store.deleteRange(DeleteRangeRequest.newBuilder().setKey(key).build());
            } else {
                store.put(PutRequest.newBuilder()
                        .setKey(key)
                        .setValue(ByteString.copyFromUtf8("the value " + i + ".".repeat(random.nextInt(40))))
                        .build());
            }
            if (i == 40) {
                store.scheduleCompaction(COMPACTED, null);
            }
            store.put(Table.CLUSTER, key, ByteString.copyFromUtf8("cluster " + i));
            store.confState(ByteString.copyFromUtf8("{}"));
            store.applied(i, 1);
            if (random.nextInt(7) == 0) {
                store.flusher().flush();
            }
        }
        store.hash();
    }

    /** Every kind of question, by name. */
    private static Map<String, Callable<Object>> questions(MvccStore store, long current) {
        Map<String, Callable<Object>> questions = new LinkedHashMap<>();
        for (int i = 0; i < KEYS; i++) {
            RangeRequest one = RangeRequest.newBuilder().setKey(key(i)).build();
            questions.put("key " + i, () -> store.range(one));
            questions.put(
                    "count of key " + i,
                    () -> store.range(one.toBuilder().setCountOnly(true).build()));
            ByteString small = key(i);
            questions.put("cluster " + i, () -> Optional.ofNullable(store.get(Table.CLUSTER, small)));
            RangeRequest from =
                    RangeRequest.newBuilder().setKey(key(i)).setRangeEnd(ALL).build();
            questions.put("from key " + i, () -> store.range(from));
        }
        for (long revision = COMPACTED; revision <= current; revision++) {
            RangeRequest old = RangeRequest.newBuilder()
                    .setKey(ALL)
                    .setRangeEnd(ALL)
                    .setRevision(revision)
                    .build();
            questions.put("all at " + revision, () -> store.range(old));
            long hashed = revision;
            questions.put("value at " + revision, () -> Optional.ofNullable(store.keyValueAt(new Revision(hashed, 0))));
        }
        RangeRequest all =
                RangeRequest.newBuilder().setKey(ALL).setRangeEnd(ALL).build();
        questions.put(
                "count", () -> store.range(all.toBuilder().setCountOnly(true).build()));
        questions.put(
                "keys", () -> store.range(all.toBuilder().setKeysOnly(true).build()));
        questions.put("history", () -> {
            List<Event> events = new ArrayList<>();
            store.read(COMPACTED, Integer.MAX_VALUE, Long.MAX_VALUE, events::add);
            return events;
        });
        for (Table table : Table.values()) {
            questions.put("table " + table, () -> {
                Map<ByteString, ByteString> pairs = new LinkedHashMap<>();
                store.forEach(table, pairs::put);
                return pairs;
            });
        }
        questions.put("hash", store::hash);
        questions.put("hash of keys", () -> store.hashKv(0));
        return questions;
    }

    private static Map<String, Object> answers(MvccStore store) throws Exception {
        Map<String, Object> answers = new LinkedHashMap<>();
        for (Map.Entry<String, Callable<Object>> question :
                questions(store, store.currentRevision()).entrySet()) {
            answers.put(question.getKey(), question.getValue().call());
        }
        return answers;
    }

    /** Asks everything; answers how often damage was reported. */
    private static int compare(Backend.Factory backend, Map<String, Object> expected, long current, String damage)
            throws Exception {
        List<Throwable> reported = new ArrayList<>();
        int refusals = 0;
        try (MvccStore store = MvccStore.open(StoreOptions.of(backend).onFailure(reported::add))) {
            assertThat(store.currentRevision()).as(damage).isEqualTo(current);
            for (Map.Entry<String, Callable<Object>> question :
                    questions(store, current).entrySet()) {
                try {
                    assertThat(question.getValue().call())
                            .as("%s, answer to: %s", damage, question.getKey())
                            .isEqualTo(expected.get(question.getKey()));
                } catch (DamagedStoreException e) {
                    refusals++;
                } catch (StoreFailedException e) {
                    assertThat(e.getCause()).as(damage).isInstanceOf(DamagedStoreException.class);
                    refusals++;
                }
            }
            if (refusals > 0) {
                assertThatThrownBy(() ->
                                store.put(PutRequest.newBuilder().setKey(ALL).build()))
                        .as(damage)
                        .isInstanceOf(StoreFailedException.class);
            }
        } catch (DamagedStoreException e) {
            refusals++;
        }
        assertThat(reported).as(damage).hasSize(refusals > 0 ? 1 : 0);
        return refusals;
    }

    private record Stored(TableRef table, byte[] key, byte[] value) {}

    private static List<Stored> records(Backend backend) {
        List<Stored> records = new ArrayList<>();
        try (var txn = backend.read()) {
            for (TableRef table : Layout.TABLES) {
                try (Cursor cursor = txn.cursor(table)) {
                    for (boolean found = cursor.first(); found; found = cursor.next()) {
                        byte[] key = new byte[cursor.key().remaining()];
                        cursor.key().get(key);
                        byte[] value = new byte[cursor.value().remaining()];
                        cursor.value().get(value);
                        records.add(new Stored(table, key, value));
                    }
                }
            }
        }
        return records;
    }

    private static void write(Backend backend, TableRef table, byte[] key, byte[] value) {
        try (WriteTxn txn = backend.write()) {
            txn.put(table, key, value);
            txn.commit();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shouldRefuseEveryChangedValue(long seed) throws Exception {
        Random random = new Random(seed);
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        Map<String, Object> expected;
        long current;
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            fill(store, random);
            expected = answers(store);
            current = store.currentRevision();
        }
        assertThat(compare(disk, expected, current, "no damage")).isZero();
        try (Backend raw = disk.open(Layout.TABLES)) {
            List<Stored> records = records(raw);
            for (int i = 0; i < VALUE_FLIPS; i++) {
                Stored sound = records.get(i % records.size());
                if (sound.table().equals(Layout.STORE) && !Arrays.equals(sound.key(), Layout.STORE_FORMAT)) {
                    // The number of keys is read at open.
                    continue;
                }
                byte[] damaged = sound.value().clone();
                int at = random.nextInt(damaged.length);
                damaged[at] ^= (byte) (1 + random.nextInt(255));
                write(raw, sound.table(), sound.key(), damaged);
                String damage = "seed " + seed + ", byte " + at + " of record " + i % records.size() + " in "
                        + sound.table().name();
                assertThat(compare(disk, expected, current, damage))
                        .as("%s is met by some question", damage)
                        .isPositive();
                write(raw, sound.table(), sound.key(), sound.value());
            }
        }
    }

    /** In the file, since there a changed key stays in its place, where it leads searches astray. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shouldNotLoseAKeyThatWasChangedInItsPlace(long seed) throws Exception {
        Random random = new Random(seed);
        Backend.Factory sound = tables -> LmdbBackend.open(directory.resolve("sound"), 1 << 24, tables);
        Map<String, Object> expected;
        long current;
        try (MvccStore store = MvccStore.open(StoreOptions.of(sound))) {
            fill(store, random);
            expected = answers(store);
            current = store.currentRevision();
        }
        byte[] file = Files.readAllBytes(directory.resolve("sound/data.mdb"));
        List<Integer> places = places(file, "the/key/");
        int refused = 0;
        for (int i = 0; i < KEY_FLIPS; i++) {
            int at = places.get(random.nextInt(places.size())) + random.nextInt("the/key/x/".length());
            byte before = file[at];
            file[at] ^= (byte) (1 + random.nextInt(255));
            Path trial = Files.createDirectories(directory.resolve("trial"));
            Files.write(trial.resolve("data.mdb"), file);
            String damage = "seed " + seed + ", byte " + at + " from " + before + " to " + file[at];
            refused +=
                    compare(tables -> LmdbBackend.open(trial, 1 << 24, tables), expected, current, damage) > 0 ? 1 : 0;
            file[at] = before;
        }
        // The other places are in pages of the past.
        assertThat(refused).as("seed %s, refusals of %s", seed, KEY_FLIPS).isGreaterThan(KEY_FLIPS / 20);
    }

    private static List<Integer> places(byte[] file, String text) {
        // One character for each byte.
        String all = new String(file, StandardCharsets.ISO_8859_1);
        List<Integer> places = new ArrayList<>();
        for (int at = all.indexOf(text); at >= 0; at = all.indexOf(text, at + 1)) {
            places.add(at);
        }
        return places;
    }

    @Test
    void shouldRefuseLostKeysWhenLeasesAreAttached() throws Exception {
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            fill(store, new Random(3));
        }
        try (Backend raw = disk.open(Layout.TABLES)) {
            // A whole record is gone, as when the page above forgets it.
            Stored live = records(raw).stream()
                    .filter(stored ->
                            stored.table().equals(Layout.IDX) && !KeyState.isTombstone(ByteBuffer.wrap(stored.value())))
                    .filter(stored -> stored.key().length < KeyTable.CHUNK_BYTES)
                    .findFirst()
                    .orElseThrow();
            try (WriteTxn txn = raw.write()) {
                txn.delete(Layout.IDX, live.key());
                txn.commit();
            }
        }
        List<Throwable> reported = new ArrayList<>();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk).onFailure(reported::add))) {
            LeaseAttachments none = LeaseAttachments.forgetful(lease -> false);
            assertThatThrownBy(() -> store.setLeases(none)).isInstanceOf(DamagedStoreException.class);
            assertThat(reported).hasSize(1);
        }
    }

    /** A sound record of revision 2 that says it is of the key with this id. */
    private static Version secondRevision(long id, ByteString key, ByteString value) {
        ByteString keyValue = KeyValues.encode(key, 2, 2, 1, value, 0);
        KeyState state = new KeyState(new Revision(id, 0), new Revision(2, 0), 1, false, 2, 1, 0, keyValue.size());
        return new Version(key, state, keyValue, null, false, null);
    }

    @Test
    void shouldRefuseAMissingOrForeignRevision() throws Exception {
        for (boolean foreign : new boolean[] {false, true}) {
            MemoryBackend.Disk disk = new MemoryBackend.Disk();
            try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
                for (int i = 0; i < 3; i++) {
                    store.put(PutRequest.newBuilder().setKey(key(i)).build());
                    store.applied(i + 1, 1);
                }
            }
            List<Throwable> reported = new ArrayList<>();
            try (Backend raw = disk.open(Layout.TABLES);
                    Backend sealing = new ChecksummedBackend(raw, Layout.TABLES, new StoreFailure(failure -> {}))) {
                try (WriteTxn txn = sealing.write()) {
                    txn.delete(Layout.REV, Layout.revisionKey(2, 0));
                    if (foreign) {
                        Version other = secondRevision(1, key(1), ByteString.EMPTY);
                        RevisionRecord.encode(
                                other, txn.reserve(Layout.REV, Layout.revisionKey(2, 0), RevisionRecord.bytes(other)));
                    }
                    txn.commit();
                }
            }
            try (MvccStore store = MvccStore.open(StoreOptions.of(disk).onFailure(reported::add))) {
                RangeRequest one = RangeRequest.newBuilder().setKey(key(0)).build();
                assertThatThrownBy(() -> store.range(one))
                        .as("foreign: %s", foreign)
                        .isInstanceOf(DamagedStoreException.class);
                assertThat(reported).hasSize(1);
                assertThatThrownBy(() -> readLater(store))
                        .as("foreign: %s", foreign)
                        .isInstanceOf(DamagedStoreException.class);
            }
        }
    }

    /** Reads all keys as an answer does that keeps nothing; how many there are. */
    private static int readLater(MvccStore store) throws KvException {
        RangeRequest all = RangeRequest.newBuilder()
                .setKey(ByteString.copyFrom(new byte[1]))
                .setRangeEnd(ByteString.copyFrom(new byte[1]))
                .build();
        RangeResult result = store.range(all, 0);
        assertThat(result.keyValues()).isEmpty();
        return WholeRange.keyValues(result).size();
    }

    @Test
    void shouldNotSendMoreOrLessThanWasAnnounced() throws Exception {
        for (int bytes : new int[] {0, 99, 100, 101}) {
            MemoryBackend.Disk disk = new MemoryBackend.Disk();
            try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
                for (int i = 0; i < 3; i++) {
                    store.put(PutRequest.newBuilder()
                            .setKey(key(i))
                            .setValue(ByteString.copyFrom(new byte[100]))
                            .build());
                    store.applied(i + 1, 1);
                }
            }
            try (Backend raw = disk.open(Layout.TABLES);
                    Backend sealing = new ChecksummedBackend(raw, Layout.TABLES, new StoreFailure(failure -> {}));
                    WriteTxn txn = sealing.write()) {
                Version other = secondRevision(2, key(0), ByteString.copyFrom(new byte[bytes]));
                RevisionRecord.encode(
                        other, txn.reserve(Layout.REV, Layout.revisionKey(2, 0), RevisionRecord.bytes(other)));
                txn.commit();
            }
            try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
                if (bytes == 100) {
                    assertThat(readLater(store)).isEqualTo(3);
                } else {
                    assertThatThrownBy(() -> readLater(store)).isInstanceOf(DamagedStoreException.class);
                }
            }
        }
    }

    /** A walk that went further than to the next milestone would meet what is missing. */
    @Test
    void shouldFindAnOldVersionFromTheMilestoneBehindIt() throws Exception {
        int kept = 2 * Layout.STEPS;
        int versions = 5 * Layout.STEPS;
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            for (int version = 1; version <= versions; version++) {
                store.put(PutRequest.newBuilder().setKey(key(1)).build());
                store.applied(version, 1);
            }
        }
        try (Backend raw = disk.open(Layout.TABLES);
                WriteTxn txn = raw.write()) {
            for (int version = kept + 1; version < versions; version++) {
                assertThat(txn.delete(Layout.REV, Layout.revisionKey(version + 1, 0)))
                        .isTrue();
            }
            txn.commit();
        }
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            RangeRequest.Builder old = RangeRequest.newBuilder().setKey(key(1));
            for (int version = 1; version < kept; version++) {
                RangeResult result = store.range(old.setRevision(version + 1).build());
                assertThat(KeyValues.decode(result.keyValues().get(0)).getVersion())
                        .isEqualTo(version);
            }
            RangeRequest behind = old.setRevision(kept + 2).build();
            assertThatThrownBy(() -> store.range(behind)).isInstanceOf(DamagedStoreException.class);
        }
    }

    @Test
    void shouldSayTheFormatBeforeAnOlderReleaseCouldMisread() throws Exception {
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            store.put(PutRequest.newBuilder().setKey(key(1)).build());
            store.applied(1, 1);
        }
        FormatOne.rewrite(disk);
        MvccStore.open(StoreOptions.of(disk)).close();
        assertThat(FormatOne.formatOf(disk)).as("nothing was written").isEqualTo(1);
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            store.put(PutRequest.newBuilder().setKey(key(1)).build());
            store.applied(2, 1);
        }
        assertThat(FormatOne.formatOf(disk)).isEqualTo(2);
    }

    @Test
    void shouldRefuseAStoreWithoutFormatOrOfANewerOne() throws Exception {
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk))) {
            store.put(PutRequest.newBuilder().setKey(key(1)).build());
            store.applied(1, 1);
        }
        try (Backend raw = disk.open(Layout.TABLES);
                Backend sealing = new ChecksummedBackend(raw, Layout.TABLES, new StoreFailure(failure -> {}))) {
            write(sealing, Layout.STORE, Layout.STORE_FORMAT, Layout.longBytes(Layout.FORMAT + 1));
        }
        assertThatThrownBy(() -> MvccStore.open(StoreOptions.of(disk)))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("newer version");
        try (Backend raw = disk.open(Layout.TABLES);
                WriteTxn txn = raw.write()) {
            txn.delete(Layout.STORE, Layout.STORE_FORMAT);
            txn.commit();
        }
        assertThatThrownBy(() -> MvccStore.open(StoreOptions.of(disk))).isInstanceOf(DamagedStoreException.class);
    }
}
