package dev.cairn.server.http;

import java.util.Set;
import java.util.concurrent.CompletionStage;

/** What the health pages ask of the server. Thread-safe, and none of the methods blocks. */
public interface HealthSource {
    /** An alarm that is raised for this member or another. */
    enum Alarm {
        NOSPACE,
        CORRUPT,
        /** A kind that a later release may raise. */
        UNKNOWN
    }

    Set<Alarm> alarms();

    boolean hasLeader();

    boolean isLearner();

    /**
     * Reads one key as the server itself would, without authentication. Completes exceptionally with the error whose message is
     * shown; the caller sets the time limit.
     *
     * @param linearizable false for a read of whatever this member has
     */
    CompletionStage<?> read(boolean linearizable);
}
