package dev.cairn.http2;

import io.grpc.InternalStatus;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.internal.TransportFrameUtil;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Writes header blocks (RFC 7541) without a table: whatever is not a constant goes out as a literal that neither side remembers. So there is
 * no state to keep, and the headers of nearly all answers are constants. All methods are static and write from the buffer's writer index.
 */
final class HeaderWriter {
    /** The table of the client has no room from here on; said at the start of a connection's first block, so that it need not be said later. */
    static final byte NO_TABLE = 0x20;

    /** Status 200 is in the table that never changes. */
    private static final byte STATUS_200 = (byte) 0x88;

    private static final int LITERAL = 0;
    private static final int LENGTH_PREFIX_MAX = 0x7f;
    private static final int LENGTH_BITS = 7;

    private static final byte[] CONTENT_TYPE = literal("content-type", "application/grpc");
    private static final byte[] STATUS_OK = literal("grpc-status", "0");

    private HeaderWriter() {}

    private static byte[] literal(String name, String value) {
        // Both are shorter than a length needs a second byte for.
        byte[] encoded = new byte[3 + name.length() + value.length()];
        encoded[1] = (byte) name.length();
        System.arraycopy(name.getBytes(StandardCharsets.US_ASCII), 0, encoded, 2, name.length());
        encoded[2 + name.length()] = (byte) value.length();
        System.arraycopy(value.getBytes(StandardCharsets.US_ASCII), 0, encoded, 3 + name.length(), value.length());
        return encoded;
    }

    /** The headers before the first message. */
    static void writeHeaders(ByteBuf out, Metadata headers) {
        out.writeByte(STATUS_200).writeBytes(CONTENT_TYPE);
        writeMetadata(out, headers);
    }

    /** What ends a call, behind {@link #writeHeaders} or behind messages. */
    static void writeTrailers(ByteBuf out, Status status, Metadata trailers) {
        if (status.isOk() && status.getDescription() == null) {
            out.writeBytes(STATUS_OK);
        } else {
            Metadata outcome = new Metadata();
            outcome.put(InternalStatus.CODE_KEY, status);
            if (status.getDescription() != null) {
                outcome.put(InternalStatus.MESSAGE_KEY, status.getDescription());
            }
            writeMetadata(out, outcome);
        }
        trailers.discardAll(InternalStatus.CODE_KEY);
        trailers.discardAll(InternalStatus.MESSAGE_KEY);
        writeMetadata(out, trailers);
    }

    /** An answer to what is not a call of gRPC. */
    static void writeHttpError(ByteBuf out, int code) {
        writeLiteral(
                out,
                ":status".getBytes(StandardCharsets.US_ASCII),
                Integer.toString(code).getBytes(StandardCharsets.US_ASCII));
    }

    private static void writeMetadata(ByteBuf out, Metadata metadata) {
        if (metadata.keys().isEmpty()) {
            return;
        }
        byte[][] pairs = TransportFrameUtil.toHttp2Headers(metadata);
        for (int i = 0; i < pairs.length; i += 2) {
            writeLiteral(out, pairs[i], pairs[i + 1]);
        }
    }

    private static void writeLiteral(ByteBuf out, byte[] name, byte[] value) {
        out.writeByte(LITERAL);
        writeLength(out, name.length);
        out.writeBytes(name);
        writeLength(out, value.length);
        out.writeBytes(value);
    }

    private static void writeLength(ByteBuf out, int length) {
        if (length < LENGTH_PREFIX_MAX) {
            out.writeByte(length);
            return;
        }
        out.writeByte(LENGTH_PREFIX_MAX);
        int rest = length - LENGTH_PREFIX_MAX;
        while (rest >= 1 << LENGTH_BITS) {
            out.writeByte(rest & LENGTH_PREFIX_MAX | 1 << LENGTH_BITS);
            rest >>>= LENGTH_BITS;
        }
        out.writeByte(rest);
    }
}
