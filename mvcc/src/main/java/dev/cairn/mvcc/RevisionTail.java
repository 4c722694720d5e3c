package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Cursor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Follows the revisions that the backend holds, in order, for a reader who keeps them elsewhere: every row, tombstones and marks included, whatever
 * is compacted meanwhile. Confined to one thread at a time.
 *
 * <p>What was handed over and not yet {@link #release released} is held back from compaction ({@link CompactionHolds}). Rows are durable when they are
 * seen: what a crash could take away is not handed over. Each call of {@link #next} is one short transaction.
 *
 * <p><b>Bound.</b> A reader who releases nothing for {@link StoreImage#AGE_MAX_NANOS} while a compaction waits loses its place, and so does one whose
 * store is replaced: {@link #isBroken}.
 */
public final class RevisionTail implements AutoCloseable {
    private final StoreState state;
    private final CompactionHolds.Hold hold;
    private long released;
    private long complete;
    private byte[] position;

    /**
     * One version of one key.
     *
     * @param keyValue as etcd's bucket {@code key} holds it; of a tombstone the key alone; empty for the mark of a bumped revision
     */
    public record Row(Revision revision, boolean tombstone, ByteString keyValue) {}

    /**
     * The next rows.
     *
     * @param complete all rows up to this main revision were handed over, with these or before; rows behind it belong to a revision that goes on
     *     in the next piece
     */
    public record Piece(List<Row> rows, long complete) {}

    RevisionTail(StoreState state, CompactionHolds.Hold hold, long after) {
        this.state = state;
        this.hold = hold;
        this.released = after;
        this.complete = after;
        this.position = Layout.revisionKey(after + 1, 0);
        hold.neededFrom(after + 1);
    }

    /**
     * Reads on.
     *
     * @param bytesMax about how much; one row more than that at the most
     */
    public Piece next(long bytesMax) {
        List<Row> rows = new ArrayList<>();
        try (ReadView view = state.stored();
                Cursor cursor = view.txn().cursor(Layout.REV)) {
            long bytes = 0;
            boolean found = cursor.seek(position);
            while (found && bytes < bytesMax) {
                Revision at = Layout.revisionAt(cursor.key(), 0);
                ByteBuffer record = cursor.value();
                Row row = new Row(at, RevisionRecord.isTombstone(record), RevisionRecord.keyValue(record));
                rows.add(row);
                bytes += row.keyValue().size() + Layout.REVISION_BYTES;
                position = Layout.revisionKey(at.main(), at.sub() + 1);
                found = cursor.next();
            }
            if (!rows.isEmpty()) {
                long last = rows.get(rows.size() - 1).revision().main();
                // A transaction of the backend holds revisions as a whole, so the last one it holds has no more rows.
                boolean goesOn = found && Layout.revisionAt(cursor.key(), 0).main() == last;
                complete = goesOn ? Math.max(complete, last - 1) : last;
            }
        }
        return new Piece(rows, complete);
    }

    /** What has been handed over up to {@link Piece#complete} is safe elsewhere. */
    public void release() {
        released = complete;
        hold.neededFrom(released + 1);
        hold.renew();
    }

    /** The next piece begins again behind what was released. */
    public void back() {
        complete = released;
        position = Layout.revisionKey(released + 1, 0);
    }

    /** The revision up to which everything was released. */
    public long released() {
        return released;
    }

    /** Whether rows may be missing in what was handed over last, or will be: this tail is of no use any more. Asked behind {@link #next}. */
    public boolean isBroken() {
        return hold.isBroken();
    }

    /** What the backend holds for a key of one of the small tables now. */
    public @Nullable ByteString lookUp(Table table, ByteString key) {
        try (ReadView view = state.stored()) {
            ByteBuffer value = SmallTables.stored(table).get(view.txn(), key);
            return value == null ? null : ByteString.copyFrom(value);
        }
    }

    /** Lets compaction go on. Idempotent. */
    @Override
    public void close() {
        hold.close();
    }
}
