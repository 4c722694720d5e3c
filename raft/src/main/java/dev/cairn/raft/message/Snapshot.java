package dev.cairn.raft.message;

import com.google.protobuf.ByteString;

/** The state machine at one index; the data is opaque to the core. */
public record Snapshot(ByteString data, SnapshotMetadata metadata) {
    /** No snapshot. */
    public static final Snapshot EMPTY = new Snapshot(ByteString.EMPTY, SnapshotMetadata.EMPTY);

    /** Whether there is no snapshot here: a real one has an index. */
    public boolean isEmpty() {
        return metadata.index() == 0;
    }
}
