package dev.cairn.server.v2;

import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.concurrency.MemberCalls;
import dev.cairn.server.concurrency.Reply;
import dev.cairn.v2.V3;
import dev.cairn.v2.V3Failure;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/** The store as calls of this member. Confined as the calls are. */
public final class MemberV3 implements V3 {
    private final MemberCalls calls;
    private final MemberStatus status;
    private final Executor here;
    private final Executor slow;

    /**
     * @param here where the calls are answered
     * @param slow runs what takes long; bounded, refuses what is too much
     */
    public MemberV3(MemberCalls calls, MemberStatus status, Executor here, Executor slow) {
        this.calls = calls;
        this.status = status;
        this.here = here;
        this.slow = slow;
    }

    @Override
    public CompletionStage<RangeResponse> range(RangeRequest request) {
        return call(KVGrpc.getRangeMethod(), request);
    }

    @Override
    public CompletionStage<TxnResponse> txn(TxnRequest request) {
        return call(KVGrpc.getTxnMethod(), request);
    }

    @Override
    public CompletionStage<LeaseGrantResponse> grant(LeaseGrantRequest request) {
        return call(LeaseGrpc.getLeaseGrantMethod(), request);
    }

    @Override
    public void revoke(long lease) {
        calls.call(
                LeaseGrpc.getLeaseRevokeMethod(),
                LeaseRevokeRequest.newBuilder().setID(lease).build(),
                new Reply<LeaseRevokeResponse>() {
                    @Override
                    public void complete(LeaseRevokeResponse response) {
                        // Nobody waits for it.
                    }

                    @Override
                    public void fail(Status failure) {
                        // It ends by its time.
                    }
                });
    }

    @Override
    public Watch watch(WatchCreateRequest request, WatchListener listener) {
        MemberCalls.Watch watch = calls.watch(request, new MemberCalls.WatchListener() {
            @Override
            public void onResponse(WatchResponse response) {
                listener.onResponse(response);
            }

            @Override
            public void onClosed(Status ended) {
                listener.onClosed();
            }
        });
        return new Watch() {
            @Override
            public void next() {
                watch.next();
            }

            @Override
            public void cancel() {
                watch.cancel();
            }
        };
    }

    @Override
    public RaftPosition position() {
        return new RaftPosition(status.committedIndex(), status.term());
    }

    @Override
    public <T> CompletionStage<T> aside(Supplier<T> work) {
        try {
            return CompletableFuture.supplyAsync(work, slow).thenApplyAsync(done -> done, here);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(
                    new V3Failure(V3Failure.Kind.OTHER, EtcdError.TOO_MANY_REQUESTS.message()));
        }
    }

    private <Q, R> CompletionStage<R> call(MethodDescriptor<Q, R> method, Q request) {
        CompletableFuture<R> answer = new CompletableFuture<>();
        calls.call(method, request, new Reply<R>() {
            @Override
            public void complete(R response) {
                answer.complete(response);
            }

            @Override
            public void fail(Status failure) {
                answer.completeExceptionally(failure(failure));
            }
        });
        return answer;
    }

    private static V3Failure failure(Status status) {
        String text = status.getDescription();
        if (text == null) {
            return new V3Failure(V3Failure.Kind.OTHER, status.getCode().name());
        }
        V3Failure.Kind kind = text.equals(EtcdError.COMPACTED.message())
                ? V3Failure.Kind.COMPACTED
                : text.equals(EtcdError.LEASE_NOT_FOUND.message())
                        ? V3Failure.Kind.LEASE_NOT_FOUND
                        : V3Failure.Kind.OTHER;
        return new V3Failure(kind, text);
    }
}
