package dev.cairn.proxy.rpc;

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
import io.grpc.stub.StreamObserver;

/** Keys and values, wherever they are: the members, or a layer before them. Thread-safe; each call ends with one answer or one error. */
interface Kv {
    void range(RangeRequest request, StreamObserver<RangeResponse> answer);

    void put(PutRequest request, StreamObserver<PutResponse> answer);

    void deleteRange(DeleteRangeRequest request, StreamObserver<DeleteRangeResponse> answer);

    void txn(TxnRequest request, StreamObserver<TxnResponse> answer);

    void compact(CompactionRequest request, StreamObserver<CompactionResponse> answer);
}
