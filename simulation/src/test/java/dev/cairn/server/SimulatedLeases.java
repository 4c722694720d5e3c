package dev.cairn.server;

import dev.cairn.auth.AuthStore;
import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.server.access.RootProposer;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.thread.NanoClock;
import java.util.function.BooleanSupplier;

/**
 * The server's own care for leases, for a simulation: nothing of it is public, because nobody else in production needs it. Confined as
 * what it stands for is.
 */
public final class SimulatedLeases {
    private final LeaseRole role;

    /**
     * @param extendNanos by how much leases are prolonged when the member comes to lead
     * @param wake wakes whoever calls {@link #doWork}
     */
    public SimulatedLeases(Lessor lessor, long extendNanos, Runnable wake) {
        this.role = new LeaseRole(lessor, extendNanos, wake);
    }

    /** What proposes the ends of leases. */
    public static ExpirySink expiry(
            Proposer own, AuthStore users, ReadGate reads, BooleanSupplier leads, Runnable wake, NanoClock clock) {
        return new LeaseExpiry(new RootProposer(own, users), reads, leads, wake, clock);
    }

    public void lead(long term) {
        role.lead(term);
    }

    public void follow() {
        role.follow();
    }

    public void applied(long term) {
        role.applied(term);
    }

    public int doWork(long nowNanos) {
        return role.doWork(nowNanos);
    }
}
