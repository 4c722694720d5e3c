package dev.cairn.server.loop;

import java.util.concurrent.atomic.AtomicLong;

/**
 * IDs of proposals: unique over all members and restarts, as etcd makes them, so that members of both kinds tell each
 * other's apart. Thread-safe.
 *
 * <pre>
 *  63        48 47                         8 7        0
 * +------------+----------------------------+----------+
 * | member ID, | start time in ms, low 40   | counter  |
 * | low 16 bits| bits                       |          |
 * +------------+----------------------------+----------+
 * </pre>
 *
 * The counter carries over into the time, which by then is in the past.
 */
public final class RequestIds {
    private static final int TIME_BITS = 40;
    private static final int COUNTER_BITS = 8;
    private static final long SUFFIX_MASK = (1L << (TIME_BITS + COUNTER_BITS)) - 1;

    private final long prefix;
    private final AtomicLong suffix;

    public RequestIds(long memberId, long startTimeMillis) {
        this.prefix = memberId << (TIME_BITS + COUNTER_BITS);
        this.suffix = new AtomicLong((startTimeMillis & ((1L << TIME_BITS) - 1)) << COUNTER_BITS);
    }

    public long next() {
        return prefix | (suffix.incrementAndGet() & SUFFIX_MASK);
    }
}
