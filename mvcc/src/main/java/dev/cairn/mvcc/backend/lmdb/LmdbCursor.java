package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.Cursor;
import java.nio.ByteBuffer;
import org.lmdbjava.GetOp;

/** A cursor of one transaction. Confined to its thread; closed at the latest with its transaction. */
final class LmdbCursor implements Cursor {
    private final org.lmdbjava.Cursor<ByteBuffer> cursor;
    private final ByteBuffer keyBuffer = ByteBuffer.allocateDirect(Backend.KEY_BYTES_MAX);
    private boolean closed;

    LmdbCursor(org.lmdbjava.Cursor<ByteBuffer> cursor) {
        this.cursor = cursor;
    }

    @Override
    public boolean seek(byte[] key) {
        checkOpen();
        return cursor.get(keyBuffer.clear().put(key).flip(), GetOp.MDB_SET_RANGE);
    }

    @Override
    public boolean first() {
        checkOpen();
        return cursor.first();
    }

    @Override
    public boolean last() {
        checkOpen();
        return cursor.last();
    }

    @Override
    public boolean next() {
        checkOpen();
        return cursor.next();
    }

    @Override
    public boolean previous() {
        checkOpen();
        return cursor.prev();
    }

    @Override
    public ByteBuffer key() {
        checkOpen();
        return cursor.key();
    }

    @Override
    public ByteBuffer value() {
        checkOpen();
        return cursor.val();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the cursor is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            cursor.close();
        }
    }
}
