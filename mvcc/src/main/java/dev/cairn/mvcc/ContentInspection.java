package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Looks at what etcd's buckets hold, pair by pair, and tells what cannot be from a store. Confined to one thread; in memory are the keys that
 * hang on leases, and the leases.
 */
public final class ContentInspection {
    private final Consumer<String> onProblem;
    private final Map<ByteString, Long> leased = new HashMap<>();
    private final Set<Long> leases = new HashSet<>();
    private Revision last = new Revision(-1, 0);
    private long revisions;
    private long index;
    private long term;
    private long scheduled = -1;
    private long finished = -1;

    /** @param onProblem hears what is wrong and where; may be called for every pair */
    public ContentInspection(Consumer<String> onProblem) {
        this.onProblem = onProblem;
    }

    /** A pair of the bucket with the revisions; in order. */
    public void revision(byte[] key, byte[] keyValue) {
        LoadedRevision found;
        try {
            found = LoadedRevision.decode(key, keyValue);
        } catch (InvalidContentException e) {
            onProblem.accept(String.valueOf(e.getMessage()));
            return;
        }
        revisions++;
        if (found.revision().compareTo(last) <= 0) {
            onProblem.accept(
                    LoadedRevision.place(key) + ": revision " + found.revision() + " follows revision " + last);
        }
        last = found.revision();
        if (found.lease() == 0) {
            leased.remove(found.key());
        } else {
            leased.put(found.key(), found.lease());
        }
    }

    /** A pair of another bucket. */
    public void pair(Table table, byte[] key, byte[] value) {
        if (table == Table.LEASE) {
            if (key.length == Long.BYTES) {
                leases.add(ByteBuffer.wrap(key).getLong());
            } else {
                onProblem.accept("bucket " + table.bucket() + ": a lease's ID of " + key.length + " bytes");
            }
        }
        if (table == Table.META) {
            meta(ByteString.copyFrom(key), value);
        }
    }

    private void meta(ByteString name, byte[] value) {
        long number;
        try {
            number = StoreLoader.checkedMeta(name, value);
        } catch (InvalidContentException e) {
            onProblem.accept(String.valueOf(e.getMessage()));
            return;
        }
        if (name.equals(Layout.META_CONSISTENT_INDEX)) {
            index = number;
        } else if (name.equals(Layout.META_TERM)) {
            term = number;
        } else if (name.equals(Layout.META_SCHEDULED_COMPACTION)) {
            scheduled = number;
        } else if (name.equals(Layout.META_FINISHED_COMPACTION)) {
            finished = number;
        }
    }

    /** There are no more pairs: what buckets say of each other. */
    public void finish() {
        leased.forEach((key, lease) -> {
            if (!leases.contains(lease)) {
                onProblem.accept(StoreInspection.shown(key) + " hangs on lease " + Long.toHexString(lease)
                        + ", which is not in bucket " + Table.LEASE.bucket());
            }
        });
        if (finished > scheduled && scheduled >= 0) {
            onProblem.accept("bucket " + Table.META.bucket() + ": compaction " + finished + " was finished, but only "
                    + scheduled + " was asked for");
        }
    }

    /** The log entry with which the content ends; 0 when it does not say. */
    public long index() {
        return index;
    }

    public long term() {
        return term;
    }

    /** The newest revision. */
    public long newestRevision() {
        return Math.max(last.main(), 0);
    }

    /** The revision that was asked to be compacted last; -1 when there was none. */
    public long compactedRevision() {
        return Math.max(scheduled, finished);
    }

    public long revisions() {
        return revisions;
    }
}
