package dev.cairn.server.api;

/** What the member knows of its own part in the cluster at this moment. Thread-safe. */
public interface MemberStatus {
    /** The leader's ID; 0 when there is none. */
    long leader();

    long term();

    /** The index of the last entry that is known to be committed. */
    long committedIndex();

    /** The index of the last entry that was applied. */
    long appliedIndex();

    boolean isLearner();

    default boolean hasLeader() {
        return leader() != 0;
    }
}
