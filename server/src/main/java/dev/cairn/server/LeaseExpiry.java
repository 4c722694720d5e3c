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
 * Proposes what the lessor finds due: revocations of expired leases, checkpoints of long ones. Thread-safe.
 *
 * <h2>Pace</h2>
 *
 * <p>Revocations go in rounds. A round is over when all that it proposed is applied or has failed; then nothing is proposed for as long
 * as the round took. So at most {@value #ROUND_MAX} are between a client and its answer, expiry takes half of the member's time at the
 * most, however fast or slow its disk and its peers are, and a million leases that end together are gone as fast as that allows. (etcd
 * revokes 1,000 a second, busy or idle.)
 *
 * <h2>Leadership</h2>
 *
 * <p>A leader that was stopped for a while may have been followed by another one, who has renewed what looks expired here. So
 * nothing is proposed unless a read has just confirmed that this member leads.
 */
final class LeaseExpiry implements ExpirySink {
    static final int ROUND_MAX = 256;
    /** What is refused at once is not offered again at once. */
    private static final long PAUSE_MIN_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final int CHECKPOINTS_UNDER_WAY_MAX = 1000;

    /** For how long a confirmation holds: two scans of the lessor. It is asked for anew after half of that. */
    private static final long CONFIRMED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Proposer proposer;
    private final ReadGate reads;
    private final BooleanSupplier leads;
    private final Runnable wake;
    private final Round round;
    private final AtomicInteger checkpoints = new AtomicInteger();
    private final AtomicBoolean asking = new AtomicBoolean();
    private final NanoClock clock;
    private volatile long confirmedNanos;
    private Runnable onRevoked = () -> {};

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
        this.round = new Round(clock.nanos());
    }

    /** Names who hears of each lease that ran out and was revoked; must not block. */
    LeaseExpiry reportTo(Runnable newOnRevoked) {
        onRevoked = newOnRevoked;
        return this;
    }

    @Override
    public boolean revoke(long lease) {
        if (!isConfirmed() || !round.enter(clock.nanos())) {
            return false;
        }
        // A client may have revoked the lease itself; what failed otherwise the lessor offers again.
        propose(
                InternalRaftRequest.newBuilder()
                        .setLeaseRevoke(LeaseRevokeRequest.newBuilder().setID(lease)),
                onRevoked,
                () -> {
                    if (round.leave(clock.nanos())) {
                        wake.run();
                    }
                });
        return true;
    }

    @Override
    public long roomAtNanos() {
        return holds(CONFIRMED_NANOS) ? round.roomAtNanos() : Long.MAX_VALUE;
    }

    @Override
    public boolean checkpoint(long lease, long remainingTtlSeconds) {
        if (!isConfirmed() || checkpoints.get() >= CHECKPOINTS_UNDER_WAY_MAX) {
            return false;
        }
        checkpoints.incrementAndGet();
        LeaseCheckpoint checkpoint = LeaseCheckpoint.newBuilder()
                .setID(lease)
                .setRemainingTTL(remainingTtlSeconds)
                .build();
        propose(
                InternalRaftRequest.newBuilder()
                        .setLeaseCheckpoint(LeaseCheckpointRequest.newBuilder().addCheckpoints(checkpoint)),
                () -> {},
                checkpoints::decrementAndGet);
        return true;
    }

    private void propose(InternalRaftRequest.Builder request, Runnable applied, Runnable settled) {
        proposer.propose(request, new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                applied.run();
                settled.run();
            }

            @Override
            public void fail(EtcdError error) {
                settled.run();
            }

            /** A revocation that was forwarded to another leader could end a lease which that one has renewed. */
            @Override
            public boolean isAbandoned() {
                return !leads.getAsBoolean();
            }
        });
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

    /** The revocations that were proposed together, and the pause after them. Thread-safe. */
    private static final class Round {
        private int entered;
        private int underWay;
        private long begunNanos;
        private long pauseEndNanos;

        Round(long nowNanos) {
            pauseEndNanos = nowNanos;
        }

        synchronized boolean enter(long nowNanos) {
            if (entered == 0) {
                if (nowNanos - pauseEndNanos < 0) {
                    return false;
                }
                begunNanos = nowNanos;
            } else if (entered == ROUND_MAX) {
                return false;
            }
            entered++;
            underWay++;
            return true;
        }

        /** @return whether that was the last one: the pause begins */
        synchronized boolean leave(long nowNanos) {
            underWay--;
            if (underWay > 0) {
                return false;
            }
            entered = 0;
            pauseEndNanos = nowNanos + Math.max(PAUSE_MIN_NANOS, nowNanos - begunNanos);
            return true;
        }

        synchronized long roomAtNanos() {
            return entered == 0 ? pauseEndNanos : Long.MAX_VALUE;
        }
    }
}
