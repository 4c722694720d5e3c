package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.CompactionResponse;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RangeStreamResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.metrics.ProxyMetrics;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.List;

/**
 * The key-value service: serializable ranges are answered from memory where they can be, everything else goes to the members and tells the
 * memory what it changes. Thread-safe.
 */
final class KvProxy extends KVGrpc.KVImplBase {
    private final Kv members;
    private final ProxyMetrics metrics;
    private final RangeCache cache = new RangeCache();

    KvProxy(Kv members, ProxyMetrics metrics) {
        this.members = members;
        this.metrics = metrics;
        metrics.cacheKeysTotal.follow(cache::size);
    }

    @Override
    public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
        String token = Caller.current().token();
        if (request.getSerializable()) {
            if (cache.isCompacted(request)) {
                metrics.cacheHitsTotal.increment();
                answer.onError(EtcdError.COMPACTED.asException());
                return;
            }
            RangeResponse known = cache.get(request, token);
            if (known != null) {
                metrics.cacheHitsTotal.increment();
                answer.onNext(known);
                answer.onCompleted();
                return;
            }
            metrics.cacheMissesTotal.increment();
        }
        RangeCache.Pending pending = cache.await(request, token);
        members.range(request, new Answer<>(answer) {
            @Override
            public void onNext(RangeResponse response) {
                pending.take(response);
                answer.onNext(response);
            }

            @Override
            public void onError(Throwable error) {
                pending.drop();
                super.onError(error);
            }
        });
    }

    @Override
    public void rangeStream(RangeRequest request, StreamObserver<RangeStreamResponse> answer) {
        answer.onError(Status.UNIMPLEMENTED
                .withDescription("RangeStream is not supported by the gRPC proxy")
                .asRuntimeException());
    }

    @Override
    public void put(PutRequest request, StreamObserver<PutResponse> answer) {
        Runnable changes = () -> cache.invalidate(request.getKey(), ByteString.EMPTY);
        members.put(request, changing(changes, answer));
    }

    @Override
    public void deleteRange(DeleteRangeRequest request, StreamObserver<DeleteRangeResponse> answer) {
        Runnable changes = () -> cache.invalidate(request.getKey(), request.getRangeEnd());
        members.deleteRange(request, changing(changes, answer));
    }

    @Override
    public void txn(TxnRequest request, StreamObserver<TxnResponse> answer) {
        Runnable changes = () -> {
            // What is compared may have been found to be other than the memory has it.
            for (Compare compare : request.getCompareList()) {
                cache.invalidate(compare.getKey(), compare.getRangeEnd());
            }
            invalidate(request);
        };
        members.txn(request, changing(changes, answer));
    }

    /** Whatever branch is taken: to drop too much costs a question, to drop too little a wrong answer. */
    private void invalidate(TxnRequest request) {
        for (List<RequestOp> branch : List.of(request.getSuccessList(), request.getFailureList())) {
            for (RequestOp operation : branch) {
                if (operation.hasRequestPut()) {
                    cache.invalidate(operation.getRequestPut().getKey(), ByteString.EMPTY);
                } else if (operation.hasRequestDeleteRange()) {
                    DeleteRangeRequest deletion = operation.getRequestDeleteRange();
                    cache.invalidate(deletion.getKey(), deletion.getRangeEnd());
                } else if (operation.hasRequestTxn()) {
                    invalidate(operation.getRequestTxn());
                }
            }
        }
    }

    /** Drops before the write, which may take effect without an answer, and behind it, because reads may have come between. */
    private static <A> StreamObserver<A> changing(Runnable changes, StreamObserver<A> answer) {
        changes.run();
        return new Answer<>(answer) {
            @Override
            public void onNext(A response) {
                changes.run();
                answer.onNext(response);
            }

            @Override
            public void onError(Throwable error) {
                changes.run();
                super.onError(error);
            }
        };
    }

    @Override
    public void compact(CompactionRequest request, StreamObserver<CompactionResponse> answer) {
        members.compact(request, Answer.to(answer, (CompactionResponse response) -> {
            cache.compact(request.getRevision());
            answer.onNext(response);
        }));
    }
}
