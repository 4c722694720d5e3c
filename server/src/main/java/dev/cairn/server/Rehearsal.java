package dev.cairn.server;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.BlockingClientCall;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Asks a server what clients ask first, so that the class cache which that server writes down when it ends has the classes for it, and the next server
 * answers its first call sooner. {@code bin/etcd} runs it against a throw-away server; it writes keys, so it is for no other.
 */
public final class Rehearsal {
    private static final int SECONDS_MAX = 20;
    private static final ByteString KEY = ByteString.copyFromUtf8("rehearsal/1");
    private static final ByteString END = ByteString.copyFromUtf8("rehearsal0");

    private Rehearsal() {}

    /** @param arguments the address of the server, as host:port; without TLS */
    public static void main(String[] arguments) throws StatusException, InterruptedException {
        // Whoever waits for this has a server to start.
        CompletableFuture.delayedExecutor(SECONDS_MAX, TimeUnit.SECONDS)
                .execute(() -> Runtime.getRuntime().halt(1));
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(arguments[0]).usePlaintext().build();
        try {
            writeAndRead(channel);
            watch(channel);
            hold(channel);
            MaintenanceGrpc.newBlockingV2Stub(channel).status(StatusRequest.getDefaultInstance());
        } finally {
            channel.shutdownNow();
        }
    }

    private static PutRequest put() {
        return PutRequest.newBuilder().setKey(KEY).setValue(KEY).build();
    }

    private static RangeRequest range() {
        return RangeRequest.newBuilder().setKey(KEY).setRangeEnd(END).build();
    }

    private static void writeAndRead(ManagedChannel channel) throws StatusException {
        KVGrpc.KVBlockingV2Stub kv = KVGrpc.newBlockingV2Stub(channel);
        kv.put(put());
        kv.range(RangeRequest.newBuilder().setKey(KEY).build());
        kv.range(range());
        kv.range(range().toBuilder().setSerializable(true).setKeysOnly(true).build());
        kv.range(range().toBuilder().setLimit(1).setRevision(2).build());
        kv.txn(TxnRequest.newBuilder()
                .addCompare(Compare.newBuilder()
                        .setKey(KEY)
                        .setTarget(Compare.CompareTarget.MOD)
                        .setModRevision(2))
                .addSuccess(RequestOp.newBuilder().setRequestPut(put()))
                .addFailure(RequestOp.newBuilder().setRequestRange(range()))
                .build());
        kv.txn(TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder().setRequestRange(range()))
                .build());
        kv.deleteRange(
                DeleteRangeRequest.newBuilder().setKey(KEY).setRangeEnd(END).build());
    }

    private static void watch(ManagedChannel channel) throws StatusException, InterruptedException {
        BlockingClientCall<WatchRequest, WatchResponse> watch =
                WatchGrpc.newBlockingV2Stub(channel).watch();
        for (long from : new long[] {0, 2}) {
            watch.write(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(KEY)
                            .setRangeEnd(END)
                            .setStartRevision(from))
                    .build());
        }
        KVGrpc.newBlockingV2Stub(channel).put(put());
        // It is told of its making, of the past and of the put.
        for (int answers = 0; answers < 4; answers++) {
            watch.read();
        }
        watch.halfClose();
    }

    private static void hold(ManagedChannel channel) throws StatusException, InterruptedException {
        LeaseGrpc.LeaseBlockingV2Stub leases = LeaseGrpc.newBlockingV2Stub(channel);
        long lease = leases.leaseGrant(
                        LeaseGrantRequest.newBuilder().setTTL(SECONDS_MAX).build())
                .getID();
        KVGrpc.newBlockingV2Stub(channel).put(put().toBuilder().setLease(lease).build());
        BlockingClientCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> renewals = leases.leaseKeepAlive();
        renewals.write(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
        renewals.read();
        renewals.halfClose();
        leases.leaseRevoke(LeaseRevokeRequest.newBuilder().setID(lease).build());
    }
}
