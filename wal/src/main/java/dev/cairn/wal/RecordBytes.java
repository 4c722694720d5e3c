package dev.cairn.wal;

import com.google.protobuf.ByteString;

/**
 * The bytes of one record, read from the front. Confined to its owner; of use until the reader goes to the next record.
 *
 * <p>An array and two numbers, and no buffer of the library: every start reads thousands of records in code that the JVM still interprets, where a byte
 * of a {@code ByteBuffer} costs ten calls.
 */
final class RecordBytes {
    private byte[] array;
    private int at;
    private int end;

    /** Bytes {@code from} to {@code end - 1} of the array, which is not copied. */
    RecordBytes(byte[] array, int from, int end) {
        this.array = array;
        this.at = from;
        this.end = end;
    }

    static RecordBytes of(byte[] all) {
        return new RecordBytes(all, 0, all.length);
    }

    void set(byte[] other, int from, int to) {
        array = other;
        at = from;
        end = to;
    }

    boolean hasRemaining() {
        return at < end;
    }

    int remaining() {
        return end - at;
    }

    /** Where in its array the next byte stands. */
    int position() {
        return at;
    }

    /** @throws IndexOutOfBoundsException at the end */
    byte next() {
        if (at >= end) {
            throw new IndexOutOfBoundsException("end of the record");
        }
        return array[at++];
    }

    /** An integer of up to ten bytes, or a broken one, which no caller accepts: an end in its middle gives -1. */
    long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE && at < end; shift += 7) {
            byte next = array[at++];
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        return -1;
    }

    /** A copy of the next bytes, of which there must be so many. */
    ByteString take(int bytes) {
        ByteString taken = ByteString.copyFrom(array, at, bytes);
        at += bytes;
        return taken;
    }

    /** Passes over bytes, of which there must be so many. */
    void skip(int bytes) {
        at += bytes;
    }

    /** Adds what remains to a checksum; it remains. */
    void addTo(ChainedCrc crc) {
        crc.update(array, at, end - at);
    }
}
