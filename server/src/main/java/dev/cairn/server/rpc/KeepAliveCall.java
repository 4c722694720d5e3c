package dev.cairn.server.rpc;

import com.google.protobuf.MessageLite;
import dev.cairn.auth.Identity;
import dev.cairn.auth.Operation;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.Renewal;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseCheckpoint;
import dev.cairn.proto.etcdserverpb.LeaseCheckpointRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.Credentials;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.LeaderLessor;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/**
 * One stream of keep-alives: an answer for each request, in order. The next request is taken from the transport only after
 * the last one was answered, so a renewal that has to wait for the log holds one request and no more.
 */
final class KeepAliveCall implements StreamObserver<LeaseKeepAliveRequest> {
    private final Lessor lessor;
    private final LeaderLessor leader;
    private final ReadGate reads;
    private final Proposer proposer;
    private final Headers headers;
    private final Access access;
    private final Credentials caller;
    private final ServerCallStreamObserver<LeaseKeepAliveResponse> call;

    /** A refusal ends the call, and the client's end may come behind it. */
    private volatile boolean refused;

    KeepAliveCall(
            Lessor lessor,
            LeaderLessor leader,
            ReadGate reads,
            Proposer proposer,
            Headers headers,
            Access access,
            ServerCallStreamObserver<LeaseKeepAliveResponse> call) {
        this.lessor = lessor;
        this.leader = leader;
        this.reads = reads;
        this.proposer = proposer;
        this.headers = headers;
        this.access = access;
        this.caller = Caller.current().credentials();
        this.call = call;
        call.disableAutoRequest();
        call.request(1);
        // A client that has gone needs nothing more; having a handler keeps late answers from being errors.
        call.setOnCancelHandler(() -> {});
    }

    @Override
    public void onNext(LeaseKeepAliveRequest request) {
        access.check(Operation.LEASE_KEEP_ALIVE, request, caller, new Completion<Identity>() {
            @Override
            public void complete(Identity who) {
                renew(request.getID());
            }

            @Override
            public void fail(EtcdError error) {
                refuse(error);
            }
        });
    }

    @Override
    public void onError(Throwable cause) {
        // The call is over; there is nothing to release.
    }

    @Override
    public void onCompleted() {
        if (!refused && !call.isCancelled()) {
            call.onCompleted();
        }
    }

    private void renew(long lease) {
        Renewal renewal = lessor.renew(lease, System.nanoTime());
        switch (renewal.state()) {
            case RENEWED -> answer(lease, renewal.ttlSeconds());
            case UNKNOWN -> whenCaughtUp(lease);
            case EXPIRED -> lessor.whenSettled(lease, () -> renew(lease));
            case CHECKPOINTED -> eraseCheckpoint(lease);
            case NOT_PRIMARY -> askLeader(lease);
        }
    }

    /** Another member may have told its client of a lease that is not applied here yet. */
    private void whenCaughtUp(long lease) {
        reads.await(new Completion<Long>() {
            @Override
            public void complete(Long index) {
                Renewal renewal = lessor.renew(lease, System.nanoTime());
                if (renewal.state() == Renewal.State.UNKNOWN) {
                    answer(lease, renewal.ttlSeconds());
                } else {
                    renew(lease);
                }
            }

            @Override
            public void fail(EtcdError error) {
                refuse(error);
            }
        });
    }

    private void askLeader(long lease) {
        leader.renew(lease, new Completion<Long>() {
            @Override
            public void complete(Long ttlSeconds) {
                answer(lease, ttlSeconds);
            }

            @Override
            public void fail(EtcdError error) {
                refuse(error);
            }
        });
    }

    private void eraseCheckpoint(long lease) {
        LeaseCheckpointRequest erase = LeaseCheckpointRequest.newBuilder()
                .addCheckpoints(LeaseCheckpoint.newBuilder().setID(lease))
                .build();
        proposer.propose(InternalRaftRequest.newBuilder().setLeaseCheckpoint(erase), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                renew(lease);
            }

            @Override
            public void fail(EtcdError error) {
                refuse(error);
            }
        });
    }

    private void refuse(EtcdError error) {
        refused = true;
        Calls.refuse(call, error);
    }

    private void answer(long lease, long ttlSeconds) {
        if (call.isCancelled()) {
            return;
        }
        call.onNext(LeaseKeepAliveResponse.newBuilder()
                .setHeader(headers.current())
                .setID(lease)
                .setTTL(ttlSeconds)
                .build());
        call.request(1);
    }
}
