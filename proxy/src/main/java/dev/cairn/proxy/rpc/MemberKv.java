package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.CompactionResponse;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;

/** Keys and values of the members themselves. */
class MemberKv implements Kv {
    private final KVGrpc.KVStub members;

    MemberKv(Channel channel) {
        members = KVGrpc.newStub(channel);
    }

    @Override
    public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
        members.range(request, answer);
    }

    @Override
    public void put(PutRequest request, StreamObserver<PutResponse> answer) {
        members.put(request, answer);
    }

    @Override
    public void deleteRange(DeleteRangeRequest request, StreamObserver<DeleteRangeResponse> answer) {
        members.deleteRange(request, answer);
    }

    @Override
    public void txn(TxnRequest request, StreamObserver<TxnResponse> answer) {
        members.txn(request, answer);
    }

    @Override
    public void compact(CompactionRequest request, StreamObserver<CompactionResponse> answer) {
        members.compact(request, answer);
    }
}
