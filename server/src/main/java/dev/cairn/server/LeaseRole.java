package dev.cairn.server;

import dev.cairn.lease.Lessor;
import dev.cairn.server.thread.Duty;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes the lessor measure time while this member leads, and has it look for leases that have run out. The Raft loop only says what it has become, because a promotion visits
 * every lease; the housekeeping thread carries it out.
 */
final class LeaseRole implements Duty {
    private final Lessor lessor;
    private final long extendNanos;
    /** How often this member has come to lead: times of a former leadership mean nothing. */
    private final AtomicLong elections = new AtomicLong();

    private volatile boolean leading;
    private long promotedFor;

    /** @param extendNanos by how much leases are prolonged when this member comes to lead */
    LeaseRole(Lessor lessor, long extendNanos) {
        this.lessor = lessor;
        this.extendNanos = extendNanos;
    }

    /** The member has come to lead, or does not lead any more. Raft loop; the housekeeping thread has to be woken. */
    void lead(boolean leads) {
        if (leads) {
            elections.incrementAndGet();
        }
        leading = leads;
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
        if (!leading) {
            if (!lessor.isPrimary()) {
                return 0;
            }
            lessor.demote();
            return 1;
        }
        long election = elections.get();
        if (election == promotedFor) {
            return 0;
        }
        promotedFor = election;
        lessor.promote(nowNanos, extendNanos);
        return 1;
    }
}
