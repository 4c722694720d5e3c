package dev.cairn.it.upkeep;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.HashKVResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;

/** A connection to a server and its services. */
final class Client implements AutoCloseable {
    private final ManagedChannel channel;
    final KVGrpc.KVBlockingStub kv;
    final LeaseGrpc.LeaseBlockingStub leases;
    final MaintenanceGrpc.MaintenanceBlockingStub maintenance;

    Client(ServerProcess server) {
        channel = NettyChannelBuilder.forTarget(server.target()).usePlaintext().build();
        kv = KVGrpc.newBlockingStub(channel);
        leases = LeaseGrpc.newBlockingStub(channel);
        maintenance = MaintenanceGrpc.newBlockingStub(channel);
    }

    void put(String key, String value, long lease) {
        kv.put(PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .setLease(lease)
                .build());
    }

    /** Compacts, and waits until what was compacted is gone. */
    void compact(long revision) {
        kv.compact(CompactionRequest.newBuilder()
                .setRevision(revision)
                .setPhysical(true)
                .build());
    }

    HashKVResponse hashKv(long revision) {
        return maintenance.hashKV(
                HashKVRequest.newBuilder().setRevision(revision).build());
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
