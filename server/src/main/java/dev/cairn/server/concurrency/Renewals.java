package dev.cairn.server.concurrency;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * When the leases of waiting calls are renewed. Thread-safe: calls enter and leave on their event loops, one housekeeping
 * thread runs {@link #doWork}. Bounded by the calls that wait, each of which has one entry.
 */
public final class Renewals {
    /** Two renewals may fail before a lease ends. */
    static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(Session.TTL_SECONDS) / 3;

    private record Due(long atNanos, Runnable task) {}

    /** By their order of entering, which is the order in which they fall due, as all wait equally long. */
    private final ConcurrentSkipListMap<Long, Due> waiting = new ConcurrentSkipListMap<>();

    private final AtomicLong last = new AtomicLong();

    /** Has the task run once, after the interval, on the housekeeping thread. The result takes it back. */
    Runnable enter(Runnable task) {
        long number = last.incrementAndGet();
        waiting.put(number, new Due(System.nanoTime() + INTERVAL_NANOS, task));
        return () -> waiting.remove(number);
    }

    /** How many wait. */
    int size() {
        return waiting.size();
    }

    /** Runs what is due; returns how much was. */
    public int doWork(long nowNanos) {
        int done = 0;
        for (Map.Entry<Long, Due> entry = waiting.firstEntry();
                entry != null && entry.getValue().atNanos() - nowNanos <= 0;
                entry = waiting.firstEntry()) {
            if (waiting.remove(entry.getKey(), entry.getValue())) {
                entry.getValue().task().run();
                done++;
            }
        }
        return done;
    }
}
