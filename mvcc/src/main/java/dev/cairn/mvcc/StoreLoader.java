package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Fills an empty backend with what etcd's buckets hold: revisions in ascending order, pairs of the small tables in any. Confined to one
 * thread.
 *
 * <p>What etcd keeps in memory and computes at each start, an index of the keys, is written here once ({@code idx}, {@code hist}, see
 * {@link Layout}). The order of the revisions tells which version follows which; creation, version and lease of a key are what its newest
 * key-value says.
 *
 * <p><b>Trust.</b> Nothing in the content is believed: what cannot be from a store is refused with bucket and key
 * ({@link InvalidContentException}). The loader is of no use then.
 *
 * <p><b>Bounds.</b> In memory are one batch of revisions ({@link #BATCH_BYTES_MAX} or one larger record), and the newest versions of keys that
 * were not written yet ({@link #KEYS_BYTES_MAX}). Keys come in any order, and each batch of them touches pages all over the table: so they
 * are gathered for longer, and looked up and written in the order of the table.
 *
 * <p><b>Crash.</b> Nothing is durable before {@link #finish} returns; what a crash before leaves behind is to be removed.
 */
public final class StoreLoader implements AutoCloseable {
    private static final long BATCH_BYTES_MAX = 16L << 20;
    private static final int BATCH_REVISIONS_MAX = 50_000;

    private static final long KEYS_BYTES_MAX =
            Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 8);

    /** What a revision costs in memory beside its bytes. An estimate on the safe side, as the following. */
    private static final int REVISION_OVERHEAD_BYTES = 300;

    private static final int KEY_OVERHEAD_BYTES = 250;
    private static final int SUPERSEDED_BYTES = 64;

    private final Backend backend;

    private final List<LoadedRevision> batch = new ArrayList<>();
    private final List<Row> pairs = new ArrayList<>();
    private long batchBytes;

    /** What is still to be written to {@code idx} and {@code hist}. */
    private final Map<ByteString, Slot> slots = new HashMap<>();

    private final List<byte[]> superseded = new ArrayList<>();
    private long slotBytes;
    private boolean hasWrittenKeys;
    private Revision last = new Revision(-1, 0);
    private long revisions;
    private long keys;
    private boolean closed;

    /** The last mark of a revision at which nothing was written, and the first one, which is the id of all. */
    private @Nullable KeyState mark;

    private record Row(Table table, ByteString key, ByteString value) {}

    /** A key that has changed since keys were written: its newest version. */
    private static final class Slot {
        static final Comparator<Slot> BY_KEY = (x, y) -> KeyRange.KEY_ORDER.compare(x.key, y.key);

        final ByteString key;

        @Nullable
        KeyState newest;

        Slot(ByteString key) {
            this.key = key;
        }
    }

    private StoreLoader(Backend backend) {
        this.backend = backend;
    }

    /**
     * Begins with an empty store.
     *
     * @param options where it will lie; nothing else of them is used
     * @throws IllegalStateException when there is something already
     * @throws BackendException when the storage cannot be opened
     */
    public static StoreLoader open(StoreOptions options) {
        StoreFailure failure = new StoreFailure(cause -> {});
        Backend backend =
                ChecksummedBackend.forLoading(options.backend().openForLoading(Layout.TABLES), Layout.TABLES, failure);
        try {
            checkEmpty(backend);
            return new StoreLoader(backend);
        } catch (RuntimeException e) {
            backend.close();
            throw e;
        }
    }

    private static void checkEmpty(Backend backend) {
        try (ReadTxn txn = backend.read()) {
            for (TableRef table : Layout.TABLES) {
                if (txn.entries(table) > 0) {
                    throw new IllegalStateException("table " + table.name() + " is not empty");
                }
            }
        }
    }

    /** How many revisions were taken so far. */
    public long revisions() {
        return revisions;
    }

    /**
     * Takes a pair of one of the small tables; a later one with the same key replaces it.
     *
     * @throws InvalidContentException when it cannot be from a store
     */
    public void pair(Table table, byte[] key, byte[] value) throws InvalidContentException {
        if (key.length == 0) {
            throw new InvalidContentException("bucket " + table.bucket(), "an empty key");
        }
        ByteString name = ByteString.copyFrom(key);
        if (table == Table.META) {
            checkedMeta(name, value);
            if (name.equals(Layout.META_STORAGE_VERSION)) {
                // It tells etcd's tools the schema of the file, which has come to its end here.
                return;
            }
        }
        pairs.add(new Row(table, name, ByteString.copyFrom(value)));
        grow((long) key.length + value.length);
    }

    /** The number that a value of {@code meta} holds; 0 for a value that is none. */
    static long checkedMeta(ByteString name, byte[] value) throws InvalidContentException {
        String place = "bucket " + Table.META.bucket() + ", key " + name.toStringUtf8();
        if (name.equals(Layout.META_SCHEDULED_COMPACTION) || name.equals(Layout.META_FINISHED_COMPACTION)) {
            return EtcdRevision.decodeCompaction(place + ", value", value);
        }
        if (!name.equals(Layout.META_CONSISTENT_INDEX) && !name.equals(Layout.META_TERM)) {
            return 0;
        }
        if (value.length != Long.BYTES) {
            throw new InvalidContentException(
                    place, "a value of " + value.length + " bytes (expected: " + Long.BYTES + ")");
        }
        long number = ByteBuffer.wrap(value).getLong();
        if (number < 0) {
            throw new InvalidContentException(place, "a negative number");
        }
        return number;
    }

    /**
     * Takes a pair of the bucket with the revisions, in etcd's form. The arrays belong to the loader from now on.
     *
     * @throws InvalidContentException when it cannot be from a store, or is not greater than the one before
     */
    public void revision(byte[] key, byte[] keyValue) throws InvalidContentException {
        LoadedRevision loaded = LoadedRevision.decode(key, keyValue);
        if (loaded.revision().compareTo(last) <= 0) {
            throw new InvalidContentException(
                    LoadedRevision.place(key), "revision " + loaded.revision() + " follows revision " + last);
        }
        last = loaded.revision();
        revisions++;
        batch.add(loaded);
        grow(2L * keyValue.length);
    }

    private void grow(long bytes) {
        batchBytes += bytes + REVISION_OVERHEAD_BYTES;
        if (batchBytes >= BATCH_BYTES_MAX || batch.size() >= BATCH_REVISIONS_MAX) {
            writeBatch();
        }
    }

    private void writeBatch() {
        try (WriteTxn txn = backend.write()) {
            for (Row row : pairs) {
                SmallTables.write(txn, SmallTables.stored(row.table()), row.key(), row.value());
            }
            lookUp(txn);
            for (LoadedRevision each : batch) {
                Slot slot = slots.get(each.key());
                KeyState before = slot == null ? mark : slot.newest;
                KeyState state = each.state(before);
                write(txn, each, state, before);
                if (slot == null) {
                    mark = state;
                } else {
                    slot.newest = state;
                }
            }
            if (slotBytes >= KEYS_BYTES_MAX) {
                writeKeys(txn);
            }
            txn.commit();
        }
        batch.clear();
        pairs.clear();
        batchBytes = 0;
    }

    /** Makes slots for the keys of the batch. */
    private void lookUp(WriteTxn txn) {
        List<Slot> fresh = new ArrayList<>();
        for (LoadedRevision each : batch) {
            if (!each.key().isEmpty() && !slots.containsKey(each.key())) {
                Slot slot = new Slot(each.key());
                slots.put(each.key(), slot);
                slotBytes += each.key().size() + KEY_OVERHEAD_BYTES;
                fresh.add(slot);
            }
        }
        if (!hasWrittenKeys) {
            return;
        }
        fresh.sort(Slot.BY_KEY);
        for (Slot slot : fresh) {
            ByteBuffer entry = ReadView.IDX.get(txn, slot.key);
            slot.newest = entry == null ? null : KeyState.decode(entry);
        }
    }

    private void writeKeys(WriteTxn txn) {
        List<Slot> sorted = new ArrayList<>(slots.values());
        sorted.sort(Slot.BY_KEY);
        for (Slot slot : sorted) {
            KeyState newest = slot.newest;
            if (newest != null) {
                newest.encode(ReadView.IDX.reserve(txn, slot.key, KeyState.BYTES));
            }
        }
        superseded.sort(Arrays::compareUnsigned);
        for (byte[] entry : superseded) {
            byte[] histKey = Arrays.copyOf(entry, Layout.HIST_KEY_BYTES);
            txn.reserve(Layout.HIST, histKey, 1).put(entry[Layout.HIST_KEY_BYTES]);
        }
        hasWrittenKeys = true;
        slots.clear();
        superseded.clear();
        slotBytes = 0;
    }

    private void write(WriteTxn txn, LoadedRevision each, KeyState state, @Nullable KeyState before) {
        boolean lived = before != null && !before.tombstone();
        Version version = new Version(
                each.key(),
                state,
                each.keyValue(),
                before == null ? null : before.revision(),
                before != null && before.tombstone(),
                null);
        RevisionRecord.encode(
                version, txn.append(Layout.REV, Layout.revisionKey(each.revision()), RevisionRecord.bytes(version)));
        if (each.key().isEmpty()) {
            return;
        }
        if (before != null && Layout.followsMilestone(state.step())) {
            byte[] entry = Arrays.copyOf(Layout.histKey(state.id(), before.revision()), Layout.HIST_KEY_BYTES + 1);
            entry[Layout.HIST_KEY_BYTES] = (byte) (before.tombstone() ? 1 : 0);
            superseded.add(entry);
            slotBytes += SUPERSEDED_BYTES;
        }
        if (lived != !state.tombstone()) {
            keys += lived ? -1 : 1;
        }
    }

    /**
     * Writes what is left and makes everything durable; the storage is closed then, and a store can be opened there.
     *
     * @return the log entry that the store ends with
     * @throws InvalidContentException when the content does not say so
     */
    public AppliedState finish() throws InvalidContentException {
        writeBatch();
        try (WriteTxn txn = backend.write()) {
            writeKeys(txn);
            txn.put(Layout.STORE, Layout.STORE_KEYS, Layout.longBytes(keys));
            txn.put(Layout.STORE, Layout.STORE_FORMAT, Layout.longBytes(Layout.FORMAT));
            txn.commit();
        }
        Recovered recovered = Recovered.from(backend);
        if (recovered.applied().index() == 0 || recovered.applied().term() == 0) {
            throw new InvalidContentException(
                    "bucket " + Table.META.bucket(),
                    "it names no log entry (" + Layout.META_CONSISTENT_INDEX.toStringUtf8() + ", "
                            + Layout.META_TERM.toStringUtf8() + ") that the content ends with");
        }
        close();
        return recovered.applied();
    }

    /** Lets go of the storage; what it holds is of no use unless {@link #finish} has returned. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            backend.close();
        }
    }
}
