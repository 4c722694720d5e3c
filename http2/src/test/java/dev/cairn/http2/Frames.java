package dev.cairn.http2;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What a client sends, put together by hand. */
final class Frames {
    private Frames() {}

    /** The header of a frame. */
    static byte[] head(int length, int type, int flags, int stream) {
        return new byte[] {
            (byte) (length >> 16),
            (byte) (length >> 8),
            (byte) length,
            (byte) type,
            (byte) flags,
            (byte) (stream >> 24),
            (byte) (stream >> 16),
            (byte) (stream >> 8),
            (byte) stream
        };
    }

    /** A block of headers that begins a call; more are names and values. */
    static byte[] block(String path, String... more) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        // POST and http, of the table that never changes.
        block.write(0x83);
        block.write(0x86);
        literal(block, ":path", path);
        literal(block, "content-type", "application/grpc");
        for (int i = 0; i < more.length; i += 2) {
            literal(block, more[i], more[i + 1]);
        }
        return block.toByteArray();
    }

    private static void literal(ByteArrayOutputStream block, String name, String value) {
        block.write(0);
        block.write(name.length());
        block.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        block.write(value.length());
        block.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }

    /** A message of so many zeros, as gRPC frames it. */
    static byte[] message(int length) {
        byte[] message = new byte[MessageReader.PREFIX_BYTES + length];
        ByteBuffer.wrap(message).put((byte) 0).putInt(length);
        return message;
    }
}
