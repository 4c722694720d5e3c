package dev.cairn.mvcc;

import dev.cairn.mvcc.KvException.Reason;
import java.nio.ByteBuffer;

/**
 * The end of a range of values: their revisions are noted, and their length in all. They are read, piece by piece, as they are wanted; each call
 * of {@link #read} is one short look at the store.
 *
 * <p><b>Compaction</b> leaves them where they are until this is closed ({@link CompactionHolds}). It does not wait for ever: none is made
 * while a compaction waits, and one that has not been read for {@link #IDLE_MAX_NANOS} then loses its place.
 *
 * <p><b>Damage.</b> The client has been told how much is to come before any of it was read. What turns out to be of another length, or of other keys than
 * those that were counted, is not sent to its end.
 */
final class StoredRest extends RangeRest {
    /** A minute. */
    static final long IDLE_MAX_NANOS = 60_000_000_000L;

    private final StoreState state;
    private final CompactionHolds.Hold hold;
    private final RevisionList revisions = new RevisionList();
    private final RevisionList.Walk left = revisions.walk();
    private final Tally noted = new Tally();
    private final Tally given = new Tally();

    /** A key-value, behind its tag and its length, of which the last target has taken the beginning. */
    private ByteBuffer begun = ByteBuffer.allocate(0);

    /** What one has seen of key-values that pass by. */
    private static final class Tally {
        private long encodedBytes;

        // Differs, as good as always, where others passed or in another order.
        private long keys;

        void add(Revision id, int keyValueBytes) {
            encodedBytes += RangeRest.encodedBytes(keyValueBytes);
            keys = 31 * (31 * keys + id.main()) + id.sub();
        }

        boolean isLike(Tally other) {
            return encodedBytes == other.encodedBytes && keys == other.keys;
        }
    }

    /** @param hold taken while nothing that the range shows was compacted */
    StoredRest(StoreState state, CompactionHolds.Hold hold) {
        this.state = state;
        this.hold = hold;
    }

    @Override
    void add(RangeCursor cursor) {
        add(cursor.revision(), cursor.id(), cursor.keyValueBytes());
    }

    void add(Revision revision, Revision id, int bytes) {
        revisions.add(revision);
        noted.add(id, bytes);
    }

    @Override
    public int keyValues() {
        return revisions.size();
    }

    @Override
    public long encodedBytes() {
        return noted.encodedBytes;
    }

    @Override
    public boolean hasMore() {
        return begun.hasRemaining() || left.hasNext();
    }

    @Override
    public void read(ByteBuffer target) throws KvException {
        transfer(begun, target);
        if (!target.hasRemaining() || !left.hasNext()) {
            return;
        }
        try (ReadView view = state.open()) {
            // Behind the opening: what is removed from now on is still in the view.
            if (hold.isBroken()) {
                throw new KvException(Reason.COMPACTED);
            }
            while (target.hasRemaining() && left.hasNext()) {
                ByteBuffer keyValue = keyValue(view, left.next());
                if (given.encodedBytes > noted.encodedBytes || !left.hasNext() && !given.isLike(noted)) {
                    throw state.damaged("key-values are not of the length or of the keys that name them");
                }
                write(keyValue, target);
            }
        }
        hold.renew();
    }

    private void write(ByteBuffer keyValue, ByteBuffer target) {
        int bytes = encodedBytes(keyValue.remaining());
        ByteBuffer to = target;
        if (bytes > target.remaining()) {
            begun = ByteBuffer.allocate(bytes);
            to = begun;
        }
        putPrefix(to, keyValue.remaining());
        to.put(keyValue);
        if (to != target) {
            begun.flip();
            transfer(begun, target);
        }
    }

    /** Where it lies. */
    private ByteBuffer keyValue(ReadView view, Revision revision) {
        Version recent = HistoryReader.recent(view, revision);
        ByteBuffer keyValue;
        Revision id;
        if (recent != null) {
            id = recent.state().id();
            keyValue = recent.keyValue().asReadOnlyByteBuffer();
        } else {
            ByteBuffer record = view.record(revision);
            if (record == null || RevisionRecord.isTombstone(record)) {
                throw state.damaged("a key lives at revision " + revision + ", which is missing or deletes it");
            }
            id = RevisionRecord.idOf(revision, record);
            keyValue = RevisionRecord.keyValueBuffer(record);
        }
        given.add(id, keyValue.remaining());
        return keyValue;
    }

    /** Lets compaction go on. */
    @Override
    public void close() {
        hold.close();
    }
}
