package dev.cairn.wal;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The running checksum of a log: CRC-32C continued from record to record and from segment to segment.
 *
 * <p>Confined to its owner. Continuing a CRC over further data is the same as computing it over all data at once, so one
 * {@link CRC32C} that is never reset does the chaining, with the processor's instruction behind it.
 *
 * <p><b>Starting in the middle.</b> A reader that starts at a later segment knows only the value so far, and
 * {@code CRC32C} cannot be given a value to start from. But over four bytes a CRC is a bijection: for each value there are exactly
 * four bytes that lead from the empty input to it. {@link #continueFrom} finds them by running the 32 steps of the shift
 * register backwards, and feeds them in.
 */
final class ChainedCrc {
    private static final int POLYNOMIAL_REFLECTED = 0x82F63B78;

    private final CRC32C crc = new CRC32C();

    int value() {
        return (int) crc.getValue();
    }

    /** Adds the bytes between position and limit, and moves the position to the limit. */
    void update(ByteBuffer bytes) {
        crc.update(bytes);
    }

    /** Adds bytes of an array. */
    void update(byte[] bytes, int from, int count) {
        crc.update(bytes, from, count);
    }

    /** Goes on as if the data so far had led to this value. */
    void continueFrom(int value) {
        crc.reset();
        if (value == 0) {
            return;
        }
        // The register starts as all ones and its complement is the result. A step back: if the step shifted out a
        // one it also added the polynomial, whose top bit then shows.
        int register = ~value;
        for (int step = 0; step < Integer.SIZE; step++) {
            register = register < 0 ? (register ^ POLYNOMIAL_REFLECTED) << 1 | 1 : register << 1;
        }
        int bytes = ~register;
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            crc.update(bytes >>> shift);
        }
    }
}
