package dev.cairn.server;

import dev.cairn.lease.Lessor;
import dev.cairn.server.thread.Duty;

/**
 * Makes the lessor measure time while this member leads, and has it look for leases that have run out. The Raft loop only says what it has become, because a promotion visits
 * every lease; the housekeeping thread carries it out.
 *
 * <p>A leader takes over only when it has applied an entry of its own term, and with it whatever earlier terms have left in its log: the revocation of a lease, proposed before
 * and committed only now, must not end a lease that this leader has just renewed. (etcd renews at once.)
 */
final class LeaseRole implements Duty {
    private static final long NO_TERM = 0;

    private final Lessor lessor;
    private final long extendNanos;
    private final Runnable wake;

    /** The term in which this member leads, or {@link #NO_TERM}. Written by the Raft loop. */
    private volatile long leadingTerm = NO_TERM;
    /** The newest term of which an entry is applied; written by the apply loop. */
    private volatile long appliedTerm = NO_TERM;

    /** The term for which the lessor measures time. Confined to the housekeeping thread. */
    private long promotedTerm = NO_TERM;

    /**
     * @param extendNanos by how much leases are prolonged when this member comes to lead
     * @param wake wakes the housekeeping thread
     */
    LeaseRole(Lessor lessor, long extendNanos, Runnable wake) {
        this.lessor = lessor;
        this.extendNanos = extendNanos;
        this.wake = wake;
    }

    /** The member has come to lead in this term. Raft loop. */
    void lead(long term) {
        leadingTerm = term;
        wake.run();
    }

    /** The member does not lead, or not any more. Raft loop. */
    void follow() {
        leadingTerm = NO_TERM;
        wake.run();
    }

    /** An entry of this term has been applied. Apply loop. */
    void applied(long term) {
        if (term != appliedTerm) {
            appliedTerm = term;
            wake.run();
        }
    }

    @Override
    public int doWork(long nowNanos) {
        return takeOver(nowNanos) + lessor.doWork(nowNanos);
    }

    @Override
    public long nextDeadlineNanos() {
        return lessor.nextDeadlineNanos();
    }

    private int takeOver(long nowNanos) {
        long term = leadingTerm;
        if (term == promotedTerm) {
            return 0;
        }
        if (promotedTerm != NO_TERM) {
            promotedTerm = NO_TERM;
            lessor.demote();
            return 1;
        }
        if (term != appliedTerm) {
            return 0;
        }
        promotedTerm = term;
        lessor.promote(nowNanos, extendNanos);
        return 1;
    }
}
