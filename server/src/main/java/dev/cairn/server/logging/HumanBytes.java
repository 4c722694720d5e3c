package dev.cairn.server.logging;

/** Pure function: sizes for people, in steps of a thousand, as etcd's log has them: {@code 999 B}, {@code 1.0 kB}, {@code 25 MB}. */
public final class HumanBytes {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

    private HumanBytes() {}

    /** @param bytes not negative */
    public static String text(long bytes) {
        if (bytes < 10) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        // By whole numbers: a format of a decimal one loads BigDecimal, which takes newer JVMs some 16 ms of each
        // start.
        long tenths = (long) Math.floor(value * 10 + 0.5);
        // Go rounds a half to the even neighbour.
        String digits = tenths < 100 ? tenths / 10 + "." + tenths % 10 : Long.toString((long) Math.rint(tenths / 10.0));
        return digits + " " + UNITS[unit];
    }
}
