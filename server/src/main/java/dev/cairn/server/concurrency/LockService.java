package dev.cairn.server.concurrency;

import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.v3lockpb.LockGrpc;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.proto.v3lockpb.LockResponse;
import dev.cairn.proto.v3lockpb.UnlockRequest;
import dev.cairn.proto.v3lockpb.UnlockResponse;
import io.grpc.stub.StreamObserver;
import java.util.function.Function;
import java.util.function.Supplier;

/** {@code v3lockpb.Lock}. Thread-safe; no call blocks a thread, however long it waits. */
public final class LockService extends LockGrpc.LockImplBase {
    private final Supplier<MemberCalls> calls;

    /** @param calls inner calls for the caller of the moment */
    public LockService(Supplier<MemberCalls> calls) {
        this.calls = calls;
    }

    @Override
    public void lock(LockRequest request, StreamObserver<LockResponse> call) {
        OuterCalls.start(call, new LockCall(calls.get(), request, OuterCalls.answering(call, Function.identity())));
    }

    /** Deletes whatever key it is given: that the caller holds the lock is not asked. */
    @Override
    public void unlock(UnlockRequest request, StreamObserver<UnlockResponse> call) {
        Reply<DeleteRangeResponse> reply = OuterCalls.answering(
                call,
                deleted -> UnlockResponse.newBuilder()
                        .setHeader(deleted.getHeader())
                        .build());
        calls.get().call(KVGrpc.getDeleteRangeMethod(), Keys.deletion(request.getKey()), reply);
    }
}
