package dev.cairn.mvcc;

/** A request that the store refuses; nothing was changed. The server's error table gives code and text of each reason. */
public final class KvException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why the store refuses. */
    public enum Reason {
        COMPACTED,
        FUTURE_REVISION,
        KEY_NOT_FOUND,
        LEASE_NOT_FOUND,
    }

    private final Reason reason;

    public KvException(Reason reason) {
        // An expected outcome, not a fault: no stack trace is taken.
        super(reason.name(), null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
