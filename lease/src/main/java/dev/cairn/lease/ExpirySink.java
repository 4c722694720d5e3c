package dev.cairn.lease;

/**
 * Where the lessor of the leader's member asks for what only a proposal can do. Called by the expiry duty, with the lessor's
 * lock held: must neither block nor throw, so it is the entrance of a bounded queue.
 */
public interface ExpirySink {
    /** Takes nothing: for a lessor whose leases are only looked at, and do not end. */
    ExpirySink NONE = new ExpirySink() {
        @Override
        public boolean revoke(long lease) {
            return false;
        }

        @Override
        public boolean checkpoint(long lease, long remainingTtlSeconds) {
            return false;
        }
    };

    /**
     * Asks that the lease be revoked because it has expired. The same lease is offered again after a while for as long as it
     * is there.
     *
     * @return false when no more can be taken now; the lessor then stops, and offers the lease again when there is
     *     {@linkplain #roomAtNanos room}
     */
    boolean revoke(long lease);

    /**
     * When more revocations can be taken, as a reading of {@link System#nanoTime}; {@link Long#MAX_VALUE} when that cannot be
     * said: at the next scan, unless the duty is woken before. Called by the expiry duty without the lock.
     */
    default long roomAtNanos() {
        return Long.MAX_VALUE;
    }

    /**
     * Asks that the lease's remaining TTL be written down. Never called unless checkpoints are turned on.
     *
     * @return false when no more can be taken now; the lessor then offers it again at its next scan
     */
    boolean checkpoint(long lease, long remainingTtlSeconds);
}
