package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.cairn.mvcc.KvException.Reason;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of a range that is too long to be kept in memory: of its key-values the revisions are noted, and their length in all. They are
 * read again, piece by piece, as they are wanted. Confined to one thread at a time; each call of {@link #next} is one short look at the store.
 *
 * <p><b>Compaction</b> leaves them where they are until this is closed ({@link CompactionHolds}). It does not wait for ever: none is made
 * while a compaction waits, and one that has not been read for {@link #IDLE_MAX_NANOS} then loses its place.
 */
public final class RangeRest implements AutoCloseable {
    /** A minute. */
    public static final long IDLE_MAX_NANOS = 60_000_000_000L;

    private static final int PIECE_BYTES = 64 << 10;

    private final StoreState state;
    private final CompactionHolds.Hold hold;
    private final RevisionList revisions = new RevisionList();
    private long encodedBytes;
    private int read;

    /** @param hold taken while nothing that the range shows was compacted */
    RangeRest(StoreState state, CompactionHolds.Hold hold) {
        this.state = state;
        this.hold = hold;
    }

    /** While the range is evaluated: one more key-value, of so many bytes. */
    void add(Revision revision, int bytes) {
        revisions.add(revision);
        encodedBytes += CodedOutputStream.computeTagSize(RangeResponse.KVS_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(bytes)
                + bytes;
    }

    /** How many key-values there are, those that have been read included. */
    public int keyValues() {
        return revisions.size();
    }

    /** The length of all of them as fields of a {@link RangeResponse}. */
    public long encodedBytes() {
        return encodedBytes;
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
                Revision revision = revisions.get(read);
                ByteString keyValue = HistoryReader.keyValueAt(view, revision);
                if (keyValue == null) {
                    throw state.damaged("revision " + revision + " was there a moment ago and is missing");
                }
                piece.add(keyValue);
                bytes += keyValue.size();
            }
        }
        hold.renew();
        return piece;
    }

    /** Lets compaction go on. Idempotent. */
    @Override
    public void close() {
        hold.close();
    }
}
