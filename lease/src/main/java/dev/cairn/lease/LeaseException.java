package dev.cairn.lease;

/** A lease request that is refused; nothing was changed. The server's error table gives code and text of each reason. */
public final class LeaseException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why the request is refused. */
    public enum Reason {
        LEASE_EXISTS,
        LEASE_NOT_FOUND,
        /** Only the leader's member knows when leases expire; ask again there. */
        NOT_PRIMARY,
        TTL_TOO_LARGE,
    }

    private final Reason reason;

    public LeaseException(Reason reason) {
        // An expected outcome, not a fault: no stack trace is taken.
        super(reason.name(), null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
