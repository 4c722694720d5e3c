package dev.cairn.wal;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The name of a segment: {@code <sequence %016x>-<first index %016x>.wal}. Ordered by sequence.
 *
 * @param sequence the segment's number, from zero and without gaps
 * @param firstIndex the index of the first entry that may stand in the segment: one more than the last entry before it
 */
record WalSegmentName(long sequence, long firstIndex) implements Comparable<WalSegmentName> {
    private static final int DIGITS = 16;
    private static final HexFormat HEX = HexFormat.of();
    private static final Comparator<WalSegmentName> ORDER =
            Comparator.comparingLong(WalSegmentName::sequence).thenComparingLong(WalSegmentName::firstIndex);

    static Optional<WalSegmentName> parse(Path file) {
        String name = file.getFileName().toString();
        int length = 2 * DIGITS + 1;
        if (name.length() != length + WalFormat.SEGMENT_SUFFIX.length()
                || !name.endsWith(WalFormat.SEGMENT_SUFFIX)
                || name.charAt(DIGITS) != '-'
                || !SnapFormat.isHex(name, 0)
                || !SnapFormat.isHex(name, DIGITS + 1)) {
            return Optional.empty();
        }
        long sequence = HexFormat.fromHexDigitsToLong(name, 0, DIGITS);
        long firstIndex = HexFormat.fromHexDigitsToLong(name, DIGITS + 1, length);
        return sequence < 0 || firstIndex < 0
                ? Optional.empty()
                : Optional.of(new WalSegmentName(sequence, firstIndex));
    }

    String fileName() {
        return HEX.toHexDigits(sequence) + '-' + HEX.toHexDigits(firstIndex) + WalFormat.SEGMENT_SUFFIX;
    }

    @Override
    public int compareTo(WalSegmentName other) {
        return ORDER.compare(this, other);
    }
}
