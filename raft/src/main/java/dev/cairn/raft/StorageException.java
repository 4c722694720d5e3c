package dev.cairn.raft;

/**
 * The log cannot give what was asked for, for a reason that is part of normal operation.
 *
 * <p>Has no stack trace: a leader meets it for every follower that lags behind a compaction.
 */
public final class StorageException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Reason {
        /** The index lies before the first one that is kept. */
        COMPACTED,
        /** The index lies after the last one. */
        UNAVAILABLE,
        /** A snapshot exists or is being made, but cannot be had now; ask again later. */
        SNAPSHOT_TEMPORARILY_UNAVAILABLE
    }

    private final Reason reason;

    public StorageException(Reason reason, String message) {
        super(message, null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    static StorageException compacted(long index, long firstIndex) {
        return new StorageException(
                Reason.COMPACTED, "index " + index + " is compacted, the first index is " + firstIndex);
    }

    static StorageException unavailable(long index, long lastIndex) {
        return new StorageException(
                Reason.UNAVAILABLE, "index " + index + " is not available, the last index is " + lastIndex);
    }
}
