package dev.cairn.server;

import com.google.protobuf.MessageLite;
import dev.cairn.lease.ExpirySink;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseCheckpoint;
import dev.cairn.proto.etcdserverpb.LeaseCheckpointRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.thread.NanoClock;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Proposes what the lessor finds due: revocations of expired leases, checkpoints of long ones. Bounded, so that a million
 * leases that end together leave room for clients' requests. Thread-safe.
 *
 * <p>A leader that was stopped for a while may have been followed by another one, who has renewed what looks expired here. So
 * nothing is proposed unless a read has just confirmed that this member leads.
 */
final class LeaseExpiry implements ExpirySink {
    private static final int UNDER_WAY_MAX = 1000;

    /** For how long a confirmation holds: two scans of the lessor. It is asked for anew after half of that. */
    private static final long CONFIRMED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Proposer proposer;
    private final ReadGate reads;
    private final BooleanSupplier leads;
    private final Runnable wake;
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicBoolean asking = new AtomicBoolean();
    private final NanoClock clock;
    private volatile long confirmedNanos;

    /**
     * @param leads whether this member leads, as far as it knows
     * @param wake wakes whoever scans for expired leases
     */
    LeaseExpiry(Proposer proposer, ReadGate reads, BooleanSupplier leads, Runnable wake) {
        this(proposer, reads, leads, wake, NanoClock.SYSTEM);
    }

    LeaseExpiry(Proposer proposer, ReadGate reads, BooleanSupplier leads, Runnable wake, NanoClock clock) {
        this.clock = clock;
        this.confirmedNanos = clock.nanos() - CONFIRMED_NANOS;
        this.proposer = proposer;
        this.reads = reads;
        this.leads = leads;
        this.wake = wake;
    }

    @Override
    public boolean revoke(long lease) {
        return propose(InternalRaftRequest.newBuilder()
                .setLeaseRevoke(LeaseRevokeRequest.newBuilder().setID(lease)));
    }

    @Override
    public boolean checkpoint(long lease, long remainingTtlSeconds) {
        LeaseCheckpoint checkpoint = LeaseCheckpoint.newBuilder()
                .setID(lease)
                .setRemainingTTL(remainingTtlSeconds)
                .build();
        return propose(InternalRaftRequest.newBuilder()
                .setLeaseCheckpoint(LeaseCheckpointRequest.newBuilder().addCheckpoints(checkpoint)));
    }

    private boolean propose(InternalRaftRequest.Builder request) {
        if (!isConfirmed() || underWay.get() >= UNDER_WAY_MAX) {
            return false;
        }
        underWay.incrementAndGet();
        proposer.propose(request, new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                underWay.decrementAndGet();
            }

            @Override
            public void fail(EtcdError error) {
                // A client may have revoked the lease itself; otherwise the lessor offers it again.
                underWay.decrementAndGet();
            }
        });
        return true;
    }

    private boolean isConfirmed() {
        if (holds(CONFIRMED_NANOS / 2)) {
            return true;
        }
        if (asking.compareAndSet(false, true)) {
            long asked = clock.nanos();
            reads.await(new Completion<Long>() {
                @Override
                public void complete(Long index) {
                    // A follower's read succeeds as well.
                    if (leads.getAsBoolean()) {
                        confirmedNanos = asked;
                    }
                    asking.set(false);
                    wake.run();
                }

                @Override
                public void fail(EtcdError error) {
                    asking.set(false);
                }
            });
        }
        // A sole voter is answered at once.
        return holds(CONFIRMED_NANOS);
    }

    private boolean holds(long limitNanos) {
        return clock.nanos() - confirmedNanos < limitNanos && leads.getAsBoolean();
    }
}
