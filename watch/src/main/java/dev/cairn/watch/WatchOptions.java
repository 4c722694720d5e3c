package dev.cairn.watch;

import java.util.concurrent.TimeUnit;

/**
 * The limits of watching. Immutable.
 *
 * @param progressNotifyIntervalNanos how often a stream tells idle watchers that asked for it how far they are; each stream
 *     adds up to a tenth, so that streams opened together do not answer together
 * @param fragmentBytes the size from which a response is split for watchers that allow it
 * @param responseBytesMax where a response ends at the next revision, although more events wait
 * @param responseRevisionsMax how many revisions a response holds at most
 * @param streamBudgetBytes how much one stream may hold in memory before its watchers go back to reading the log
 * @param hubBudgetBytes how much all streams together may hold before each is left only a small part of its budget
 * @param passEventsMax how many events one pass over the log reads
 * @param passBytesMax how many bytes of key-values one pass over the log reads
 * @param recentEventsMax how many of the newest events stay in memory for watchers that are about to catch up
 * @param recentBytesMax how many bytes of key-values these may have
 */
public record WatchOptions(
        long progressNotifyIntervalNanos,
        int fragmentBytes,
        int responseBytesMax,
        int responseRevisionsMax,
        long streamBudgetBytes,
        long hubBudgetBytes,
        int passEventsMax,
        long passBytesMax,
        int recentEventsMax,
        long recentBytesMax) {

    /** What etcd adds to the limit of a request to get the limit of a message. */
    private static final int MESSAGE_OVERHEAD_BYTES = 512 << 10;

    public WatchOptions {
        atLeastOne(progressNotifyIntervalNanos, "progressNotifyIntervalNanos");
        atLeastOne(fragmentBytes, "fragmentBytes");
        atLeastOne(responseBytesMax, "responseBytesMax");
        atLeastOne(responseRevisionsMax, "responseRevisionsMax");
        atLeastOne(streamBudgetBytes, "streamBudgetBytes");
        atLeastOne(hubBudgetBytes, "hubBudgetBytes");
        atLeastOne(passEventsMax, "passEventsMax");
        atLeastOne(passBytesMax, "passBytesMax");
        atLeastOne(recentEventsMax, "recentEventsMax");
        atLeastOne(recentBytesMax, "recentBytesMax");
    }

    /** The limits of a server that takes requests of at most {@code maxRequestBytes}. */
    public static WatchOptions of(long progressNotifyIntervalNanos, int maxRequestBytes) {
        return new WatchOptions(
                progressNotifyIntervalNanos,
                Math.addExact(maxRequestBytes, MESSAGE_OVERHEAD_BYTES),
                1 << 20,
                1000,
                1 << 20,
                64 << 20,
                1000,
                1 << 20,
                1024,
                1 << 20);
    }

    /** etcd's defaults. */
    public static WatchOptions defaults() {
        return of(TimeUnit.MINUTES.toNanos(10), 1536 << 10);
    }

    private static void atLeastOne(long value, String name) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + ", must be at least 1");
        }
    }
}
