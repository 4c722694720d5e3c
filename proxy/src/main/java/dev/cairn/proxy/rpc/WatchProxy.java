package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** The watch service; see {@link WatchHub}. Thread-safe. */
final class WatchProxy extends WatchGrpc.WatchImplBase {
    private final WatchHub hub;
    private final Kv kv;
    private final LeaderPresence leader;

    /** @param kv tells who may read what */
    WatchProxy(WatchHub hub, Kv kv, LeaderPresence leader) {
        this.hub = hub;
        this.kv = kv;
        this.leader = leader;
    }

    @Override
    public StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> answers) {
        Caller caller = Caller.current();
        ClientWatches stream = new ClientWatches(hub, kv, (ServerCallStreamObserver<WatchResponse>) answers, caller);
        stream.begin();
        if (caller.requiresLeader()) {
            Runnable lost = () -> stream.fail(EtcdError.NO_LEADER);
            Context.current().addListener(ended -> leader.forget(lost), Runnable::run);
            leader.whenLost(lost);
        }
        return stream;
    }
}
