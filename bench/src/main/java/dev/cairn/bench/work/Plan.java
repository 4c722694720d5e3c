package dev.cairn.bench.work;

/**
 * How much is done. Immutable.
 *
 * @param share only every so many of the seconds and of what is counted
 * @param closedSeconds how long clients ask as fast as they are answered, before the share is taken
 * @param openSeconds how long requests are due at a steady rate, before the share is taken
 * @param warmUpSeconds how long a server is warmed up; no share is taken of it
 */
public record Plan(int share, double closedSeconds, double openSeconds, double warmUpSeconds) {
    /** What a JVM that asks needs to learn it. */
    private static final double CLIENT_WARM_UP_SECONDS = 3;

    /** Starting, filling a little, ending. */
    static final double AROUND_SECONDS = 3;

    public boolean cold() {
        return warmUpSeconds == 0;
    }

    public int count(int full) {
        return Math.max(1, full / share);
    }

    public double closed() {
        return closedSeconds / share;
    }

    public double open() {
        return openSeconds / share;
    }

    /** How long so many servers on one machine are warmed up: each has to compile for itself, and they share the cores. */
    double warmUpSeconds(int members) {
        return warmUpSeconds * members;
    }

    /** How long the open loop runs before it counts; none if all is to be cold. */
    public double clientWarmUp() {
        return cold() ? 0 : Math.min(CLIENT_WARM_UP_SECONDS, open());
    }
}
