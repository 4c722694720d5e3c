package dev.cairn.mvcc.backend;

import java.nio.ByteBuffer;

/**
 * A place in one table. Confined to the thread of its transaction. The moving methods answer whether there is a pair there;
 * after false the place is undefined until the next seek.
 */
public interface Cursor extends AutoCloseable {
    /** Moves to the first pair whose key is not less than the given one. */
    boolean seek(byte[] key);

    boolean first();

    boolean last();

    boolean next();

    boolean previous();

    /** The key here; valid until the cursor moves. */
    ByteBuffer key();

    /** The value here; valid until the cursor moves. */
    ByteBuffer value();

    @Override
    void close();
}
