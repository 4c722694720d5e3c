package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.CompactionResponse;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.stub.StreamObserver;

/** Keys behind a prefix that clients do not see. Thread-safe. */
final class NamespacedKv implements Kv {
    private final Kv members;
    private final Namespace namespace;

    NamespacedKv(Kv members, Namespace namespace) {
        this.members = members;
        this.namespace = namespace;
    }

    /** With the prefix before it, an empty key would be one. */
    private static boolean refused(ByteString key, StreamObserver<?> answer) {
        if (key.isEmpty()) {
            answer.onError(EtcdError.EMPTY_KEY.asException());
        }
        return key.isEmpty();
    }

    @Override
    public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
        if (!refused(request.getKey(), answer)) {
            members.range(
                    namespace.inside(request),
                    Answer.to(answer, (RangeResponse response) -> answer.onNext(namespace.outside(response))));
        }
    }

    @Override
    public void put(PutRequest request, StreamObserver<PutResponse> answer) {
        if (!refused(request.getKey(), answer)) {
            members.put(
                    namespace.inside(request),
                    Answer.to(answer, (PutResponse response) -> answer.onNext(namespace.outside(response))));
        }
    }

    @Override
    public void deleteRange(DeleteRangeRequest request, StreamObserver<DeleteRangeResponse> answer) {
        if (!refused(request.getKey(), answer)) {
            members.deleteRange(
                    namespace.inside(request),
                    Answer.to(answer, (DeleteRangeResponse response) -> answer.onNext(namespace.outside(response))));
        }
    }

    @Override
    public void txn(TxnRequest request, StreamObserver<TxnResponse> answer) {
        members.txn(
                namespace.inside(request),
                Answer.to(answer, (TxnResponse response) -> answer.onNext(namespace.outside(response))));
    }

    @Override
    public void compact(CompactionRequest request, StreamObserver<CompactionResponse> answer) {
        members.compact(request, answer);
    }
}
