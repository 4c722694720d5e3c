package dev.cairn.server.logging;

/**
 * Called by one thread at a time. Keeps a line that repeats without end from filling the disk: of the lines with the same level and
 * message the first hundred of a second are written, then every hundredth. The same numbers as etcd's.
 */
final class LineSampler {
    /** Messages that share a place count together; there are far fewer messages than places. */
    private static final int PLACES = 4096;

    private static final int FIRST = 100;
    private static final int THEN_EVERY = 100;

    private final long[] seconds = new long[PLACES];
    private final int[] counts = new int[PLACES];

    boolean admits(int level, String message, long epochMillis) {
        int hash = message.hashCode() * 31 + level;
        int place = (hash ^ hash >>> 16) & (PLACES - 1);
        long second = epochMillis / 1000;
        if (seconds[place] != second) {
            seconds[place] = second;
            counts[place] = 0;
        }
        int count = ++counts[place];
        return count <= FIRST || (count - FIRST) % THEN_EVERY == 0;
    }
}
