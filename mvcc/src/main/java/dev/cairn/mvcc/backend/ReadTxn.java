package dev.cairn.mvcc.backend;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A view of one committed state. Confined to the thread that opened it.
 *
 * <p>Buffers handed out are views of the storage's own memory: read-only by contract, valid until the next call on the same
 * transaction or cursor, never after close. Copy what must live longer. A buffer is the key or value as a whole: it begins at 0,
 * and its capacity is the length. Its position and limit may be changed.
 */
public interface ReadTxn extends AutoCloseable {
    /** The value of the key; null when there is none. */
    @Nullable
    ByteBuffer get(TableRef table, byte[] key);

    /** A cursor before the first pair. It ends with the transaction; closing it earlier frees its place. */
    Cursor cursor(TableRef table);

    /** The number of pairs in the table. */
    long entries(TableRef table);

    @Override
    void close();
}
