package dev.cairn.server.defragment;

import java.util.Locale;

/** Pure function: sizes for people, in steps of a thousand, as etcd's log has them: {@code 999 B}, {@code 1.0 kB}, {@code 25 MB}. */
final class HumanBytes {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

    private HumanBytes() {}

    static String text(long bytes) {
        if (bytes < 10) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        double rounded = Math.floor(value * 10 + 0.5) / 10;
        // Go rounds a half to the even neighbour, the JDK away from zero.
        return rounded < 10
                ? String.format(Locale.ROOT, "%.1f %s", rounded, UNITS[unit])
                : (long) Math.rint(rounded) + " " + UNITS[unit];
    }
}
