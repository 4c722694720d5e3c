package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The whole store as it was at one applied index, in etcd's buckets, for a reader who takes his time: read in pieces, each in a
 * transaction of its own, as a transaction that stays open would make the file grow. Confined to one thread at a time; any
 * number at once.
 *
 * <p>The small tables are copied when the image is made. Revisions are only ever appended, and compaction is held back from those that
 * were not read yet ({@link CompactionHolds}), for {@link #AGE_MAX_NANOS} at most. {@link #rewind} starts again and sees the same.
 */
public final class StoreImage implements AutoCloseable {
    /** How long an image can keep a compaction waiting. */
    public static final long AGE_MAX_NANOS = 3_600_000_000_000L;

    /** How long one transaction is, at most, but for a single longer record. */
    private static final long PIECE_BYTES = 256 << 10;

    private static final int PIECE_PAIRS_MAX = 2048;

    private final StoreState state;
    private final CompactionHolds.Hold hold;
    private final List<Bucket> buckets;
    private final AppliedState applied;
    private final long lastRevision;
    private byte[] position = Layout.revisionKey(0, 0);
    private boolean over;

    /** The image was kept for too long: a compaction that waited has removed a part of it. */
    public static final class LostException extends RuntimeException {
        private static final long serialVersionUID = 1;

        LostException() {
            super("the image was held for too long, and a compaction has gone on");
        }
    }

    /** @param key in etcd's form */
    public record Pair(ByteBuffer key, ByteBuffer value) {}

    /**
     * One of etcd's buckets.
     *
     * @param pairs in byte order; empty for the one with the revisions, which {@link StoreImage#next} reads
     */
    public record Bucket(String name, boolean revisions, List<Pair> pairs) {}

    private StoreImage(
            StoreState state,
            CompactionHolds.Hold hold,
            List<Bucket> buckets,
            AppliedState applied,
            long lastRevision) {
        this.applied = applied;
        this.state = state;
        this.hold = hold;
        this.buckets = buckets;
        this.lastRevision = lastRevision;
    }

    /** Looks at what the backend holds now; the caller has just flushed and has the flusher's lock. */
    static StoreImage take(StoreState state, CompactionHolds holds) {
        CompactionHolds.Hold hold = holds.hold();
        try (ReadView view = state.stored()) {
            List<Bucket> buckets = new ArrayList<>();
            EtcdView.visitTables(view.txn(), new MvccStore.BucketVisitor() {
                @Override
                public void bucket(String name) {
                    buckets.add(new Bucket(name, name.equals(EtcdView.KEY_BUCKET), new ArrayList<>()));
                }

                @Override
                public void pair(ByteString key, ByteString value) {
                    buckets.get(buckets.size() - 1)
                            .pairs()
                            .add(new Pair(key.asReadOnlyByteBuffer(), value.asReadOnlyByteBuffer()));
                }
            });
            return new StoreImage(state, hold, buckets, Recovered.applied(view.txn()), newest(view.txn()));
        } catch (RuntimeException e) {
            hold.close();
            throw e;
        }
    }

    private static long newest(ReadTxn txn) {
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            return cursor.last() ? Layout.revisionAt(cursor.key(), 0).main() : 0;
        }
    }

    /** The log entry that the image ends with. */
    public AppliedState applied() {
        return applied;
    }

    /** The newest revision in it; 0 when nothing was ever written. */
    public long revision() {
        return lastRevision;
    }

    /** All buckets in byte order of their names. */
    public List<Bucket> buckets() {
        return buckets;
    }

    /**
     * Hands over the next pairs of the bucket with the revisions, in order, after the transaction in which they were read; answers
     * false, and hands over nothing, when there are no more.
     *
     * @throws LostException when the image was held for too long
     */
    public boolean next(Consumer<Pair> consumer) {
        if (over) {
            return false;
        }
        List<Pair> piece = new ArrayList<>();
        try (ReadView view = state.stored();
                Cursor cursor = view.txn().cursor(Layout.REV)) {
            long bytes = 0;
            boolean found = cursor.seek(position);
            while (found && bytes < PIECE_BYTES && piece.size() < PIECE_PAIRS_MAX) {
                Revision at = Layout.revisionAt(cursor.key(), 0);
                if (at.main() > lastRevision) {
                    break;
                }
                Pair pair = pair(at, cursor.value());
                piece.add(pair);
                bytes += pair.value().remaining();
                position = Layout.revisionKey(at.main(), at.sub() + 1);
                found = cursor.next();
            }
        }
        // Whatever was removed before this transaction was, is told of by now.
        if (hold.isBroken()) {
            throw new LostException();
        }
        over = piece.isEmpty();
        piece.forEach(consumer);
        return !over;
    }

    private static Pair pair(Revision at, ByteBuffer record) {
        byte[] key = EtcdRevision.encode(at, RevisionRecord.isTombstone(record));
        ByteBuffer keyValue = RevisionRecord.keyValueBuffer(record);
        byte[] value = new byte[keyValue.remaining()];
        keyValue.get(value);
        return new Pair(ByteBuffer.wrap(key), ByteBuffer.wrap(value));
    }

    /** Begins again at the first revision. */
    public void rewind() {
        position = Layout.revisionKey(0, 0);
        over = false;
    }

    /** There will be no {@link #rewind} behind what has been read: compaction may go on there. */
    public void release() {
        hold.neededFrom(Layout.revisionAt(ByteBuffer.wrap(position), 0).main());
    }

    /** Lets compaction go on. Idempotent. */
    @Override
    public void close() {
        hold.close();
    }
}
