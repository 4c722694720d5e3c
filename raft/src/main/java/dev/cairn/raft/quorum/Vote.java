package dev.cairn.raft.quorum;

/** What is known of the vote of one voter. */
public enum Vote {
    /** No answer yet. */
    MISSING,
    /** Agreed. */
    GRANTED,
    /** Refused. */
    REJECTED
}
