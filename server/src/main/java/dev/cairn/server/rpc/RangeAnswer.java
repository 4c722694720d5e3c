package dev.cairn.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import io.grpc.MethodDescriptor;
import java.io.InputStream;

/**
 * A {@code RangeResponse} on its way out, made of key-values that are encoded already: they are copied behind their tags
 * and never decoded. Immutable.
 */
record RangeAnswer(ResponseHeader header, RangeResult result) {
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

    int headerSize() {
        return CodedOutputStream.computeMessageSize(RangeResponse.HEADER_FIELD_NUMBER, header);
    }

    /** Of what follows the key-values. */
    int endSize() {
        int size = 0;
        if (result.more()) {
            size += CodedOutputStream.computeBoolSize(RangeResponse.MORE_FIELD_NUMBER, true);
        }
        if (result.count() != 0) {
            size += CodedOutputStream.computeInt64Size(RangeResponse.COUNT_FIELD_NUMBER, result.count());
        }
        return size;
    }

    int encodedSize() {
        int size = headerSize() + endSize();
        for (ByteString keyValue : result.keyValues()) {
            size += CodedOutputStream.computeBytesSize(RangeResponse.KVS_FIELD_NUMBER, keyValue);
        }
        return size;
    }
}
