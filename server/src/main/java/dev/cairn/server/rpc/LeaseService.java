package dev.cairn.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.cairn.auth.Identity;
import dev.cairn.auth.Operation;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.lease.LeaseException;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.TimeToLive;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.LeaseLeasesResponse;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeResponse;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveResponse;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.Credentials;
import dev.cairn.server.api.AttachedKeys;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.LeaderLessor;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.api.WriteAdmission;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code etcdserverpb.Lease}. Grants and revocations go through the log; renewals only move a time in the leader's memory.
 * Thread-safe; no call blocks.
 */
public final class LeaseService extends LeaseGrpc.LeaseImplBase {
    private final Lessor lessor;
    private final AttachedKeys attachedKeys;
    private final LeaderLessor leader;
    private final Proposer proposer;
    private final ReadGate reads;
    private final WriteAdmission admission;
    private final Headers headers;
    private final Access access;
    private final LongSupplier ids;

    /**
     * @param leader asked where this member's own lessor measures no time
     * @param ids candidates for the IDs of leases whose clients leave the choice to the server
     */
    public LeaseService(
            Lessor lessor,
            LeaderLessor leader,
            Proposer proposer,
            ReadGate reads,
            WriteAdmission admission,
            Headers headers,
            Access access,
            LongSupplier ids) {
        this.lessor = lessor;
        this.attachedKeys = AttachedKeys.of(lessor);
        this.leader = leader;
        this.proposer = proposer;
        this.reads = reads;
        this.admission = admission;
        this.headers = headers;
        this.access = access;
        this.ids = ids;
    }

    @Override
    public void leaseGrant(LeaseGrantRequest request, StreamObserver<LeaseGrantResponse> call) {
        LeaseGrantRequest chosen = request.getID() != Lessor.NO_LEASE
                ? request
                : request.toBuilder().setID(lessor.freeId(ids)).build();
        InternalRaftRequest.Builder proposal = InternalRaftRequest.newBuilder().setLeaseGrant(chosen);
        EtcdError error = admission.refusal(proposal);
        if (error != null) {
            Calls.refuse(call, error);
            return;
        }
        Function<MessageLite, LeaseGrantResponse> answer = applied -> {
            LeaseGrantResponse response = (LeaseGrantResponse) applied;
            return response.toBuilder()
                    .setHeader(headers.complete(response.getHeader()))
                    .build();
        };
        proposer.propose(proposal, Calls.answering(call, answer));
    }

    @Override
    public void leaseRevoke(LeaseRevokeRequest request, StreamObserver<LeaseRevokeResponse> call) {
        Function<MessageLite, LeaseRevokeResponse> answer = applied -> {
            LeaseRevokeResponse response = (LeaseRevokeResponse) applied;
            return response.toBuilder()
                    .setHeader(headers.complete(response.getHeader()))
                    .build();
        };
        proposer.propose(InternalRaftRequest.newBuilder().setLeaseRevoke(request), Calls.answering(call, answer));
    }

    @Override
    public StreamObserver<LeaseKeepAliveRequest> leaseKeepAlive(StreamObserver<LeaseKeepAliveResponse> call) {
        return new KeepAliveCall(
                lessor, leader, reads, proposer, headers, access, (ServerCallStreamObserver<LeaseKeepAliveResponse>)
                        call);
    }

    @Override
    public void leaseTimeToLive(LeaseTimeToLiveRequest request, StreamObserver<LeaseTimeToLiveResponse> call) {
        Credentials caller = Caller.current().credentials();
        reads.await(new Calls.Forwarding<Long>(call) {
            @Override
            public void complete(Long index) {
                long usersRevision = access.revision();
                access.check(Operation.LEASE_TIME_TO_LIVE, request, caller, new Calls.Forwarding<>(call) {
                    @Override
                    public void complete(Identity who) {
                        timeToLive(request, caller.executor(), usersRevision, call);
                    }
                });
            }
        });
    }

    private void timeToLive(
            LeaseTimeToLiveRequest request,
            Executor executor,
            long usersRevision,
            StreamObserver<LeaseTimeToLiveResponse> call) {
        LeaseTimeToLiveResponse response;
        try {
            response = timeToLive(request);
        } catch (LeaseException e) {
            leader.timeToLive(request, new Calls.Forwarding<>(call) {
                @Override
                public void complete(LeaseTimeToLiveResponse answer) {
                    answer(answer.toBuilder().setHeader(headers.current()).build(), request, usersRevision, call);
                }
            });
            return;
        }
        if (response != null) {
            answer(response, request, usersRevision, call);
            return;
        }
        attachedKeys.await(executor, new Calls.Forwarding<>(call) {
            @Override
            public void complete(Boolean known) {
                timeToLive(request, executor, usersRevision, call);
            }
        });
    }

    private void answer(
            LeaseTimeToLiveResponse response,
            LeaseTimeToLiveRequest request,
            long usersRevision,
            StreamObserver<LeaseTimeToLiveResponse> call) {
        // What the keys were judged by has changed meanwhile. How old the caller's token is does not matter here.
        if (request.getKeys() && access.isOn() && access.revision() != usersRevision) {
            Calls.refuse(call, EtcdError.AUTH_OLD_REVISION);
        } else {
            Calls.answer(call, response);
        }
    }

    @Override
    public void leaseLeases(LeaseLeasesRequest request, StreamObserver<LeaseLeasesResponse> call) {
        Credentials caller = Caller.current().credentials();
        access.check(
                Operation.LEASE_LEASES, request, caller, Calls.<Identity, LeaseLeasesResponse>answering(call, who -> {
                    LeaseLeasesResponse.Builder response =
                            LeaseLeasesResponse.newBuilder().setHeader(headers.current());
                    for (long id : lessor.leases()) {
                        response.addLeasesBuilder().setID(id);
                    }
                    return response.build();
                }));
    }

    /** What this member knows; null when it is asked for keys and does not know them yet. */
    private @Nullable LeaseTimeToLiveResponse timeToLive(LeaseTimeToLiveRequest request) throws LeaseException {
        if (lessor.isPrimary()) {
            FailPoint.BEFORE_LOOKUP_WHEN_LEASE_TIME_TO_LIVE.hit();
        }
        TimeToLive left = lessor.timeToLive(request.getID(), System.nanoTime());
        LeaseTimeToLiveResponse.Builder response = LeaseTimeToLiveResponse.newBuilder()
                .setHeader(headers.current())
                .setID(request.getID())
                .setTTL(left.remainingSeconds())
                .setGrantedTTL(left.grantedSeconds());
        if (request.getKeys()) {
            List<ByteString> keys = lessor.attachedKeys(request.getID());
            if (keys == null) {
                return null;
            }
            response.addAllKeys(keys);
        }
        return response.build();
    }
}
