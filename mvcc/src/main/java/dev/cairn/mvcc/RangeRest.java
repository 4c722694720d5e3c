package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.cairn.mvcc.KvException.Reason;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of a range that is too long to be kept in memory: of its key-values the revisions are noted, and their length in all. They are
 * read, piece by piece, as they are wanted. Confined to one thread at a time; each call of {@link #next} is one short look at the store.
 *
 * <p><b>Compaction</b> leaves them where they are until this is closed ({@link CompactionHolds}). It does not wait for ever: none is made
 * while a compaction waits, and one that has not been read for {@link #IDLE_MAX_NANOS} then loses its place.
 *
 * <p><b>Damage.</b> The client has been told how much is to come before any of it was read. What turns out to be of another length, or of other keys than
 * those that were counted, is not sent to its end.
 */
public final class RangeRest implements AutoCloseable {
    /** A minute. */
    public static final long IDLE_MAX_NANOS = 60_000_000_000L;

    private static final int PIECE_BYTES = 64 << 10;

    private final StoreState state;
    private final CompactionHolds.Hold hold;
    private final RevisionList revisions = new RevisionList();
    private final Tally noted = new Tally();
    private final Tally given = new Tally();
    private int read;

    /** What one has seen of key-values that pass by. */
    private static final class Tally {
        private long encodedBytes;

        // Differs, as good as always, where others passed or in another order.
        private long keys;

        void add(Revision id, int keyValueBytes) {
            encodedBytes += CodedOutputStream.computeTagSize(RangeResponse.KVS_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt32SizeNoTag(keyValueBytes)
                    + keyValueBytes;
            keys = 31 * (31 * keys + id.main()) + id.sub();
        }
    }

    /** @param hold taken while nothing that the range shows was compacted */
    RangeRest(StoreState state, CompactionHolds.Hold hold) {
        this.state = state;
        this.hold = hold;
    }

    /** While the range is evaluated: one more key-value, of so many bytes, and the id of its key. */
    void add(Revision revision, Revision id, int bytes) {
        revisions.add(revision);
        noted.add(id, bytes);
    }

    /** How many key-values there are, those that have been read included. */
    public int keyValues() {
        return revisions.size();
    }

    /** The length of all of them as fields of a {@link RangeResponse}. */
    public long encodedBytes() {
        return noted.encodedBytes;
    }

    /**
     * The next key-values in key order; empty behind the last.
     *
     * @throws KvException COMPACTED when the place was lost
     */
    public List<ByteString> next() throws KvException {
        List<ByteString> piece = new ArrayList<>();
        try (ReadView view = state.open()) {
            // Behind the opening: what is removed from now on is still in the view.
            if (hold.isBroken()) {
                throw new KvException(Reason.COMPACTED);
            }
            for (long bytes = 0; bytes < PIECE_BYTES && read < revisions.size(); read++) {
                ByteString keyValue = keyValue(view, revisions.get(read));
                piece.add(keyValue);
                bytes += keyValue.size();
            }
            if (given.encodedBytes > noted.encodedBytes) {
                throw state.damaged("key-values are longer than their keys say");
            }
            if (read == revisions.size() && (given.encodedBytes != noted.encodedBytes || given.keys != noted.keys)) {
                throw state.damaged("key-values are not of the length or of the keys that name them");
            }
        }
        hold.renew();
        return piece;
    }

    private ByteString keyValue(ReadView view, Revision revision) {
        Version recent = HistoryReader.recent(view, revision);
        if (recent != null) {
            given.add(recent.state().id(), recent.keyValue().size());
            return recent.keyValue();
        }
        ByteBuffer record = view.record(revision);
        if (record == null || RevisionRecord.isTombstone(record)) {
            throw state.damaged("a key lives at revision " + revision + ", which is missing or deletes it");
        }
        ByteString keyValue = RevisionRecord.keyValue(record);
        given.add(RevisionRecord.idOf(revision, record), keyValue.size());
        return keyValue;
    }

    /** Lets compaction go on. Idempotent. */
    @Override
    public void close() {
        hold.close();
    }
}
