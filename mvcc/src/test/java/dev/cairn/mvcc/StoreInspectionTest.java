package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Goal: what is wrong with a store is told, with its place, and of a sound one nothing. Method: single records changed, with sound checksums. */
class StoreInspectionTest {
    private static final int WRITES = 300;
    private static final long LEASE = 77;

    @TempDir
    Path directory;

    @BeforeEach
    void fill() throws Exception {
        try (MvccStore store = MvccStore.open(StoreOptions.lmdb(directory, 0))) {
            store.setLeases(LeaseAttachments.forgetful(lease -> true));
            store.put(Table.LEASE, ByteString.copyFrom(Layout.longBytes(LEASE)), ByteString.copyFromUtf8("lease"));
            fill(store, new Random(5));
        }
    }

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8("key/" + number + (number % 5 == 0 ? "-".repeat(number * 60) : ""));
    }

    private static void fill(MvccStore store, Random random) throws KvException {
        for (int i = 1; i <= WRITES; i++) {
            // Some keys have many versions, so that there are milestones.
            ByteString key = key(random.nextInt(random.nextBoolean() ? 3 : 30));
            if (random.nextInt(6) == 0) {
                store.deleteRange(DeleteRangeRequest.newBuilder().setKey(key).build());
            } else {
                store.put(PutRequest.newBuilder()
                        .setKey(key)
                        .setLease(i % 9 == 0 ? LEASE : 0)
                        .setValue(ByteString.copyFromUtf8("value " + i))
                        .build());
            }
            if (i == WRITES / 2) {
                store.scheduleCompaction(store.currentRevision() - 20, null);
            }
            store.applied(i, 1);
            if (random.nextInt(7) == 0) {
                store.flusher().flush();
            }
        }
        store.hash();
    }

    private List<String> problems() {
        List<String> found = new ArrayList<>();
        StoreInspection.Result result =
                StoreInspection.run(StoreOptions.lmdb(directory, 0), new StoreInspection.Listener() {
                    @Override
                    public void problem(String what) {
                        found.add(what);
                    }

                    @Override
                    public void at(String table, long done, long all) {
                        assertThat(done).isLessThanOrEqualTo(all);
                    }
                });
        assertThat(result.problems()).isEqualTo(found.size());
        assertThat(result.applied().index()).isEqualTo(WRITES);
        return found;
    }

    private interface Change {
        void in(WriteTxn txn);
    }

    private void change(boolean withChecksum, Change change) {
        Backend stored = LmdbBackend.open(directory, 1L << 30, Layout.TABLES);
        try (Backend backend = withChecksum
                        ? new ChecksummedBackend(stored, Layout.TABLES, new StoreFailure(cause -> {}))
                        : stored;
                WriteTxn txn = backend.write()) {
            change.in(txn);
            txn.commit();
        }
    }

    /** The key and value of the record in the middle of a table. */
    private static byte[][] middle(ReadTxn txn, TableRef table) {
        try (Cursor cursor = txn.cursor(table)) {
            cursor.first();
            for (long i = txn.entries(table) / 2; i > 0; i--) {
                cursor.next();
            }
            return new byte[][] {bytes(cursor.key()), bytes(cursor.value())};
        }
    }

    private static byte[] bytes(ByteBuffer from) {
        byte[] copy = new byte[from.remaining()];
        from.get(copy);
        return copy;
    }

    @Test
    void shouldFindNothingWrongWithASoundStore() {
        assertThat(problems()).isEmpty();
        // Nor has the look changed anything.
        assertThat(problems()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"rev", "idx", "hist", "long", "meta", "lease"})
    void shouldTellOfEveryRecordThatDoesNotMatchItsChecksum(String name) {
        TableRef table = Layout.TABLES.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        // What the store reads of itself when it is opened must be sound for that.
        ByteString spared = ByteString.copyFromUtf8("consistent_index");
        change(false, txn -> {
            byte[][] record = middle(txn, table);
            if (name.equals("meta")) {
                record[0] = "confState".getBytes(java.nio.charset.StandardCharsets.UTF_8);
                record[1] = new byte[] {1, 2, 3, 4, 5};
            }
            record[1][record[1].length - 1] ^= 1;
            assertThat(record[0]).isNotEqualTo(spared.toByteArray());
            txn.put(table, record[0], record[1]);
        });
        if (name.equals("meta")) {
            assertThatThrownBy(this::problems)
                    .isInstanceOf(DamagedStoreException.class)
                    .hasMessageContaining("table meta");
            return;
        }
        assertThat(problems())
                .singleElement()
                .asString()
                .contains("table " + name + " with key")
                .contains("does not match its checksum");
    }

    @Test
    void shouldTellOfSeveralDamagedRecords() {
        change(false, txn -> {
            try (Cursor cursor = txn.cursor(Layout.HIST)) {
                List<byte[]> keys = new ArrayList<>();
                for (boolean found = cursor.first(); found && keys.size() < 3; found = cursor.next()) {
                    keys.add(bytes(cursor.key()));
                }
                keys.forEach(key -> txn.put(Layout.HIST, key, new byte[] {0, 1, 2, 3, 4}));
            }
        });
        assertThat(problems()).hasSize(3).allMatch(what -> what.contains("does not match its checksum"));
    }

    @Test
    void shouldMissRevisions() {
        change(true, txn -> txn.delete(Layout.REV, middle(txn, Layout.REV)[0]));
        assertThat(problems()).singleElement().asString().contains("is not in table rev");
    }

    @Test
    void shouldMissKeys() {
        change(true, txn -> txn.delete(Layout.IDX, middle(txn, Layout.IDX)[0]));
        assertThat(problems()).isNotEmpty().anyMatch(what -> what.contains("the key is not in table idx"));
    }

    @Test
    void shouldMissSupersededVersions() {
        change(true, txn -> txn.delete(Layout.HIST, middle(txn, Layout.HIST)[0]));
        assertThat(problems()).singleElement().asString().contains("superseded, but not in table hist");
    }

    @Test
    void shouldNoticeAChainThatGoesElsewhere() {
        change(true, txn -> {
            byte[][] record = chained(txn);
            ByteBuffer value = ByteBuffer.wrap(record[1]);
            // Over one version, and to another of the same key.
            Revision previous = Objects.requireNonNull(RevisionRecord.previousOf(value));
            ByteBuffer before = Objects.requireNonNull(txn.get(Layout.REV, Layout.revisionKey(previous)));
            Layout.putRevision(
                    value.position(1 + Layout.REVISION_BYTES),
                    Objects.requireNonNull(RevisionRecord.previousOf(before)));
            txn.put(Layout.REV, record[0], record[1]);
        });
        assertThat(problems()).singleElement().asString().contains("another kind of change");
    }

    @Test
    void shouldNoticeVersionsThatNobodyNames() {
        change(true, txn -> {
            byte[][] record = chained(txn);
            // A version that follows none: as if the key had begun here.
            ByteBuffer value = ByteBuffer.wrap(record[1]);
            byte[] without = new byte[record[1].length - Layout.REVISION_BYTES];
            without[0] = (byte) (record[1][0] & ~RevisionRecord.FLAG_PREVIOUS);
            value.get(1, without, 1, Layout.REVISION_BYTES);
            int rest = 1 + 2 * Layout.REVISION_BYTES;
            value.get(rest, without, 1 + Layout.REVISION_BYTES, value.capacity() - rest);
            txn.put(Layout.REV, record[0], without);
        });
        assertThat(problems()).singleElement().asString().contains("keys and newer versions name");
    }

    /** The last record whose predecessor, and that one's, are still there. */
    private static byte[][] chained(ReadTxn txn) {
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            for (boolean found = cursor.last(); found; found = cursor.previous()) {
                Revision previous = RevisionRecord.previousOf(cursor.value());
                ByteBuffer before = previous == null ? null : txn.get(Layout.REV, Layout.revisionKey(previous));
                Revision first = before == null ? null : RevisionRecord.previousOf(before);
                if (first != null
                        && txn.get(Layout.REV, Layout.revisionKey(first)) != null
                        && !RevisionRecord.isPreviousTombstone(cursor.value())
                        && !RevisionRecord.isTombstone(cursor.value())) {
                    return new byte[][] {bytes(cursor.key()), bytes(cursor.value())};
                }
            }
        }
        throw new AssertionError("no chain");
    }

    @Test
    void shouldCountTheKeys() {
        change(true, txn -> txn.put(Layout.STORE, Layout.STORE_KEYS, Layout.longBytes(5)));
        assertThat(problems()).singleElement().asString().contains("but the store counts 5");
    }

    @Test
    void shouldNoticeRecordsOfOtherKeys() {
        change(true, txn -> {
            byte[][] one = middle(txn, Layout.REV);
            try (Cursor cursor = txn.cursor(Layout.REV)) {
                cursor.first();
                byte[] other = bytes(cursor.value());
                txn.put(Layout.REV, one[0], other);
            }
        });
        assertThat(problems()).isNotEmpty().anyMatch(what -> what.startsWith("table rev, revision "));
    }

    @Test
    void shouldMissLeasesOnWhichKeysHang() {
        change(true, txn -> txn.delete(Layout.bucket(Table.LEASE), Layout.longBytes(LEASE)));
        assertThat(problems()).isNotEmpty().allMatch(what -> what.contains("hangs on lease 4d"));
    }

    @Test
    void shouldNoticeCompactionsThatNobodyAskedFor() {
        change(
                true,
                txn -> SmallTables.write(
                        txn,
                        SmallTables.stored(Table.META),
                        Layout.META_FINISHED_COMPACTION,
                        Layout.compaction(WRITES)));
        assertThat(problems()).singleElement().asString().contains("was finished, but only");
    }

    @Test
    void shouldMissTheNodesOfLongKeys() {
        change(true, txn -> {
            try (Cursor cursor = txn.cursor(Layout.LONG)) {
                List<byte[]> keys = new ArrayList<>();
                cursor.last();
                long node = cursor.key().getLong(0);
                for (boolean found = true; found && cursor.key().getLong(0) == node; found = cursor.previous()) {
                    keys.add(bytes(cursor.key()));
                }
                keys.forEach(key -> txn.delete(Layout.LONG, key));
            }
        });
        assertThat(problems()).isNotEmpty().anyMatch(what -> what.contains("is empty"));
    }

    @Test
    void shouldRefuseTheFormatOfAnotherRelease() {
        change(true, txn -> txn.put(Layout.STORE, Layout.STORE_FORMAT, Layout.longBytes(9)));
        assertThatThrownBy(this::problems).isInstanceOf(BackendException.class).hasMessageContaining("format 9");
    }
}
