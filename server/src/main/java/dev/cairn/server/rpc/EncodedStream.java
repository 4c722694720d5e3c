package dev.cairn.server.rpc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A message of known length that writes itself, as gRPC wants to have it: the transport asks its length and drains it into
 * its own buffers. Only a fallback path reads it byte by byte, and only that makes a copy. Confined to one thread.
 */
final class EncodedStream extends InputStream implements Drainable, KnownLength {
    /** Writes exactly the bytes of the message. */
    interface Writer {
        void writeTo(OutputStream target) throws IOException;
    }

    private final int size;
    private final Writer writer;
    private @Nullable ByteArrayInputStream copy;
    private boolean drained;

    EncodedStream(int size, Writer writer) {
        this.size = size;
        this.writer = writer;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        if (copy != null) {
            return (int) copy.transferTo(target);
        }
        if (drained) {
            return 0;
        }
        drained = true;
        writer.writeTo(target);
        return size;
    }

    @Override
    public int available() {
        if (copy != null) {
            return copy.available();
        }
        return drained ? 0 : size;
    }

    @Override
    public int read() {
        return drained ? -1 : copy().read();
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        return drained ? -1 : copy().read(target, offset, length);
    }

    private ByteArrayInputStream copy() {
        ByteArrayInputStream bytes = copy;
        if (bytes == null) {
            ByteArrayOutputStream encoded = new ByteArrayOutputStream(size);
            try {
                writer.writeTo(encoded);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            bytes = new ByteArrayInputStream(encoded.toByteArray());
            copy = bytes;
        }
        return bytes;
    }
}
