package dev.cairn.http2;

import java.util.concurrent.TimeUnit;

/**
 * Decides when a client pings too much. Pings are for finding out whether we are there, and not for keeping us busy; as in etcd's RPC library,
 * a client that was just answered may ask at once. Confined to the connection's event loop.
 */
final class PingGuard {
    /** So many pings that come too soon are forgiven. */
    private static final int STRIKES_MAX = 2;

    /** The interval while no call is under way. */
    private static final long IDLE_INTERVAL_NANOS = TimeUnit.HOURS.toNanos(2);

    private final long intervalNanos;
    private boolean pinged;
    private long lastNanos;
    private int strikes;

    /** @param intervalNanos how far apart pings have to be while calls are under way */
    PingGuard(long intervalNanos) {
        this.intervalNanos = intervalNanos;
    }

    /** A ping has come; whether it is one too many. */
    boolean isTooMany(boolean callsUnderWay, long now) {
        long interval = callsUnderWay ? intervalNanos : IDLE_INTERVAL_NANOS;
        if (pinged && now - lastNanos < interval) {
            strikes++;
        }
        pinged = true;
        lastNanos = now;
        return strikes > STRIKES_MAX;
    }

    /** The client has got an answer. */
    void forgive() {
        pinged = false;
        strikes = 0;
    }
}
