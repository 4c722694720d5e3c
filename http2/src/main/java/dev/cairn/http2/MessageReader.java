package dev.cairn.http2;

import io.grpc.Decompressor;
import io.grpc.KnownLength;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufInputStream;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the data of one stream into messages. Confined to the connection's event loop.
 *
 * <p>It holds the part of a message that has come, in a buffer that grows with what really came and not with what the prefix
 * announces: a client that announces long messages and sends none costs nothing.
 */
final class MessageReader {
    /** One byte that tells of compression, four of length. */
    static final int PREFIX_BYTES = 5;

    private static final int FIRST_BUFFER_BYTES = 4096;

    private final int bytesMax;
    private final @Nullable Decompressor decompressor;

    private int prefixBytes;
    private boolean compressed;
    private int length;
    private byte[] body = {};
    private int bodyBytes;

    /** @param decompressor for messages that are compressed; null when the call has not said how */
    MessageReader(int bytesMax, @Nullable Decompressor decompressor) {
        this.bytesMax = bytesMax;
        this.decompressor = decompressor;
    }

    /** Whether the data ended in the middle of a message. */
    boolean isWithin() {
        return prefixBytes > 0;
    }

    /**
     * Takes bytes up to the end of the next message.
     *
     * @return the message, good until the next call and as long as the data is; null when it is not there as a whole yet, and all bytes
     *     have been taken then
     * @throws StatusRuntimeException when the message cannot be accepted
     */
    @Nullable
    InputStream read(ByteBuf data) {
        while (prefixBytes < PREFIX_BYTES) {
            if (!data.isReadable()) {
                return null;
            }
            takePrefix(data.readUnsignedByte());
        }
        if (bodyBytes == 0 && data.readableBytes() >= length) {
            prefixBytes = 0;
            return decoded(new Message(data.readSlice(length)));
        }
        int step = Math.min(data.readableBytes(), length - bodyBytes);
        if (bodyBytes + step > body.length) {
            body = Arrays.copyOf(
                    body, Math.min(length, Math.max(FIRST_BUFFER_BYTES, Math.max(2 * body.length, bodyBytes + step))));
        }
        data.readBytes(body, bodyBytes, step);
        bodyBytes += step;
        if (bodyBytes < length) {
            return null;
        }
        Message message = new Message(Unpooled.wrappedBuffer(body, 0, length));
        prefixBytes = 0;
        bodyBytes = 0;
        body = new byte[0];
        return decoded(message);
    }

    private void takePrefix(int next) {
        if (prefixBytes == 0) {
            if (next > 1) {
                throw Status.INTERNAL
                        .withDescription("grpc: received unexpected payload format " + next)
                        .asRuntimeException();
            }
            compressed = next == 1;
            if (compressed && decompressor == null) {
                throw Status.INTERNAL
                        .withDescription("grpc: compressed flag set with identity or empty encoding")
                        .asRuntimeException();
            }
            length = 0;
        } else {
            length = length << Byte.SIZE | next;
        }
        prefixBytes++;
        if (prefixBytes == PREFIX_BYTES && (length < 0 || length > bytesMax)) {
            throw Status.RESOURCE_EXHAUSTED
                    .withDescription("grpc: received message larger than max (" + Integer.toUnsignedString(length)
                            + " vs. " + bytesMax + ")")
                    .asRuntimeException();
        }
    }

    private InputStream decoded(Message message) {
        Decompressor known = decompressor;
        if (!compressed || known == null) {
            return message;
        }
        try (InputStream plain = known.decompress(message)) {
            byte[] bytes = plain.readNBytes(bytesMax + 1);
            if (bytes.length > bytesMax) {
                throw Status.RESOURCE_EXHAUSTED
                        .withDescription("grpc: received message after decompression larger than max " + bytesMax)
                        .asRuntimeException();
            }
            return new Message(Unpooled.wrappedBuffer(bytes));
        } catch (IOException e) {
            throw Status.INTERNAL
                    .withDescription("grpc: failed to decompress the received message: " + e.getMessage())
                    .asRuntimeException();
        }
    }

    /** A message whose length is known, so that its parser needs no second look. */
    private static final class Message extends ByteBufInputStream implements KnownLength {
        Message(ByteBuf bytes) {
            super(bytes);
        }
    }
}
