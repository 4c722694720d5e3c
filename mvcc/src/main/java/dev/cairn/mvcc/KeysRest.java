package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** The end of a range of keys only, which holds nothing of the store: they are encoded in one piece of memory behind the other. */
final class KeysRest extends RangeRest {
    private static final int CHUNK_BYTES = 16 << 10;

    /** Those that are full are ready to be read; the last one is written by {@link #out}. */
    private final Deque<ByteBuffer> chunks = new ArrayDeque<>();

    private CodedOutputStream out = CodedOutputStream.newInstance(new byte[0]);
    private int keyValues;
    private long encodedBytes;

    @Override
    void add(RangeCursor cursor) {
        ByteString key = cursor.key();
        long create = cursor.create();
        long mod = cursor.revision().main();
        long version = cursor.versionNumber();
        int length = KeyValues.size(key, create, mod, version, ByteString.EMPTY, 0);
        int bytes = encodedBytes(length);
        if (out.spaceLeft() < bytes) {
            ByteBuffer chunk = ByteBuffer.allocate(Math.max(bytes, CHUNK_BYTES)).limit(0);
            chunks.add(chunk);
            out = CodedOutputStream.newInstance(chunk.array());
        }
        try {
            out.write(KEY_VALUE_TAG);
            out.writeUInt32NoTag(length);
            KeyValues.write(out, key, create, mod, version, ByteString.EMPTY, 0);
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
