package dev.cairn.server.concurrency;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.proto.v3lockpb.LockResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;

/** {@code Lock}: a free lock takes one transaction, which also tells who holds. Confined to the event loop of the call. */
final class LockCall extends Contender<LockResponse> {
    /** Where both branches of the transaction have the holder. */
    private static final int HOLDER = 1;

    LockCall(MemberCalls calls, LockRequest request, Reply<LockResponse> reply) {
        super(calls, request.getName(), request.getLease(), reply);
    }

    @Override
    TxnRequest entering() {
        RangeRequest holder = Keys.first(name);
        return TxnRequest.newBuilder()
                .addCompare(Keys.createdAt(key, 0))
                .addSuccess(Keys.put(key, ByteString.EMPTY, lease))
                .addSuccess(Keys.range(holder))
                .addFailure(Keys.range(Keys.only(key)))
                .addFailure(Keys.range(holder))
                .build();
    }

    @Override
    void entered(TxnResponse response) {
        RangeResponse holder = response.getResponses(HOLDER).getResponseRange();
        if (holder.getKvsCount() == 0 || holder.getKvs(0).getCreateRevision() == revision) {
            answer(locked(response.getHeader()));
        } else {
            await();
        }
    }

    @Override
    void leave(Runnable then) {
        calls.call(KVGrpc.getDeleteRangeMethod(), Keys.deletion(key), new Reply<DeleteRangeResponse>() {
            @Override
            public void complete(DeleteRangeResponse response) {
                then.run();
            }

            @Override
            public void fail(Status status) {
                // The key ends with its lease.
                then.run();
            }
        });
    }

    @Override
    LockResponse won(RangeResponse ownKey) {
        return locked(ownKey.getHeader());
    }

    @Override
    EtcdError lost() {
        return EtcdError.SESSION_EXPIRED;
    }

    private LockResponse locked(ResponseHeader header) {
        return LockResponse.newBuilder().setHeader(header).setKey(key).build();
    }
}
