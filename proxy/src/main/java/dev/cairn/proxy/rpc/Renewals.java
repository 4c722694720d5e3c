package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Renewals of leases: all that ask for the same one while one is under way get its answer. Thread-safe. Renewals under way are bounded by the
 * streams of clients; one that is not answered for {@link #LIMIT_SECONDS} fails.
 */
final class Renewals {
    static final int LIMIT_SECONDS = 10;

    private final LeaseGrpc.LeaseStub members;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Lease, List<Waiting>> underWay = new HashMap<>();

    private record Lease(long id, String token) {}

    /** Told once, on the event loop of the member's connection. */
    interface Waiting {
        void renewed(LeaseKeepAliveResponse response);

        void failed(Status status);
    }

    Renewals(Channel channel) {
        members = LeaseGrpc.newStub(channel);
    }

    /** Renews a lease for a caller. */
    void renew(Caller caller, long id, Waiting waiting) {
        Lease lease = new Lease(id, caller.token());
        List<Waiting> mine;
        lock.lock();
        try {
            List<Waiting> others = underWay.get(lease);
            if (others != null) {
                others.add(waiting);
                return;
            }
            mine = new ArrayList<>(List.of(waiting));
            underWay.put(lease, mine);
        } finally {
            lock.unlock();
        }
        caller.shared().runApart(() -> ask(lease, mine));
    }

    /** One question on a stream of its own, which costs no more than any other call. */
    private void ask(Lease lease, List<Waiting> mine) {
        StreamObserver<LeaseKeepAliveRequest> stream = members.withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .leaseKeepAlive(new StreamObserver<>() {
                    @Override
                    public void onNext(LeaseKeepAliveResponse response) {
                        waitingFor(lease, mine).forEach(waiting -> waiting.renewed(response));
                    }

                    @Override
                    public void onError(Throwable error) {
                        Status status = Status.fromThrowable(error);
                        waitingFor(lease, mine).forEach(waiting -> waiting.failed(status));
                    }

                    @Override
                    public void onCompleted() {
                        Status ended = Status.UNAVAILABLE.withDescription("the member has ended the stream");
                        waitingFor(lease, mine).forEach(waiting -> waiting.failed(ended));
                    }
                });
        stream.onNext(LeaseKeepAliveRequest.newBuilder().setID(lease.id()).build());
        stream.onCompleted();
    }

    /** Those who wait for this question, once; who comes from now on begins anew. */
    private List<Waiting> waitingFor(Lease lease, List<Waiting> mine) {
        lock.lock();
        try {
            if (underWay.get(lease) != mine) {
                return List.of();
            }
            underWay.remove(lease);
            return mine;
        } finally {
            lock.unlock();
        }
    }
}
