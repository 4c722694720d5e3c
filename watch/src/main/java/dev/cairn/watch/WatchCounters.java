package dev.cairn.watch;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What the hub and its streams count. Thread-safe. */
final class WatchCounters {
    final AtomicInteger streams = new AtomicInteger();
    final AtomicInteger watchers = new AtomicInteger();
    final AtomicInteger slowWatchers = new AtomicInteger();
    final LongAdder eventsSent = new LongAdder();

    /** Bytes charged to all backlogs together, as far as they have reported it. */
    final AtomicLong chargedBytes = new AtomicLong();
}
