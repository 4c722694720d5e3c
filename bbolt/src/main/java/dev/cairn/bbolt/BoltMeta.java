package dev.cairn.bbolt;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a meta page says. Immutable. Page numbers are as found: unsigned and unchecked.
 *
 * @param root the page with the root bucket's root
 * @param freelist the first page of the list of free pages, or {@link BoltFormat#NO_FREELIST}
 * @param highWater one more than the highest page that was ever used
 * @param transaction the number of the commit that wrote it
 */
record BoltMeta(int pageSize, long root, long sequence, long freelist, long highWater, long transaction) {
    /** The meta in the page that begins at the buffer's position; null when there is no valid one. */
    static @Nullable BoltMeta decode(ByteBuffer from) {
        if (from.remaining() < BoltFormat.PAGE_HEADER_BYTES + BoltFormat.META_BYTES) {
            return null;
        }
        int at = from.position() + BoltFormat.PAGE_HEADER_BYTES;
        if (from.getInt(at) != BoltFormat.MAGIC
                || from.getInt(at + 4) != BoltFormat.VERSION
                || from.getLong(at + 56) != BoltFormat.checksum(from, at)) {
            return null;
        }
        return new BoltMeta(
                from.getInt(at + 8),
                from.getLong(at + 16),
                from.getLong(at + 24),
                from.getLong(at + 32),
                from.getLong(at + 40),
                from.getLong(at + 48));
    }

    /** The whole page. */
    ByteBuffer encode(long page) {
        ByteBuffer to = BoltFormat.buffer(pageSize);
        BoltFormat.putPageHeader(to, page, BoltFormat.META, 0, 0);
        to.putInt(BoltFormat.MAGIC)
                .putInt(BoltFormat.VERSION)
                .putInt(pageSize)
                .putInt(0)
                .putLong(root)
                .putLong(sequence)
                .putLong(freelist)
                .putLong(highWater)
                .putLong(transaction)
                .putLong(BoltFormat.checksum(to, BoltFormat.PAGE_HEADER_BYTES));
        return to.clear();
    }
}
