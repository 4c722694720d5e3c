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
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Proposes what the lessor finds due: revocations of expired leases, checkpoints of long ones. Bounded, so that a million
 * leases that end together leave room for clients' requests. Thread-safe.
 */
final class LeaseExpiry implements ExpirySink {
    private static final int UNDER_WAY_MAX = 1000;

    private final Proposer proposer;
    private final AtomicInteger underWay = new AtomicInteger();

    LeaseExpiry(Proposer proposer) {
        this.proposer = proposer;
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
        if (underWay.get() >= UNDER_WAY_MAX) {
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
}
