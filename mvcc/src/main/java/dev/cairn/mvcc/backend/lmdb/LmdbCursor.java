package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import java.nio.ByteBuffer;
import org.lmdbjava.GetOp;
import org.lmdbjava.LmdbException;
import org.lmdbjava.SeekOp;

/** A cursor of one transaction. Confined to its thread; closed at the latest with its transaction. */
final class LmdbCursor implements Cursor {
    private final org.lmdbjava.Cursor<ByteBuffer> cursor;
    private final ByteBuffer keyBuffer;
    private boolean closed;

    /** {@code keyBuffer} is the transaction's room for a key that is sought. */
    LmdbCursor(org.lmdbjava.Cursor<ByteBuffer> cursor, ByteBuffer keyBuffer) {
        this.cursor = cursor;
        this.keyBuffer = keyBuffer;
    }

    @Override
    public boolean seek(byte[] key) {
        checkOpen();
        try {
            return cursor.get(keyBuffer.clear().put(key).flip(), GetOp.MDB_SET_RANGE);
        } catch (LmdbException e) {
            throw new BackendException("cannot seek", e);
        }
    }

    @Override
    public boolean first() {
        return move(SeekOp.MDB_FIRST);
    }

    @Override
    public boolean last() {
        return move(SeekOp.MDB_LAST);
    }

    @Override
    public boolean next() {
        return move(SeekOp.MDB_NEXT);
    }

    @Override
    public boolean previous() {
        return move(SeekOp.MDB_PREV);
    }

    private boolean move(SeekOp to) {
        checkOpen();
        try {
            return cursor.seek(to);
        } catch (LmdbException e) {
            throw new BackendException("cannot read on", e);
        }
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
