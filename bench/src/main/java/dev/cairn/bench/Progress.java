package dev.cairn.bench;

import java.util.Locale;

/** How far a sitting is, and how long it may still take: what was planned, corrected by how what is done went. Confined to one thread. */
final class Progress {
    private static final int SECONDS_PER_MINUTE = 60;

    private final double planned;
    private final long beganNanos;
    private double done;

    /** @param planned seconds of everything */
    Progress(double planned, long nowNanos) {
        this.planned = planned;
        beganNanos = nowNanos;
    }

    /** @param seconds what this part was planned to take */
    void finished(double seconds) {
        done += seconds;
    }

    double leftSeconds(long nowNanos) {
        double taken = (nowNanos - beganNanos) / 1e9;
        return done == 0 ? planned : (planned - done) * taken / done;
    }

    /** Such as {@code [25 %, 1 h 10 min left]}. */
    String text(long nowNanos) {
        return String.format(Locale.ROOT, "[%.0f %%, %s left]", 100 * done / planned, duration(leftSeconds(nowNanos)));
    }

    static String duration(double seconds) {
        long minutes = Math.round(seconds / SECONDS_PER_MINUTE);
        if (minutes < 2) {
            return Math.round(seconds) + " s";
        }
        return minutes < SECONDS_PER_MINUTE
                ? minutes + " min"
                : minutes / SECONDS_PER_MINUTE + " h " + minutes % SECONDS_PER_MINUTE + " min";
    }
}
