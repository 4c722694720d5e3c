package dev.cairn.it.cluster;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.AlarmMember;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.HashKVResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveResponse;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.MoveLeaderRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * One connection to one member, over its restarts. What fails because nobody leads, or the member is on its way up, is asked again until
 * {@link Group#LIMIT}; every other failure is the caller's. Thread-safe.
 */
final class Client implements AutoCloseable {
    private static final int UNDER_WAY_MAX = 200;
    private static final Duration ANSWER = Duration.ofSeconds(10);

    private final ManagedChannel channel;

    Client(ServerProcess server) {
        channel = NettyChannelBuilder.forTarget(server.target()).usePlaintext().build();
    }

    private KVGrpc.KVBlockingStub kv() {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(ANSWER);
    }

    private LeaseGrpc.LeaseBlockingStub leases() {
        return LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(ANSWER);
    }

    private MaintenanceGrpc.MaintenanceBlockingStub maintenance() {
        return MaintenanceGrpc.newBlockingStub(channel).withDeadlineAfter(ANSWER);
    }

    long put(String key, String value, long lease) {
        PutRequest request = put(key, value).setLease(lease).build();
        return untilDone(() -> kv().put(request)).getHeader().getRevision();
    }

    long put(String key, ByteString value) {
        PutRequest request = put(key, "").setValue(value).build();
        return untilDone(() -> kv().put(request)).getHeader().getRevision();
    }

    /** Writes {@code prefix0} and so on, many at a time and in any order. */
    void putMany(String prefix, int count) throws InterruptedException, ExecutionException, TimeoutException {
        putMany(prefix, count, UNDER_WAY_MAX);
    }

    /** Writes {@code prefix0} and so on, so many at a time. */
    void putMany(String prefix, int count, int underWayMax)
            throws InterruptedException, ExecutionException, TimeoutException {
        KVGrpc.KVFutureStub stub = KVGrpc.newFutureStub(channel);
        Deque<ListenableFuture<PutResponse>> underWay = new ArrayDeque<>();
        for (int i = 0; i < count; i++) {
            if (underWay.size() == underWayMax) {
                underWay.remove().get(Group.LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
            underWay.add(stub.put(put(prefix + i, "v" + i).build()));
        }
        for (ListenableFuture<PutResponse> each : underWay) {
            each.get(Group.LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** The values of a key, or of the keys from it to another, by a linearizable read. */
    List<String> values(String key, String end) {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .build();
        return untilDone(() -> kv().range(request)).getKvsList().stream()
                .map(each -> each.getValue().toStringUtf8())
                .toList();
    }

    void delete(String key, String end) {
        DeleteRangeRequest request = DeleteRangeRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .build();
        var ignored = untilDone(() -> kv().deleteRange(request));
    }

    /** Compacts, and waits until what was compacted is gone. */
    void compact(long revision) {
        CompactionRequest request = CompactionRequest.newBuilder()
                .setRevision(revision)
                .setPhysical(true)
                .build();
        var ignored = untilDone(() -> kv().compact(request));
    }

    long grant(long seconds) {
        LeaseGrantRequest request =
                LeaseGrantRequest.newBuilder().setTTL(seconds).build();
        return untilDone(() -> leases().leaseGrant(request)).getID();
    }

    void revoke(long lease) {
        var ignored = untilDone(() -> leases().leaseRevoke(
                        LeaseRevokeRequest.newBuilder().setID(lease).build()));
    }

    LeaseTimeToLiveResponse timeToLive(long lease) {
        LeaseTimeToLiveRequest request =
                LeaseTimeToLiveRequest.newBuilder().setID(lease).setKeys(true).build();
        return untilDone(() -> leases().leaseTimeToLive(request));
    }

    /** Renews a lease once; the seconds that it has then. */
    long keepAlive(long lease) {
        return untilDone(() -> {
            CompletableFuture<Long> renewed = new CompletableFuture<>();
            StreamObserver<LeaseKeepAliveRequest> requests = LeaseGrpc.newStub(channel)
                    .withDeadlineAfter(ANSWER)
                    .leaseKeepAlive(new StreamObserver<LeaseKeepAliveResponse>() {
                        @Override
                        public void onNext(LeaseKeepAliveResponse response) {
                            renewed.complete(response.getTTL());
                        }

                        @Override
                        public void onError(Throwable cause) {
                            renewed.completeExceptionally(cause);
                        }

                        @Override
                        public void onCompleted() {
                            renewed.completeExceptionally(new IllegalStateException("the stream ended"));
                        }
                    });
            requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
            try {
                return renewed.join();
            } catch (java.util.concurrent.CompletionException e) {
                throw Status.fromThrowable(e).asRuntimeException();
            } finally {
                requests.onCompleted();
            }
        });
    }

    StatusResponse status() {
        return untilDone(() -> maintenance().status(StatusRequest.getDefaultInstance()));
    }

    /** The newest revision that this member has applied. */
    long revision() {
        return status().getHeader().getRevision();
    }

    /** The alarms that are raised, as this member knows. */
    List<AlarmType> alarms() {
        AlarmRequest request = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.GET)
                .build();
        return untilDone(() -> maintenance().alarm(request)).getAlarmsList().stream()
                .map(AlarmMember::getAlarm)
                .toList();
    }

    HashKVResponse hashKv() {
        return untilDone(() -> maintenance().hashKV(HashKVRequest.getDefaultInstance()));
    }

    /** Asks this member, who should lead, to give leadership away; whether it is done shows in the status. */
    void moveLeader(long target) {
        try {
            var ignored = maintenance()
                    .moveLeader(
                            MoveLeaderRequest.newBuilder().setTargetID(target).build());
        } catch (StatusRuntimeException e) {
            // Somebody else leads by now, or the transfer took too long: whoever asked looks again.
            channel.resetConnectBackoff();
        }
    }

    private <T> T untilDone(Supplier<T> call) {
        long start = System.nanoTime();
        while (true) {
            try {
                return call.get();
            } catch (StatusRuntimeException e) {
                boolean passes = switch (e.getStatus().getCode()) {
                    case UNAVAILABLE, DEADLINE_EXCEEDED -> true;
                    // What etcd has no code for, and what the library here says of a connection that has just gone.
                    case UNKNOWN ->
                        String.valueOf(e.getStatus().getDescription()).contains("raft proposal dropped")
                                || e.getStatus().getCause() instanceof ClosedChannelException;
                    default -> false;
                };
                if (!passes || System.nanoTime() - start > Group.LIMIT.toNanos()) {
                    throw e;
                }
            }
            channel.resetConnectBackoff();
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("Interrupted while waiting for " + channel.authority(), e);
            }
        }
    }

    private static PutRequest.Builder put(String key, String value) {
        return PutRequest.newBuilder().setKey(bytes(key)).setValue(bytes(value));
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
