package dev.cairn.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.cairn.mvcc.RangeRest;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RangeStreamResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A {@code RangeResponse} on its way out, alone or as a {@code RangeStreamResponse}, made of key-values that are encoded already: they are
 * copied behind their tags and never decoded. Whoever does not pass it on closes it.
 */
final class RangeAnswer implements AutoCloseable {
    /** With what goes before it, a message still has to have a length. */
    private static final int BYTES_MAX = Integer.MAX_VALUE - 64;

    /** Writes answers; it is never asked to read one. */
    static final MethodDescriptor.Marshaller<RangeAnswer> MARSHALLER = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(RangeAnswer answer) {
            return new RangeAnswerStream(answer);
        }

        @Override
        public RangeAnswer parse(InputStream stream) {
            throw new IllegalStateException("a server sends range responses and receives none");
        }
    };

    private final @Nullable ResponseHeader header;
    private final RangeResult result;
    private final boolean inStream;
    private final int headerSize;
    private final int endSize;
    private final long responseSize;

    private RangeAnswer(@Nullable ResponseHeader header, RangeResult result, boolean inStream) {
        this.header = header;
        this.result = result;
        this.inStream = inStream;
        headerSize =
                header == null ? 0 : CodedOutputStream.computeMessageSize(RangeResponse.HEADER_FIELD_NUMBER, header);
        endSize = endSize(result);
        long fields = 0;
        for (ByteString keyValue : result.keyValues()) {
            fields += CodedOutputStream.computeBytesSize(RangeResponse.KVS_FIELD_NUMBER, keyValue);
        }
        RangeRest rest = result.rest();
        responseSize = headerSize + endSize + fields + (rest == null ? 0 : rest.encodedBytes());
    }

    /** The answer to a {@code Range}. */
    static RangeAnswer whole(ResponseHeader header, RangeResult result) {
        return new RangeAnswer(header, result, false);
    }

    /** Some of the answer to a {@code RangeStream}; only the last has a header. */
    static RangeAnswer chunk(@Nullable ResponseHeader header, RangeResult result) {
        return new RangeAnswer(header, result, true);
    }

    private static int endSize(RangeResult result) {
        int size = 0;
        if (result.more()) {
            size += CodedOutputStream.computeBoolSize(RangeResponse.MORE_FIELD_NUMBER, true);
        }
        if (result.count() != 0) {
            size += CodedOutputStream.computeInt64Size(RangeResponse.COUNT_FIELD_NUMBER, result.count());
        }
        return size;
    }

    RangeResult result() {
        return result;
    }

    /** The length of what goes before the key-values. */
    int beginSize() {
        return (int) (encodedSize() - responseSize) + headerSize;
    }

    void writeBegin(CodedOutputStream out) throws IOException {
        if (inStream) {
            out.writeTag(RangeStreamResponse.RANGE_RESPONSE_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
            out.writeUInt32NoTag((int) responseSize);
        }
        if (header != null) {
            out.writeMessage(RangeResponse.HEADER_FIELD_NUMBER, header);
        }
    }

    void writeEnd(CodedOutputStream out) throws IOException {
        if (result.more()) {
            out.writeBool(RangeResponse.MORE_FIELD_NUMBER, true);
        }
        if (result.count() != 0) {
            out.writeInt64(RangeResponse.COUNT_FIELD_NUMBER, result.count());
        }
    }

    /** Of what follows the key-values. */
    int endSize() {
        return endSize;
    }

    long encodedSize() {
        if (!inStream) {
            return responseSize;
        }
        return CodedOutputStream.computeTagSize(RangeStreamResponse.RANGE_RESPONSE_FIELD_NUMBER)
                + CodedOutputStream.computeUInt64SizeNoTag(responseSize)
                + responseSize;
    }

    /** Gives back what it holds of the store. Idempotent. */
    @Override
    public void close() {
        result.close();
    }

    /** Whether a message can be as long. */
    boolean fits() {
        return encodedSize() <= BYTES_MAX;
    }

    /** What etcd says then. */
    StatusRuntimeException tooLong() {
        return Status.RESOURCE_EXHAUSTED
                .withDescription("grpc: trying to send message larger than max (" + encodedSize() + " vs. "
                        + Integer.MAX_VALUE + ")")
                .asRuntimeException();
    }
}
