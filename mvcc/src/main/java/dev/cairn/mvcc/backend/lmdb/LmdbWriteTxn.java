package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.LmdbException;
import org.lmdbjava.PutFlags;
import org.lmdbjava.Txn;

/** The write transaction. Confined to the thread that opened it, as LMDB's writer lock is. */
final class LmdbWriteTxn implements WriteTxn {
    private final LmdbBackend backend;
    private final LmdbEnvironment environment;
    private final Txn<ByteBuffer> txn;
    private final ByteBuffer keyBuffer = ByteBuffer.allocateDirect(Backend.KEY_BYTES_MAX);
    private final ArrayDeque<LmdbCursor> cursors = new ArrayDeque<>();
    private boolean closed;

    LmdbWriteTxn(LmdbBackend backend, LmdbEnvironment environment) {
        this.backend = backend;
        this.environment = environment;
        try {
            this.txn = environment.txnWrite();
        } catch (LmdbException e) {
            throw new BackendException("cannot begin to write", e);
        }
    }

    @Override
    public @Nullable ByteBuffer get(TableRef table, byte[] key) {
        checkOpen();
        try {
            return environment.dbi(table).get(txn, keyOf(key));
        } catch (LmdbException e) {
            throw new BackendException("cannot read from " + table.name(), e);
        }
    }

    @Override
    public Cursor cursor(TableRef table) {
        checkOpen();
        LmdbCursor cursor = new LmdbCursor(environment.dbi(table).openCursor(txn), keyBuffer, null);
        cursors.push(cursor);
        return cursor;
    }

    @Override
    public long entries(TableRef table) {
        checkOpen();
        return environment.dbi(table).stat(txn).entries;
    }

    @Override
    public ByteBuffer reserve(TableRef table, byte[] key, int valueBytes) {
        return reserve(table, key, valueBytes, new PutFlags[0]);
    }

    @Override
    public ByteBuffer append(TableRef table, byte[] key, int valueBytes) {
        return reserve(table, key, valueBytes, PutFlags.MDB_APPEND);
    }

    private ByteBuffer reserve(TableRef table, byte[] key, int valueBytes, PutFlags... flags) {
        checkOpen();
        try {
            return environment.dbi(table).reserve(txn, keyOf(key), valueBytes, flags);
        } catch (LmdbException e) {
            throw new BackendException("cannot write " + valueBytes + " bytes to " + table.name(), e);
        }
    }

    @Override
    public boolean delete(TableRef table, byte[] key) {
        checkOpen();
        try {
            return environment.dbi(table).delete(txn, keyOf(key));
        } catch (LmdbException e) {
            throw new BackendException("cannot delete from " + table.name(), e);
        }
    }

    @Override
    public void commit() {
        checkOpen();
        boolean committed = false;
        try {
            closeCursors();
            txn.commit();
            committed = true;
        } catch (LmdbException e) {
            throw new BackendException("cannot commit", e);
        } finally {
            end(committed);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closeCursors();
            end(false);
        }
    }

    private void end(boolean committed) {
        closed = true;
        try {
            txn.close();
        } finally {
            backend.written(committed);
        }
    }

    private void closeCursors() {
        for (LmdbCursor cursor = cursors.poll(); cursor != null; cursor = cursors.poll()) {
            cursor.close();
        }
    }

    private ByteBuffer keyOf(byte[] key) {
        return keyBuffer.clear().put(key).flip();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the transaction is closed");
        }
    }
}
