package dev.cairn.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;

/**
 * A {@code RangeResponse} on its way out, made of key-values that are encoded already: they are copied behind their tags
 * and never decoded. Immutable.
 */
record RangeAnswer(ResponseHeader header, RangeResult result) {
    private static final int COPY_BUFFER_BYTES = 16 * 1024;

    /** Writes answers; it is never asked to read one. */
    static final MethodDescriptor.Marshaller<RangeAnswer> MARSHALLER = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(RangeAnswer answer) {
            int size = answer.encodedSize();
            // Small answers need no more buffer than themselves; large values pass the buffer by.
            int bufferBytes = Math.min(size, COPY_BUFFER_BYTES);
            return new EncodedStream(
                    size, target -> answer.writeTo(CodedOutputStream.newInstance(target, bufferBytes)));
        }

        @Override
        public RangeAnswer parse(InputStream stream) {
            throw new IllegalStateException("a server sends range responses and receives none");
        }
    };

    int encodedSize() {
        int size = CodedOutputStream.computeMessageSize(RangeResponse.HEADER_FIELD_NUMBER, header);
        for (ByteString keyValue : result.keyValues()) {
            size += CodedOutputStream.computeBytesSize(RangeResponse.KVS_FIELD_NUMBER, keyValue);
        }
        if (result.more()) {
            size += CodedOutputStream.computeBoolSize(RangeResponse.MORE_FIELD_NUMBER, true);
        }
        if (result.count() != 0) {
            size += CodedOutputStream.computeInt64Size(RangeResponse.COUNT_FIELD_NUMBER, result.count());
        }
        return size;
    }

    private void writeTo(CodedOutputStream out) throws IOException {
        out.writeMessage(RangeResponse.HEADER_FIELD_NUMBER, header);
        for (ByteString keyValue : result.keyValues()) {
            // On the wire an embedded message is its bytes behind their length.
            out.writeBytes(RangeResponse.KVS_FIELD_NUMBER, keyValue);
        }
        if (result.more()) {
            out.writeBool(RangeResponse.MORE_FIELD_NUMBER, true);
        }
        if (result.count() != 0) {
            out.writeInt64(RangeResponse.COUNT_FIELD_NUMBER, result.count());
        }
        out.flush();
    }
}
