package dev.cairn.server.loop;

import dev.cairn.server.api.EtcdError;
import java.util.concurrent.TimeUnit;

/** What a request that got no answer in time is told, which depends on what has happened meanwhile. Thread-safe. */
public final class TimeoutCause {
    /** How the connections to the other members were. Thread-safe; never blocks. */
    public interface Connectivity {
        /** Whether this member was in touch with the leader, or as the leader with a quorum, ever since the given time. */
        boolean heldSince(long sinceNanos);
    }

    private final StatusBoard status;
    private final long failureWindowNanos;
    private final Connectivity connectivity;

    public TimeoutCause(StatusBoard status, long electionTimeoutMillis, Connectivity connectivity) {
        this.status = status;
        this.failureWindowNanos = 2 * TimeUnit.MILLISECONDS.toNanos(electionTimeoutMillis);
        this.connectivity = connectivity;
    }

    /** The error for a request that was proposed at the given time. */
    EtcdError of(long startNanos) {
        long untilElected = status.leaderSinceNanos() - startNanos;
        if (status.hasHadLeader() && untilElected > 0 && untilElected < failureWindowNanos) {
            return EtcdError.TIMEOUT_LEADER_FAILURE;
        }
        return status.hasLeader() && !connectivity.heldSince(startNanos)
                ? EtcdError.TIMEOUT_CONNECTION_LOST
                : EtcdError.TIMEOUT;
    }
}
