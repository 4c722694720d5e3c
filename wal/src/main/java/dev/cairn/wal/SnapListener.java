package dev.cairn.wal;

/** What is told of snapshots that are written, for metrics. Called on the thread that writes; must not block. */
public interface SnapListener {
    /** Ignores everything. */
    SnapListener NONE = new SnapListener() {};

    /** A snapshot was made into bytes. */
    default void snapshotEncoded(long nanos) {}

    /** The bytes of a snapshot are durable. */
    default void snapshotSynced(long nanos) {}

    /** A snapshot is in place; the time counts everything. */
    default void snapshotSaved(long nanos) {}
}
