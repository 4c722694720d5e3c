package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A range with what it has not kept. */
final class WholeRange {
    private WholeRange() {}

    /** All key-values; the result is closed. */
    static List<ByteString> keyValues(RangeResult result) throws KvException {
        try (result) {
            List<ByteString> all = new ArrayList<>(result.keyValues());
            RangeRest rest = result.rest();
            if (rest != null) {
                ByteBuffer read = ByteBuffer.allocate(Math.toIntExact(rest.encodedBytes()));
                while (rest.hasMore() && read.hasRemaining()) {
                    rest.read(read);
                }
                if (rest.hasMore()) {
                    throw new AssertionError("more bytes than were announced");
                }
                all.addAll(decoded(read));
            }
            return all;
        }
    }

    /** The key-values that were read of a rest; the buffer has to be full. */
    static List<ByteString> decoded(ByteBuffer read) {
        if (read.hasRemaining()) {
            throw new AssertionError(read.remaining() + " bytes less than were announced");
        }
        List<ByteString> keyValues = new ArrayList<>();
        try {
            RangeResponse.parseFrom(read.array())
                    .getKvsList()
                    .forEach(keyValue -> keyValues.add(keyValue.toByteString()));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("what was read is no response", e);
        }
        return keyValues;
    }
}
