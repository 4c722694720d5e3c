package dev.cairn.mvcc.backend;

import java.nio.ByteBuffer;

/**
 * The one transaction that changes the tables. Sees its own changes. Confined to the thread that opened it. Closing without
 * {@link #commit} undoes everything. Cursors opened here must be closed before the next change.
 */
public interface WriteTxn extends ReadTxn {
    /**
     * Makes room for a value of the key, replacing the old one. The caller fills the buffer completely before its next call.
     */
    ByteBuffer reserve(TableRef table, byte[] key, int valueBytes);

    /** As {@link #reserve}, for a key that is greater than every key in the table. */
    ByteBuffer append(TableRef table, byte[] key, int valueBytes);

    default void put(TableRef table, byte[] key, byte[] value) {
        reserve(table, key, value.length).put(value);
    }

    /** Removes the key; answers whether it was there. */
    boolean delete(TableRef table, byte[] key);

    /**
     * Makes all changes durable and visible, at once. The transaction is over whether or not this succeeds.
     *
     * @throws BackendException when it cannot; then nothing was changed
     */
    void commit();
}
