package dev.cairn.proxy.rpc;

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
import dev.cairn.server.api.EtcdError;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The lease service: calls go on to the members, renewals together with those of others. Thread-safe. */
final class LeaseProxy extends LeaseGrpc.LeaseImplBase {
    private final LeaseGrpc.LeaseStub members;
    private final Renewals renewals;
    private final LeaderPresence leader;
    private final @Nullable Namespace namespace;

    /** @param namespace before all keys of clients; null for none */
    LeaseProxy(Channel channel, Renewals renewals, LeaderPresence leader, @Nullable Namespace namespace) {
        this.members = LeaseGrpc.newStub(channel);
        this.renewals = renewals;
        this.leader = leader;
        this.namespace = namespace;
    }

    /** Waits for a member where the other calls fail, as in etcd: whoever begins begins with a lease. */
    @Override
    public void leaseGrant(LeaseGrantRequest request, StreamObserver<LeaseGrantResponse> answer) {
        members.withWaitForReady().leaseGrant(request, answer);
    }

    @Override
    public void leaseRevoke(LeaseRevokeRequest request, StreamObserver<LeaseRevokeResponse> answer) {
        members.leaseRevoke(request, answer);
    }

    @Override
    public void leaseLeases(LeaseLeasesRequest request, StreamObserver<LeaseLeasesResponse> answer) {
        members.leaseLeases(request, answer);
    }

    @Override
    public void leaseTimeToLive(LeaseTimeToLiveRequest request, StreamObserver<LeaseTimeToLiveResponse> answer) {
        Namespace inside = namespace;
        if (inside == null) {
            members.leaseTimeToLive(request, answer);
            return;
        }
        members.leaseTimeToLive(
                request,
                Answer.to(
                        answer,
                        (LeaseTimeToLiveResponse response) -> answer.onNext(response.toBuilder()
                                .clearKeys()
                                .addAllKeys(inside.outside(response.getKeysList()))
                                .build())));
    }

    @Override
    public StreamObserver<LeaseKeepAliveRequest> leaseKeepAlive(StreamObserver<LeaseKeepAliveResponse> answers) {
        Caller caller = Caller.current();
        ClientRenewals stream =
                new ClientRenewals(renewals, (ServerCallStreamObserver<LeaseKeepAliveResponse>) answers, caller);
        stream.begin();
        if (caller.requiresLeader()) {
            Runnable lost = () -> caller.execute(() -> stream.fail(EtcdError.NO_LEADER.status()));
            Context.current().addListener(ended -> leader.forget(lost), Runnable::run);
            leader.whenLost(lost);
        }
        return stream;
    }

    /**
     * One client's stream of renewals. Confined to the event loop of its connection. Requests are taken as long as fewer than {@link #OPEN_MAX}
     * wait for their answers to be sent.
     */
    private static final class ClientRenewals implements StreamObserver<LeaseKeepAliveRequest> {
        private static final int OPEN_MAX = 1024;

        private final Renewals renewals;
        private final ServerCallStreamObserver<LeaseKeepAliveResponse> call;
        private final Caller caller;
        private final Deque<LeaseKeepAliveResponse> answered = new ArrayDeque<>();
        private int open;
        private boolean requested;
        private boolean closed;
        private boolean lastRequest;

        ClientRenewals(Renewals renewals, ServerCallStreamObserver<LeaseKeepAliveResponse> call, Caller caller) {
            this.renewals = renewals;
            this.call = call;
            this.caller = caller;
        }

        void begin() {
            call.disableAutoRequest();
            call.setOnReadyHandler(this::send);
            call.setOnCancelHandler(() -> closed = true);
            takeNext();
        }

        private void takeNext() {
            if (!requested && !closed && open < OPEN_MAX) {
                requested = true;
                call.request(1);
            }
        }

        @Override
        public void onNext(LeaseKeepAliveRequest request) {
            requested = false;
            open++;
            renewals.renew(caller, request.getID(), new Renewals.Waiting() {
                @Override
                public void renewed(LeaseKeepAliveResponse response) {
                    caller.execute(() -> {
                        answered.add(response);
                        send();
                    });
                }

                @Override
                public void failed(Status status) {
                    caller.execute(() -> fail(status));
                }
            });
            takeNext();
        }

        private void send() {
            while (!closed && !answered.isEmpty() && call.isReady()) {
                call.onNext(answered.remove());
                open--;
            }
            if (lastRequest && open == 0 && !closed) {
                closed = true;
                call.onCompleted();
            }
            takeNext();
        }

        void fail(Status status) {
            if (!closed) {
                closed = true;
                call.onError(status.asRuntimeException());
            }
        }

        @Override
        public void onError(Throwable error) {
            closed = true;
        }

        @Override
        public void onCompleted() {
            lastRequest = true;
            requested = true;
            send();
        }
    }
}
