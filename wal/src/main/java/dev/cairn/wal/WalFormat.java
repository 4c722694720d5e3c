package dev.cairn.wal;

/**
 * Layout of a write-ahead log segment; the numbers every reader and writer of this package shares.
 *
 * <p>Integers outside protobuf are little-endian. A segment is a sequence of frames, followed by the zeros it was
 * prepared with:
 *
 * <pre>
 *  frame (starts at a multiple of 8)
 *   0                        7  8                     8 + length           multiple of 8
 *  +--------------------------+----------------------------+---------------------+
 *  | length word              | record, length bytes       | padding, 0..7 zeros |
 *  +--------------------------+----------------------------+---------------------+
 *
 *  length word
 *   63        56 55                                                             0
 *  +------------+----------------------------------------------------------------+
 *  | 0 or       |                                                                |
 *  | 0x80 | pad | length of the record without padding                           |
 *  +------------+----------------------------------------------------------------+
 *
 *  record (protobuf walpb.Record)
 *  +------+------+------+-------------------+------+--------+------------------+
 *  | 0x08 | type | 0x10 | crc, varint 1..5  | 0x1a | size   | data             |
 *  +------+------+------+-------------------+------+--------+------------------+
 *                                            \__ absent when there is no data _/
 * </pre>
 *
 * <p>A length word of zero, or the end of the file at a frame boundary, ends the segment.
 *
 * <p><b>Checksum.</b> CRC-32C over the data of all records since the log was created, one running value through all
 * segments: a record holds the running value after its own data. Type and checksum fields, the frame and the padding
 * are not covered, so decoding is strict instead: known fields only, each of them once, and every length must agree.
 *
 * <p><b>Segments.</b> A segment starts with the running value of its predecessor ({@link #TYPE_CRC}, zero in the first)
 * and the metadata; the first goes on with the snapshot record (0, 0), a later one with the hard state. Its name holds
 * its number and the index of the first entry it may hold. Frames never cross segments.
 *
 * <p><b>Batches.</b> What is saved together is entries first, then at most one hard state. A batch with entries is durable
 * before anything else with entries is written. Readers use this to tell a torn tail from damage.
 */
public final class WalFormat {
    /** A segment that has grown to this size is the last one to be written to; the next batch goes to a new one. */
    public static final long SEGMENT_BYTES = 64_000_000;

    /** Frames start at multiples of this. */
    public static final int ALIGNMENT_BYTES = 8;

    /** The size of the length word. */
    public static final int LENGTH_BYTES = 8;

    /** A disk writes this much at once or not at all; the unit in which a write is torn. */
    public static final int SECTOR_BYTES = 512;

    static final int TYPE_METADATA = 1;
    static final int TYPE_ENTRY = 2;
    static final int TYPE_STATE = 3;
    static final int TYPE_CRC = 4;
    static final int TYPE_SNAPSHOT = 5;

    static final int RECORD_TAG_TYPE = 0x08;
    static final int RECORD_TAG_CRC = 0x10;
    static final int RECORD_TAG_DATA = 0x1a;

    static final int ENTRY_TAG_TYPE = 0x08;
    static final int ENTRY_TAG_TERM = 0x10;
    static final int ENTRY_TAG_INDEX = 0x18;
    static final int ENTRY_TAG_DATA = 0x22;

    /** Tags of a message whose first three fields are integers: hard state, and the first two of metadata. */
    static final int TAG_1_VARINT = 0x08;

    static final int TAG_2_VARINT = 0x10;
    static final int TAG_3_VARINT = 0x18;

    /** Type tag and type, checksum tag and the longest checksum, data tag: a record's header without the data's size. */
    static final int RECORD_HEADER_BYTES_MAX = 2 + 1 + 5 + 1;

    /** The longest encoded 32-bit size. */
    static final int SIZE_BYTES_MAX = 5;

    /** Tags and integers of an entry and the size of its data, at their longest. */
    static final int ENTRY_HEADER_BYTES_MAX = 2 + 11 + 11 + 1 + SIZE_BYTES_MAX;

    /** A frame around this much data never needs more than this. */
    static final int FRAME_OVERHEAD_BYTES_MAX =
            LENGTH_BYTES + RECORD_HEADER_BYTES_MAX + SIZE_BYTES_MAX + (ALIGNMENT_BYTES - 1);

    /** Records are kept in one buffer while they are decoded. */
    static final int RECORD_BYTES_MAX = Integer.MAX_VALUE - 2 * ALIGNMENT_BYTES;

    /**
     * Terms grow by one with each election, so that a larger one can only be another number (a member's id) read in the
     * wrong place.
     */
    static final long TERM_MAX = 1L << 48;

    static final String SEGMENT_SUFFIX = ".wal";
    static final String TEMPORARY_SUFFIX = ".tmp";
    static final String BROKEN_SUFFIX = ".broken";

    private static final long LENGTH_MASK = (1L << 56) - 1;
    private static final long PADDED_BIT = 0x80;

    private WalFormat() {}

    /** The zeros after a record of this length. */
    static int paddingBytes(long recordBytes) {
        return (int) (-recordBytes & (ALIGNMENT_BYTES - 1));
    }

    /** The length word of a record. */
    static long lengthWord(long recordBytes) {
        int padding = paddingBytes(recordBytes);
        return padding == 0 ? recordBytes : recordBytes | (PADDED_BIT | padding) << 56;
    }

    /** The record length that a length word claims. */
    static long recordBytes(long lengthWord) {
        return lengthWord & LENGTH_MASK;
    }

    static int varintBytes(long value) {
        // Seven bits per byte, and at least one byte.
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }
}
