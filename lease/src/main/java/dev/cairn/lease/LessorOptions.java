package dev.cairn.lease;

/**
 * What an operator decides about leases. Immutable.
 *
 * @param minTtlSeconds the least TTL that is granted
 * @param checkpointIntervalSeconds how often the remaining TTL of a long lease is written down, so that a change of leader
 *     does not prolong it to its full TTL; 0 turns this off
 */
public record LessorOptions(long minTtlSeconds, long checkpointIntervalSeconds) {
    /** The interval of checkpoints where they are turned on and nothing else is said. */
    public static final long DEFAULT_CHECKPOINT_INTERVAL_SECONDS = 300;

    public LessorOptions {
        if (minTtlSeconds < 1 || minTtlSeconds > Lessor.MAX_TTL_SECONDS) {
            throw new IllegalArgumentException(
                    "minTtlSeconds: " + minTtlSeconds + " (expected: 1 to " + Lessor.MAX_TTL_SECONDS + ")");
        }
        if (checkpointIntervalSeconds < 0 || checkpointIntervalSeconds > Lessor.MAX_TTL_SECONDS) {
            throw new IllegalArgumentException("checkpointIntervalSeconds: " + checkpointIntervalSeconds
                    + " (expected: 0 to " + Lessor.MAX_TTL_SECONDS + ")");
        }
    }

    /**
     * The options of a member that stands for election after so many ticks: no lease may run out while a new leader is
     * elected, so the least TTL is one and a half election timeouts in whole ticks, rounded up to whole seconds.
     */
    public static LessorOptions forElection(int electionTicks, int tickMillis) {
        long millis = 3L * electionTicks / 2 * tickMillis;
        return new LessorOptions(Math.max(1, (millis + 999) / 1000), 0);
    }

    /** These options with checkpoints at this interval. */
    public LessorOptions withCheckpointInterval(long seconds) {
        return new LessorOptions(minTtlSeconds, seconds);
    }
}
