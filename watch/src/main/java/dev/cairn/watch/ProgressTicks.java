package dev.cairn.watch;

import java.util.Collection;
import java.util.function.LongUnaryOperator;

/**
 * Tells each stream at its own interval to report progress. Confined to the thread that calls {@link #doWork}; {@link #added}
 * is for any thread.
 */
final class ProgressTicks {
    private final long intervalNanos;
    private final LongUnaryOperator jitter;
    private final Collection<WatchStream> streams;

    /** A stream was opened that has no first tick yet. */
    private volatile boolean added;

    private boolean any;
    private long nextNanos;

    /**
     * @param jitter answers a number from 0 to below its argument
     * @param streams the open ones, for any thread to walk through
     */
    ProgressTicks(long intervalNanos, LongUnaryOperator jitter, Collection<WatchStream> streams) {
        this.intervalNanos = intervalNanos;
        this.jitter = jitter;
        this.streams = streams;
    }

    void added() {
        added = true;
    }

    int doWork(long nowNanos) {
        boolean due = any && nowNanos - nextNanos >= 0;
        if (!due && !added) {
            return 0;
        }
        // Before the walk: a stream that is opened during it may be missed, and then is walked to once more.
        added = false;
        int ticks = 0;
        any = false;
        for (WatchStream stream : streams) {
            if (stream.tickIntervalNanos == 0) {
                stream.tickIntervalNanos = intervalNanos + jitter.applyAsLong(Math.max(1, intervalNanos / 10));
                stream.nextTickNanos = nowNanos + stream.tickIntervalNanos;
            } else if (nowNanos - stream.nextTickNanos >= 0) {
                stream.nextTickNanos = nowNanos + stream.tickIntervalNanos;
                stream.tickLater();
                ticks++;
            }
            if (!any || stream.nextTickNanos - nextNanos < 0) {
                any = true;
                nextNanos = stream.nextTickNanos;
            }
        }
        return ticks;
    }
}
