package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Txn;

/**
 * A read transaction that is used many times: begun on the state of the moment, closed into the pool. Confined to the thread
 * that holds it, from {@link #begin} to {@link #close}.
 */
final class LmdbReadTxn implements ReadTxn {
    private final LmdbEnvironment environment;
    private final Txn<ByteBuffer> txn;
    private final ByteBuffer keyBuffer = ByteBuffer.allocateDirect(Backend.KEY_BYTES_MAX);
    private final ArrayDeque<LmdbCursor> cursors = new ArrayDeque<>();

    // Null while the transaction lies in the pool.
    private @Nullable LmdbBackend holder;
    private boolean fresh = true;

    LmdbReadTxn(LmdbEnvironment environment) {
        this.environment = environment;
        this.txn = environment.txnRead();
    }

    void begin(LmdbBackend backend) {
        if (fresh) {
            fresh = false;
        } else {
            txn.renew();
        }
        holder = backend;
    }

    @Override
    public @Nullable ByteBuffer get(TableRef table, byte[] key) {
        checkHeld();
        return environment.dbi(table).get(txn, keyBuffer.clear().put(key).flip());
    }

    @Override
    public Cursor cursor(TableRef table) {
        checkHeld();
        LmdbCursor cursor = new LmdbCursor(environment.dbi(table).openCursor(txn));
        cursors.push(cursor);
        return cursor;
    }

    @Override
    public long entries(TableRef table) {
        checkHeld();
        return environment.dbi(table).stat(txn).entries;
    }

    private void checkHeld() {
        if (holder == null) {
            throw new IllegalStateException("the transaction is closed");
        }
    }

    @Override
    public void close() {
        LmdbBackend backend = holder;
        if (backend == null) {
            return;
        }
        holder = null;
        for (LmdbCursor cursor = cursors.poll(); cursor != null; cursor = cursors.poll()) {
            cursor.close();
        }
        txn.reset();
        environment.giveBack(this);
        backend.released();
    }

    /** Frees the transaction for good. It lies in the pool. */
    void dispose() {
        txn.close();
    }
}
