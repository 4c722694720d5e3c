package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.cairn.proto.mvccpb.KeyValue;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What an encoded {@code mvccpb.KeyValue} says, except its value, which may be long and is passed over. Immutable.
 *
 * @param key empty when it has none, as in the mark of a bumped revision, which is no bytes at all
 */
public record KeyValueFields(ByteString key, long create, long mod, long version, long lease) {
    /** What a key-value in the canonical form begins with. */
    static final int KEY_TAG = KeyValue.KEY_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private static final int CREATE_TAG = KeyValue.CREATE_REVISION_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int MOD_TAG = KeyValue.MOD_REVISION_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int VERSION_TAG = KeyValue.VERSION_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int LEASE_TAG = KeyValue.LEASE_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;

    /** @throws IOException when the bytes are no message */
    public static KeyValueFields decode(byte[] encoded) throws IOException {
        return decode(CodedInputStream.newInstance(encoded));
    }

    /** As above. */
    public static KeyValueFields decode(ByteString encoded) throws IOException {
        return decode(encoded.newCodedInput());
    }

    /** As above; the buffer is left as it is. */
    static KeyValueFields decode(ByteBuffer encoded) throws IOException {
        return decode(CodedInputStream.newInstance(encoded.duplicate()));
    }

    private static KeyValueFields decode(CodedInputStream in) throws IOException {
        ByteString key = ByteString.EMPTY;
        long create = 0;
        long mod = 0;
        long version = 0;
        long lease = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case KEY_TAG -> key = in.readBytes();
                case CREATE_TAG -> create = in.readInt64();
                case MOD_TAG -> mod = in.readInt64();
                case VERSION_TAG -> version = in.readInt64();
                case LEASE_TAG -> lease = in.readInt64();
                default -> {
                    if (!in.skipField(tag)) {
                        throw new InvalidProtocolBufferException("a group ends that did not begin");
                    }
                }
            }
        }
        return new KeyValueFields(key, create, mod, version, lease);
    }
}
