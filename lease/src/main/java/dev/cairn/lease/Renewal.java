package dev.cairn.lease;

/**
 * The outcome of a keep-alive. Immutable.
 *
 * @param state what happened
 * @param ttlSeconds the granted TTL, which the lease has before it once more; 0 unless renewed, which is also what a client
 *     is told of an unknown lease
 */
public record Renewal(State state, long ttlSeconds) {
    /** What happened to the lease. */
    public enum State {
        RENEWED,
        /** There is no such lease. */
        UNKNOWN,
        /** This member is not the leader's; ask there. */
        NOT_PRIMARY,
        /**
         * The lease has run out and its revocation is under way. The answer is not known before that has been applied or
         * another member leads: wait with {@link Lessor#whenSettled} and ask again.
         */
        EXPIRED,
        /**
         * The remaining TTL was written down and must be erased before the lease may be renewed: have a checkpoint of 0
         * applied and ask again.
         */
        CHECKPOINTED,
    }

    static final Renewal UNKNOWN = new Renewal(State.UNKNOWN, 0);
    static final Renewal NOT_PRIMARY = new Renewal(State.NOT_PRIMARY, 0);
    static final Renewal EXPIRED = new Renewal(State.EXPIRED, 0);
    static final Renewal CHECKPOINTED = new Renewal(State.CHECKPOINTED, 0);
}
