package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One call's look at the store: the overlay over a backend transaction. Confined to the thread that opened it; closed before
 * the call returns and before anyone else's code runs.
 *
 * <p><b>Reading at a revision.</b> The version of a key at revision R is the newest one not above R. It is sought in this
 * order, and the first place that has one decides: the chain of the active generation, that of the frozen one, the key's
 * entry in {@code idx}, and then the chain of the key's superseded versions, which is walked from the first milestone above R, or from
 * the newest version if there is none. That is one seek and {@value Layout#STEPS} steps at most, however many versions there are.
 *
 * <p><b>Compaction.</b> A view can be asked for a revision R when R was not compacted after the view was opened (see
 * {@link KvState#open}). Compaction at C &le; R removes no version that is the newest at R, save tombstones, and a
 * tombstone that is missing means the same. Whatever stands above R on a chain is still there, so the walk never meets a gap.
 *
 * <p><b>Damage.</b> A key that is said to live at a revision has a record there with its id, and so has every version on a chain. Where it
 * has none the store is damaged; that is never taken for a key that does not exist.
 */
final class ReadView implements AutoCloseable {
    static final KeyTable IDX = new KeyTable(Layout.IDX);

    private final Overlay.View overlay;
    private final ReadTxn txn;
    private final KeyCounts counts;
    private final StoreFailure failure;
    private @Nullable Cursor milestones;
    private @Nullable Cursor records;
    private boolean recordRead;
    private @Nullable Revision lastRecord;

    /** The order matters: see {@link Overlay}. */
    ReadView(Overlay.View overlay, ReadTxn txn, KeyCounts counts, StoreFailure failure) {
        this.overlay = overlay;
        this.txn = txn;
        this.counts = counts;
        this.failure = failure;
    }

    Overlay.View overlay() {
        return overlay;
    }

    ReadTxn txn() {
        return txn;
    }

    KeyCounts counts() {
        return counts;
    }

    /** The newest version of the key, tombstone or not; null when the key has none. */
    @Nullable
    KeyState newest(ByteString key) {
        Version version = overlay.at(key, Long.MAX_VALUE);
        if (version != null) {
            return version.state();
        }
        ByteBuffer entry = IDX.get(txn, key);
        return entry == null ? null : KeyState.decode(entry);
    }

    /** The newest version of the key in the overlay; null when the key was not written lately. */
    @Nullable
    Version newestInOverlay(ByteString key) {
        return overlay.at(key, Long.MAX_VALUE);
    }

    /**
     * The newest of a key's superseded versions that is not above the main revision; null when there is none or it is a tombstone.
     *
     * @param entry the key's entry in {@code idx}, of a version above the main revision
     */
    @Nullable
    Revision superseded(ByteBuffer entry, long main) {
        if (KeyState.idMainAt(entry) > main) {
            return null;
        }
        Revision id = KeyState.idAt(entry);
        Revision milestone = milestoneAbove(id, main);
        Revision above = milestone == null ? KeyState.revisionAt(entry) : milestone;
        while (true) {
            ByteBuffer record = chained(above, id);
            Revision previous = RevisionRecord.previousOf(record);
            if (previous == null || previous.compareTo(above) >= 0) {
                throw failure.damaged("the version before revision " + above + " cannot be " + previous);
            }
            if (previous.main() <= main) {
                return RevisionRecord.isPreviousTombstone(record) ? null : previous;
            }
            above = previous;
        }
    }

    private @Nullable Revision milestoneAbove(Revision id, long main) {
        if (milestones == null) {
            milestones = txn.cursor(Layout.HIST);
        }
        Cursor cursor = milestones;
        boolean found = cursor.seek(Layout.histKey(id, main + 1, 0))
                && Layout.revisionAt(cursor.key(), 0).equals(id);
        return found ? Layout.revisionAt(cursor.key(), Layout.REVISION_BYTES) : null;
    }

    /** The stored record of a revision that the backend holds; null when it does not. */
    @Nullable
    ByteBuffer record(Revision revision) {
        byte[] key = Layout.revisionKey(revision);
        if (!recordRead) {
            recordRead = true;
            return txn.get(Layout.REV, key);
        }
        // Who reads many reads neighbours, as a rule: a cursor finds what is on its page without a search from the
        // root, and what was written next without any.
        if (records == null) {
            records = txn.cursor(Layout.REV);
        }
        Cursor cursor = records;
        Revision last = lastRecord;
        lastRecord = null;
        boolean found = last != null && revision.follows(last) && cursor.next() && isAt(cursor, revision)
                || cursor.seek(key) && isAt(cursor, revision);
        if (!found) {
            return null;
        }
        lastRecord = revision;
        return cursor.value();
    }

    private static boolean isAt(Cursor cursor, Revision revision) {
        ByteBuffer key = cursor.key();
        return key.getLong(0) == revision.main() && key.getInt(Long.BYTES) == revision.sub();
    }

    /**
     * A copy of the key-value of a revision that the backend must hold.
     *
     * @param keyId the id of the key that was written there
     */
    ByteString storedKeyValue(Revision revision, Revision keyId) {
        return RevisionRecord.keyValue(recordOf(revision, keyId));
    }

    /** The length of {@link #storedKeyValue}. */
    int storedKeyValueBytes(Revision revision, Revision keyId) {
        return RevisionRecord.keyValueBuffer(recordOf(revision, keyId)).remaining();
    }

    private ByteBuffer recordOf(Revision revision, Revision keyId) {
        ByteBuffer record = chained(revision, keyId);
        if (RevisionRecord.isTombstone(record)) {
            throw failure.damaged("a key lives at revision " + revision + ", where it is deleted");
        }
        return record;
    }

    /** The record of a version that a key names. */
    private ByteBuffer chained(Revision revision, Revision keyId) {
        ByteBuffer record = record(revision);
        if (record == null) {
            throw failure.damaged("a key names revision " + revision + ", which is missing");
        }
        if (!RevisionRecord.idOf(revision, record).equals(keyId)) {
            throw failure.damaged("a key names revision " + revision + ", which belongs to another key");
        }
        return record;
    }

    /** The live key at the revision; null when it does not exist there. */
    @Nullable
    ByteString keyValue(ByteString key, long main) {
        Version version = overlay.at(key, main);
        if (version != null) {
            return version.tombstone() ? null : version.keyValue();
        }
        ByteBuffer entry = IDX.get(txn, key);
        if (entry == null) {
            return null;
        }
        Revision id = KeyState.idAt(entry);
        Revision revision;
        if (KeyState.mainAt(entry) <= main) {
            revision = KeyState.isTombstone(entry) ? null : KeyState.revisionAt(entry);
        } else {
            revision = superseded(entry, main);
        }
        return revision == null ? null : storedKeyValue(revision, id);
    }

    /** The backend does not hold what it must: to be thrown. */
    DamagedStoreException damaged(String damage) {
        return failure.damaged(damage);
    }

    /** A walk over the live keys of the range at the revision. */
    RangeCursor range(KeyRange range, long main) {
        return new RangeCursor(this, range, main);
    }

    @Override
    public void close() {
        txn.close();
    }
}
