package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.WireFormat;
import dev.cairn.proto.mvccpb.KeyValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * Writes {@code mvccpb.KeyValue} in the canonical form, on whose bytes the hashes of all members agree: fields in ascending
 * order, zeros and empty bytes left out.
 */
final class KeyValues {
    private KeyValues() {}

    static ByteString encode(ByteString key, long create, long mod, long version, ByteString value, long lease) {
        byte[] encoded = new byte[size(key, create, mod, version, value, lease)];
        CodedOutputStream out = CodedOutputStream.newInstance(encoded);
        try {
            write(out, key, create, mod, version, value, lease);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        out.checkNoSpaceLeft();
        return UnsafeByteOperations.unsafeWrap(encoded);
    }

    private static int size(ByteString key, long create, long mod, long version, ByteString value, long lease) {
        return bytesSize(KeyValue.KEY_FIELD_NUMBER, key)
                + numbersSize(create, mod, version)
                + bytesSize(KeyValue.VALUE_FIELD_NUMBER, value)
                + longSize(KeyValue.LEASE_FIELD_NUMBER, lease);
    }

    private static void write(
            CodedOutputStream out, ByteString key, long create, long mod, long version, ByteString value, long lease)
            throws IOException {
        writeBytes(out, KeyValue.KEY_FIELD_NUMBER, key);
        writeNumbers(out, create, mod, version);
        writeBytes(out, KeyValue.VALUE_FIELD_NUMBER, value);
        writeLong(out, KeyValue.LEASE_FIELD_NUMBER, lease);
    }

    /** The length of what {@link #writeWithoutValue} writes. */
    static int sizeWithoutValue(int keyBytes, long create, long mod, long version) {
        return CodedOutputStream.computeTagSize(KeyValue.KEY_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(keyBytes)
                + keyBytes
                + numbersSize(create, mod, version);
    }

    /** What remains of the buffer is the key; it is left as it is, as a cursor has one buffer for all who ask. */
    static void writeWithoutValue(CodedOutputStream out, ByteBuffer key, long create, long mod, long version)
            throws IOException {
        out.writeTag(KeyValue.KEY_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(key.remaining());
        int begin = key.position();
        out.write(key);
        key.position(begin);
        writeNumbers(out, create, mod, version);
    }

    /** A tombstone as it is stored: the key alone. */
    static ByteString tombstone(ByteString key) {
        return encode(key, 0, 0, 0, ByteString.EMPTY, 0);
    }

    /** A delete as watchers see it: the key and when it was deleted. */
    static ByteString deleteEvent(ByteString key, long mod) {
        return encode(key, 0, mod, 0, ByteString.EMPTY, 0);
    }

    static KeyValue decode(ByteString encoded) {
        try {
            return KeyValue.parseFrom(encoded);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a stored key-value of " + encoded.size() + " bytes does not decode", e);
        }
    }

    /** The key of an encoded key-value, which is not empty. The buffer is left as it is. */
    static ByteString keyOf(ByteBuffer encoded) {
        CodedInputStream in = CodedInputStream.newInstance(encoded.duplicate());
        try {
            if (WireFormat.getTagFieldNumber(in.readTag()) != KeyValue.KEY_FIELD_NUMBER) {
                throw new IllegalStateException("a stored key-value has no key");
            }
            return in.readBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int bytesSize(int field, ByteString bytes) {
        return bytes.isEmpty() ? 0 : CodedOutputStream.computeBytesSize(field, bytes);
    }

    private static int numbersSize(long create, long mod, long version) {
        return longSize(KeyValue.CREATE_REVISION_FIELD_NUMBER, create)
                + longSize(KeyValue.MOD_REVISION_FIELD_NUMBER, mod)
                + longSize(KeyValue.VERSION_FIELD_NUMBER, version);
    }

    private static void writeNumbers(CodedOutputStream out, long create, long mod, long version) throws IOException {
        writeLong(out, KeyValue.CREATE_REVISION_FIELD_NUMBER, create);
        writeLong(out, KeyValue.MOD_REVISION_FIELD_NUMBER, mod);
        writeLong(out, KeyValue.VERSION_FIELD_NUMBER, version);
    }

    private static int longSize(int field, long number) {
        return number == 0 ? 0 : CodedOutputStream.computeInt64Size(field, number);
    }

    private static void writeBytes(CodedOutputStream out, int field, ByteString bytes) throws IOException {
        if (!bytes.isEmpty()) {
            out.writeBytes(field, bytes);
        }
    }

    private static void writeLong(CodedOutputStream out, int field, long number) throws IOException {
        if (number != 0) {
            out.writeInt64(field, number);
        }
    }
}
