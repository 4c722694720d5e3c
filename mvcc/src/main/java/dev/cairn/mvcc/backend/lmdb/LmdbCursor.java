package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.GetOp;
import org.lmdbjava.LmdbException;
import org.lmdbjava.SeekOp;

/** A cursor of one transaction. Confined to its thread; closed at the latest with its transaction. */
final class LmdbCursor implements Cursor {
    private final org.lmdbjava.Cursor<ByteBuffer> cursor;
    private final ByteBuffer keyBuffer;
    private final MappedPages.@Nullable Walk walk;
    private boolean closed;

    /**
     * @param keyBuffer the transaction's room for a key that is sought
     * @param walk told of what is seen; null when nobody wants to know
     */
    LmdbCursor(org.lmdbjava.Cursor<ByteBuffer> cursor, ByteBuffer keyBuffer, MappedPages.@Nullable Walk walk) {
        this.cursor = cursor;
        this.keyBuffer = keyBuffer;
        this.walk = walk;
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
        ByteBuffer value = cursor.val();
        if (walk != null) {
            walk.passed(value.remaining());
        }
        return value;
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
