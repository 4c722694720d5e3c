package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.mvcc.backend.TableRef;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The tables of the backend and the form of the keys that hold revisions; each value has a checksum behind it, which
 * {@link ChecksummedBackend} adds and takes off. All integers are big-endian, so that byte order is
 * number order.
 *
 * <pre>
 * table  key                              value
 * rev    main 8 | sub 4                   {@link RevisionRecord}: what was written at this revision
 * idx    user key, in chunks              {@link KeyState}: the newest version of the key
 * hist   key id 12 | main 8 | sub 4       tombstone 1: a superseded milestone among the key's versions
 * long   node id 8 | chunk                what {@link KeyTable} keeps of long keys
 * store  name                             what only this store knows: its format, the numbers of keys and flushes
 * alarm, auth, authRoles, ...             etcd's buckets, see {@link Table}
 * </pre>
 *
 * <p>A key's id is the revision at which its entry in {@code idx} was made; a key that was compacted away and written again
 * has a new one. {@code idx} and {@code hist} can be computed from {@code rev}; they are there for speed.
 *
 * <p><b>Chains and milestones.</b> The record of a version names the version before it, so the versions of a key are a chain that begins
 * at its entry in {@code idx}. Every {@value #STEPS}th of them is a milestone, and those that are superseded stand in {@code hist}: so any
 * version is found from the milestone behind it in a few steps, while few writes touch {@code hist}. A version's <i>step</i> is its place in
 * the chain modulo {@value #STEPS}; the first has step 1, milestones have step 0.
 *
 * <p><b>Formats.</b> In format 1 every version was a milestone and no step was recorded, which reads as 0: a store of format 1 is one of
 * format 2 as it lies. The other direction does not work, so every flush says which format it has written.
 */
final class Layout {
    static final TableRef REV = new TableRef(0, "rev");
    static final TableRef IDX = new TableRef(1, "idx");
    static final TableRef HIST = new TableRef(2, "hist");
    static final TableRef LONG = new TableRef(3, "long");
    static final TableRef STORE = new TableRef(4, "store");

    /** All tables, in the order of their ordinals. */
    static final List<TableRef> TABLES;

    private static final Map<Table, TableRef> BUCKETS = new EnumMap<>(Table.class);

    static {
        List<TableRef> all = new ArrayList<>(List.of(REV, IDX, HIST, LONG, STORE));
        for (Table table : Table.values()) {
            TableRef bucket = new TableRef(all.size(), table.bucket());
            BUCKETS.put(table, bucket);
            all.add(bucket);
        }
        TABLES = List.copyOf(all);
    }

    static final int REVISION_BYTES = Long.BYTES + Integer.BYTES;
    static final int HIST_KEY_BYTES = 2 * REVISION_BYTES;

    static final byte[] STORE_FORMAT = {'f', 'o', 'r', 'm', 'a', 't'};
    static final byte[] STORE_KEYS = {'k', 'e', 'y', 's'};

    /** How many flushes there were, see {@link KeyCounts}; absent before the first. */
    static final byte[] STORE_FLUSHES = {'f', 'l', 'u', 's', 'h', 'e', 's'};

    /** Its record stays as it is in all formats to come, so that every version can tell what it cannot read. */
    static final long FORMAT = 2;

    /** The oldest format that can be read. */
    static final long OLDEST_FORMAT = 1;

    /** From one milestone to the next. Steps have to fit into four bits. */
    static final int STEPS = 16;

    private static final int STEP_SHIFT = 4;

    static final ByteString META_CONSISTENT_INDEX = ByteString.copyFromUtf8("consistent_index");
    static final ByteString META_TERM = ByteString.copyFromUtf8("term");
    static final ByteString META_CONF_STATE = ByteString.copyFromUtf8("confState");
    static final ByteString META_SCHEDULED_COMPACTION = ByteString.copyFromUtf8("scheduledCompactRev");
    static final ByteString META_FINISHED_COMPACTION = ByteString.copyFromUtf8("finishedCompactRev");
    static final ByteString META_STORAGE_VERSION = ByteString.copyFromUtf8("storageVersion");

    private Layout() {}

    static TableRef bucket(Table table) {
        return Objects.requireNonNull(BUCKETS.get(table));
    }

    static byte[] revisionKey(long main, long sub) {
        byte[] key = new byte[REVISION_BYTES];
        putRevision(ByteBuffer.wrap(key), main, sub);
        return key;
    }

    static byte[] revisionKey(Revision revision) {
        return revisionKey(revision.main(), revision.sub());
    }

    static void putRevision(ByteBuffer to, long main, long sub) {
        to.putLong(main).putInt(Math.toIntExact(sub));
    }

    static void putRevision(ByteBuffer to, Revision revision) {
        putRevision(to, revision.main(), revision.sub());
    }

    static Revision revisionAt(ByteBuffer from, int offset) {
        return new Revision(from.getLong(offset), from.getInt(offset + Long.BYTES));
    }

    static byte[] histKey(Revision keyId, long main, long sub) {
        byte[] key = new byte[HIST_KEY_BYTES];
        ByteBuffer buffer = ByteBuffer.wrap(key);
        putRevision(buffer, keyId);
        putRevision(buffer, main, sub);
        return key;
    }

    static byte[] histKey(Revision keyId, Revision revision) {
        return histKey(keyId, revision.main(), revision.sub());
    }

    static int nextStep(int step) {
        return (step + 1) % STEPS;
    }

    /** The first byte of an entry of {@code idx} and of a record of {@code rev}: the step in its upper half, flags in its lower. */
    static byte head(int step, int flags) {
        return (byte) (step << STEP_SHIFT | flags);
    }

    static int stepOf(ByteBuffer encoded) {
        return (encoded.get(0) & 0xff) >> STEP_SHIFT;
    }

    static boolean isMilestone(int step) {
        return step == 0;
    }

    /** Whether a version is a milestone, if the one that follows it has this step. */
    static boolean followsMilestone(int step) {
        return step == 1;
    }

    /** A compacted revision as {@code meta} holds it. */
    static ByteString compaction(long main) {
        return UnsafeByteOperations.unsafeWrap(EtcdRevision.encode(main));
    }

    /** The compacted revision that {@code meta} holds. */
    static long compactionOf(ByteString value) {
        try {
            return EtcdRevision.decodeCompaction("a compaction recorded as", value.toByteArray());
        } catch (InvalidContentException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] longBytes(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }
}
