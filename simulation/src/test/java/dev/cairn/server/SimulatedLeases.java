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

    /** @param extendNanos by how much leases are prolonged when the member comes to lead */
    public SimulatedLeases(Lessor lessor, long extendNanos) {
        this.role = new LeaseRole(lessor, extendNanos);
    }

    /** What proposes the ends of leases. */
    public static ExpirySink expiry(
            Proposer own, AuthStore users, ReadGate reads, BooleanSupplier leads, Runnable wake, NanoClock clock) {
        return new LeaseExpiry(new RootProposer(own, users), reads, leads, wake, clock);
    }

    public void lead(boolean leads) {
        role.lead(leads);
    }

    public int doWork(long nowNanos) {
        return role.doWork(nowNanos);
    }
}
