package dev.cairn.mvcc;

import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One run of the digest that etcd's {@code HashKV} defines, in steps.
 *
 * <p>CRC-32C over the text {@code key} and then, for each revision in order, its key in etcd's form and its key-value, where
 *
 * <ol>
 *   <li>revisions above {@code revision} are left out;
 *   <li>revisions up to {@code compacted} are left out unless they are kept, that is, the newest version at {@code revision}
 *       of a key that lives there; this rule holds only if anything at all is kept;
 *   <li>a tombstone exactly at {@code compacted} is left out.
 * </ol>
 *
 * <p>The run may see a newer transaction in every step, as long as no revision above {@code compacted} and up to
 * {@code revision} is removed meanwhile. Confined to one thread at a time.
 */
final class KvHash {
    private static final byte[] BUCKET = "key".getBytes(StandardCharsets.US_ASCII);
    private static final KeyRange ALL_KEYS = KeyRange.of(KeyRange.FIRST_KEY, KeyRange.FIRST_KEY);

    private final long revision;
    private final long compacted;
    private final boolean compacting;
    private final CRC32C crc = new CRC32C();
    private byte[] position = Layout.revisionKey(0, 0);
    private @Nullable Boolean anythingKept;

    private KvHash(long revision, long compacted, boolean compacting) {
        this.revision = revision;
        this.compacted = compacted;
        this.compacting = compacting;
        crc.update(BUCKET);
    }

    /** The digest that {@code HashKV} answers for a revision that was not compacted. */
    static KvHash of(long revision, long compacted) {
        return new KvHash(revision, compacted, false);
    }

    /**
     * The digest that a compaction at {@code revision} stores; {@code compacted} is the compaction before it. It differs in
     * one point: a compaction also keeps tombstones at its own revision, so these count as something kept.
     */
    static KvHash ofCompaction(long revision, long compacted) {
        return new KvHash(revision, compacted, true);
    }

    /** Looks at the next revisions, {@code most} at most; answers whether the run is over. */
    boolean step(ReadView view, long most) {
        ReadTxn txn = view.txn();
        if (anythingKept == null) {
            anythingKept = view.range(ALL_KEYS, revision).next() || (compacting && hasTombstoneAtRevision(txn));
        }
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            boolean found = cursor.seek(position);
            for (long looked = 0; looked < most; looked++) {
                if (!found) {
                    return true;
                }
                Revision at = Layout.revisionAt(cursor.key(), 0);
                if (at.main() > revision) {
                    return true;
                }
                add(view, at, cursor.value(), anythingKept);
                found = cursor.next();
            }
            if (!found) {
                return true;
            }
            position = new byte[Layout.REVISION_BYTES];
            cursor.key().get(0, position);
            return false;
        }
    }

    private boolean hasTombstoneAtRevision(ReadTxn txn) {
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            boolean found = cursor.seek(Layout.revisionKey(revision, 0));
            while (found && Layout.revisionAt(cursor.key(), 0).main() == revision) {
                if (RevisionRecord.isTombstone(cursor.value())) {
                    return true;
                }
                found = cursor.next();
            }
            return false;
        }
    }

    private void add(ReadView view, Revision at, ByteBuffer record, boolean leavesOutSuperseded) {
        boolean tombstone = RevisionRecord.isTombstone(record);
        ByteBuffer keyValue = RevisionRecord.keyValueBuffer(record);
        if (at.main() <= compacted) {
            if (tombstone && at.main() == compacted) {
                return;
            }
            if (leavesOutSuperseded && (tombstone || !isKept(view, at, keyValue))) {
                return;
            }
        }
        crc.update(EtcdRevision.encode(at, tombstone));
        crc.update(keyValue);
    }

    /** Whether this version is the newest of its key at the revision hashed. */
    private boolean isKept(ReadView view, Revision at, ByteBuffer keyValue) {
        if (!keyValue.hasRemaining()) {
            // The mark of a bumped revision: for etcd it is a key without name, which lives.
            return true;
        }
        ByteBuffer entry = ReadView.IDX.get(view.txn(), KeyValues.keyOf(keyValue));
        if (entry == null) {
            // A key leaves idx together with the last of its revisions.
            throw view.damaged("the key of revision " + at + " is missing in table " + Layout.IDX.name());
        }
        if (KeyState.mainAt(entry) <= revision) {
            return KeyState.revisionAt(entry).equals(at);
        }
        return at.equals(view.superseded(entry, revision));
    }

    int value() {
        return (int) crc.getValue();
    }
}
