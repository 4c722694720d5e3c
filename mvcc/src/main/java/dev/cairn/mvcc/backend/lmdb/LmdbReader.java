package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.mvcc.backend.Backend;
import java.nio.ByteBuffer;
import org.lmdbjava.Txn;

/**
 * A native read transaction that is used many times: renewed on the state of the moment, reset into the pool. Belongs to one
 * {@link LmdbReadTxn} at a time.
 */
final class LmdbReader {
    final Txn<ByteBuffer> txn;
    final ByteBuffer keyBuffer = ByteBuffer.allocateDirect(Backend.KEY_BYTES_MAX);

    LmdbReader(Txn<ByteBuffer> txn) {
        this.txn = txn;
    }

    void renew() {
        txn.renew();
    }

    void reset() {
        txn.reset();
    }

    /** Frees the transaction for good. */
    void dispose() {
        txn.close();
    }
}
