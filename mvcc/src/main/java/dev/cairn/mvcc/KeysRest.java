package dev.cairn.mvcc;

import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** A range of keys only, which holds nothing of the store: they are encoded in one piece of memory behind the other. */
final class KeysRest extends RangeRest {
    private static final int FIRST_CHUNK_BYTES = 256;
    private static final int CHUNK_BYTES_MAX = 16 << 10;

    /** Those that are full are ready to be read; the last one is written by {@link #out}. */
    private final Deque<ByteBuffer> chunks = new ArrayDeque<>();

    private CodedOutputStream out = CodedOutputStream.newInstance(new byte[0]);
    private int keyValues;
    private long encodedBytes;

    @Override
    void add(RangeCursor cursor) {
        ByteBuffer key = cursor.keyBuffer();
        long create = cursor.create();
        long mod = cursor.mod();
        long version = cursor.versionNumber();
        int length = KeyValues.sizeWithoutValue(key.remaining(), create, mod, version);
        int bytes = encodedBytes(length);
        if (out.spaceLeft() < bytes) {
            int usual = chunks.isEmpty()
                    ? FIRST_CHUNK_BYTES
                    : Math.min(2 * chunks.getLast().capacity(), CHUNK_BYTES_MAX);
            ByteBuffer chunk = ByteBuffer.allocate(Math.max(bytes, usual)).limit(0);
            chunks.add(chunk);
            out = CodedOutputStream.newInstance(chunk.array());
        }
        try {
            out.write(KEY_VALUE_TAG);
            out.writeUInt32NoTag(length);
            KeyValues.writeWithoutValue(out, key, create, mod, version);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ByteBuffer chunk = chunks.getLast();
        chunk.limit(chunk.limit() + bytes);
        keyValues++;
        encodedBytes += bytes;
    }

    @Override
    public int keyValues() {
        return keyValues;
    }

    @Override
    public long encodedBytes() {
        return encodedBytes;
    }

    @Override
    public boolean hasMore() {
        return !chunks.isEmpty();
    }

    @Override
    public void read(ByteBuffer target) {
        while (target.hasRemaining() && !chunks.isEmpty()) {
            ByteBuffer chunk = chunks.element();
            transfer(chunk, target);
            if (!chunk.hasRemaining()) {
                chunks.remove();
            }
        }
    }

    @Override
    public void close() {
        chunks.clear();
    }
}
