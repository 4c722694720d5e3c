package dev.cairn.bbolt;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The layout of the file. All integers are little-endian; page n stands at n times the page size.
 *
 * <pre>
 * page      id 8 | flags 2 | count 2 | overflow 4 | content; overflow = further pages that belong to this one
 *
 * meta      magic 4 | version 4 | page size 4 | flags 4 | root page 8 | root sequence 8
 * (0 and 1)   | freelist page 8 | high water 8 | transaction 8 | checksum 8
 *           checksum = FNV-1a (64 bits) over the 56 bytes before it
 *
 * branch    count times: pos 4 | key length 4 | page 8;                      then the keys
 * leaf      count times: flags 4 | pos 4 | key length 4 | value length 4;    then the keys, each with its value behind it
 *           pos = from the start of the element to its key
 *
 * freelist  count times: page 8; if count is 0xFFFF the first 8 bytes are the real count
 *
 * bucket    root page 8 | sequence 8; if the root page is 0, a whole leaf page follows (an inline bucket)
 * (a value)
 * </pre>
 *
 * <p>Of the two metas the one with the higher transaction counts, if its checksum is right, else the other one. Pages from the
 * high water on are not used. A freelist page of {@link #NO_FREELIST} says that the free pages are those that no tree reaches.
 */
public final class BoltFormat {
    static final int MAGIC = 0xED0CDAED;
    static final int VERSION = 2;

    static final int PAGE_HEADER_BYTES = 16;
    static final int META_BYTES = 64;
    static final int META_CHECKED_BYTES = META_BYTES - Long.BYTES;
    static final int ELEMENT_BYTES = 16;
    static final int BUCKET_BYTES = 16;

    static final int BRANCH = 0x01;
    static final int LEAF = 0x02;
    static final int META = 0x04;
    static final int FREELIST = 0x10;

    /** The flag of a leaf element whose value is a bucket. */
    static final int ELEMENT_IS_BUCKET = 0x01;

    static final long NO_FREELIST = -1;
    static final int COUNT_IN_FIRST_ENTRY = 0xFFFF;

    /** The first page behind the metas. */
    static final long FIRST_PAGE = 2;

    public static final int KEY_BYTES_MAX = 32_768;

    /** What bbolt makes where the operating system has pages of this size, which is nearly everywhere. */
    public static final int DEFAULT_PAGE_BYTES = 4096;

    static final int PAGE_BYTES_MIN = 1024;
    static final int PAGE_BYTES_MAX = 1024 << 14;

    /** Deeper trees are refused: 64 levels of two children hold more pages than a file can have. */
    static final int DEPTH_MAX = 64;

    /** How deep buckets may stand within buckets. Those of etcd are one deep. */
    static final int NESTING_MAX = 64;

    private static final long FNV_OFFSET = 0xCBF29CE484222325L;
    private static final long FNV_PRIME = 0x100000001B3L;

    private BoltFormat() {}

    static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static boolean isPageSize(int bytes) {
        return bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX && Integer.bitCount(bytes) == 1;
    }

    /** The most bytes an inline bucket's page may have. */
    static int inlineBytesMax(int pageSize) {
        return pageSize / 4;
    }

    /** The checksum of the meta that begins at the offset. */
    static long checksum(ByteBuffer from, int offset) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < META_CHECKED_BYTES; i++) {
            hash ^= from.get(offset + i) & 0xFF;
            hash *= FNV_PRIME;
        }
        return hash;
    }

    static void putPageHeader(ByteBuffer to, long id, int flags, int count, int overflow) {
        to.putLong(id).putShort((short) flags).putShort((short) count).putInt(overflow);
    }
}
