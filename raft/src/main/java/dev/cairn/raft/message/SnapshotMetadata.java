package dev.cairn.raft.message;

/** Where in the log a snapshot stands, and the membership at that place. */
public record SnapshotMetadata(ConfState confState, long index, long term) {
    /** The start of the log. */
    public static final SnapshotMetadata EMPTY = new SnapshotMetadata(ConfState.EMPTY, 0, 0);
}
