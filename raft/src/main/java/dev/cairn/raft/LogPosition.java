package dev.cairn.raft;

/** A place in the log: an entry is identified by both numbers, across all nodes. */
record LogPosition(long term, long index) {
    /** Whether a log that ends here has at least what a log that ends there has (section 5.4.1 of the Raft paper). */
    boolean isUpToDateWith(LogPosition there) {
        return term > there.term || term == there.term && index >= there.index;
    }
}
