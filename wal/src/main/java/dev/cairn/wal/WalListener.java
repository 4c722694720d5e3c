package dev.cairn.wal;

/**
 * What the log reports about its work: the source of its metrics, of the warning about a slow disk, and of the places
 * where faults are injected. Called on the thread that writes the log, so it must not block on it.
 */
public interface WalListener {
    /** Ignores everything. */
    WalListener NONE = new WalListener() {};

    /** Bytes were handed to the operating system, padding included. */
    default void written(long bytes, long nanos) {}

    /** A batch is about to be made durable. */
    default void beforeSync() {}

    /** A batch is durable. */
    default void synced(long nanos) {}

    /** The log goes on in a new segment. */
    default void segmentStarted(String fileName) {}
}
