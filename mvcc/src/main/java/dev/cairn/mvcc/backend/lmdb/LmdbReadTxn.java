package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.LmdbException;

/**
 * One use of a pooled reader. Confined to the thread that opened it. The handle is never used again, so that one that was
 * closed cannot touch the next holder's transaction.
 */
final class LmdbReadTxn implements ReadTxn {
    private final LmdbBackend backend;
    private final LmdbEnvironment environment;
    private final LmdbReader reader;
    private final ArrayDeque<LmdbCursor> cursors = new ArrayDeque<>(2);
    private final MappedPages.Walk walk;
    private boolean closed;

    LmdbReadTxn(LmdbBackend backend, LmdbEnvironment environment) {
        this.backend = backend;
        this.environment = environment;
        this.reader = environment.takeReader();
        this.walk = environment.pages().walk();
    }

    @Override
    public @Nullable ByteBuffer get(TableRef table, byte[] key) {
        checkOpen();
        try {
            ByteBuffer value = environment
                    .dbi(table)
                    .get(reader.txn, reader.keyBuffer.clear().put(key).flip());
            if (value != null) {
                walk.found(value.remaining());
            }
            return value;
        } catch (LmdbException e) {
            throw new BackendException("cannot read from " + table.name(), e);
        }
    }

    @Override
    public Cursor cursor(TableRef table) {
        checkOpen();
        LmdbCursor cursor = new LmdbCursor(environment.dbi(table).openCursor(reader.txn), reader.keyBuffer, walk);
        cursors.push(cursor);
        return cursor;
    }

    @Override
    public long entries(TableRef table) {
        checkOpen();
        return environment.dbi(table).stat(reader.txn).entries;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the transaction is closed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            walk.end();
            for (LmdbCursor cursor = cursors.poll(); cursor != null; cursor = cursors.poll()) {
                cursor.close();
            }
            environment.giveBack(reader);
        } finally {
            backend.released();
        }
    }
}
