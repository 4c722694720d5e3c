package dev.cairn.mvcc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import java.nio.ByteBuffer;

/**
 * The end of a range that is too long to be kept as single key-values: it is handed out piece by piece, in the form in which the answer
 * shows it. Confined to one thread at a time.
 */
public abstract sealed class RangeRest implements AutoCloseable permits StoredRest, KeysRest {
    /** The most that {@link #putPrefix} writes. */
    public static final int PREFIX_BYTES_MAX = 6;

    static final byte KEY_VALUE_TAG = RangeResponse.KVS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    RangeRest() {}

    /** While the range is evaluated: one more, at which the walk stands. */
    abstract void add(RangeCursor cursor);

    /** Writes what goes before a key-value of so many bytes in a {@link RangeResponse}: its tag and its length. */
    public static void putPrefix(ByteBuffer to, int keyValueBytes) {
        to.put(KEY_VALUE_TAG);
        int left = keyValueBytes;
        for (; left > 0x7f; left >>>= 7) {
            to.put((byte) (left | 0x80));
        }
        to.put((byte) left);
    }

    /** Moves as much from one buffer to the other as there is and as there is room for. */
    static void transfer(ByteBuffer from, ByteBuffer to) {
        int bytes = Math.min(from.remaining(), to.remaining());
        to.put(from.slice(from.position(), bytes));
        from.position(from.position() + bytes);
    }

    /** The length of an encoded key-value with what goes before it. */
    static int encodedBytes(int keyValueBytes) {
        return 1 + CodedOutputStream.computeUInt32SizeNoTag(keyValueBytes) + keyValueBytes;
    }

    /** How many key-values there are, those that have been read included. */
    public abstract int keyValues();

    /** The length of all of them as fields of a {@link RangeResponse}. */
    public abstract long encodedBytes();

    /** Whether {@link #read} has more to give. */
    public abstract boolean hasMore();

    /**
     * Writes what comes next of the key-values, in key order and as fields of a {@link RangeResponse}, until the target is full or all are
     * written. The store may be looked at meanwhile, so the target should be a short one.
     *
     * @throws KvException COMPACTED when this was not read for so long that compaction has gone on
     */
    public abstract void read(ByteBuffer target) throws KvException;

    /** Gives up what is held of the store. Idempotent. */
    @Override
    public abstract void close();
}
