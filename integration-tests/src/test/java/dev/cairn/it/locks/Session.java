package dev.cairn.it.locks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.proto.v3electionpb.CampaignRequest;
import dev.cairn.proto.v3electionpb.CampaignResponse;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3electionpb.LeaderRequest;
import dev.cairn.proto.v3electionpb.LeaderResponse;
import dev.cairn.proto.v3lockpb.LockGrpc;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.proto.v3lockpb.LockResponse;
import dev.cairn.proto.v3lockpb.UnlockRequest;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** One client with a connection of its own. Confined to the test's thread. */
final class Session implements AutoCloseable {
    static final long WAIT_SECONDS = 20;

    private final ManagedChannel channel;
    final LockGrpc.LockBlockingStub lock;
    final LockGrpc.LockFutureStub waitingLock;
    final ElectionGrpc.ElectionBlockingStub election;
    final ElectionGrpc.ElectionFutureStub waitingElection;
    final ElectionGrpc.ElectionStub observing;
    final KVGrpc.KVBlockingStub kv;
    final LeaseGrpc.LeaseBlockingStub leases;

    Session(ServerProcess server) {
        channel = NettyChannelBuilder.forTarget(server.target()).usePlaintext().build();
        lock = LockGrpc.newBlockingStub(channel);
        waitingLock = LockGrpc.newFutureStub(channel);
        election = ElectionGrpc.newBlockingStub(channel);
        waitingElection = ElectionGrpc.newFutureStub(channel);
        observing = ElectionGrpc.newStub(channel);
        kv = KVGrpc.newBlockingStub(channel);
        leases = LeaseGrpc.newBlockingStub(channel);
    }

    long grant(long id) {
        return leases.leaseGrant(
                        LeaseGrantRequest.newBuilder().setID(id).setTTL(600).build())
                .getID();
    }

    void revoke(long id) {
        var ignored =
                leases.leaseRevoke(LeaseRevokeRequest.newBuilder().setID(id).build());
    }

    /** The seconds that are left. */
    long timeToLive(long id) {
        return leases.leaseTimeToLive(
                        LeaseTimeToLiveRequest.newBuilder().setID(id).build())
                .getTTL();
    }

    ListenableFuture<LockResponse> lock(String name, long lease) {
        return waitingLock.lock(
                LockRequest.newBuilder().setName(bytes(name)).setLease(lease).build());
    }

    long unlock(ByteString key) {
        return lock.unlock(UnlockRequest.newBuilder().setKey(key).build())
                .getHeader()
                .getRevision();
    }

    ListenableFuture<CampaignResponse> campaign(String name, long lease, String value) {
        return waitingElection.campaign(CampaignRequest.newBuilder()
                .setName(bytes(name))
                .setLease(lease)
                .setValue(bytes(value))
                .build());
    }

    /** What an observer sees: values with their revisions, and how the stream ended. */
    Observation observe(String name) {
        return new Observation(name);
    }

    final class Observation implements StreamObserver<LeaderResponse>, AutoCloseable {
        private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        private final Context.CancellableContext context = Context.ROOT.withCancellation();

        private Observation(String name) {
            LeaderRequest request =
                    LeaderRequest.newBuilder().setName(bytes(name)).build();
            context.run(() -> observing.observe(request, this));
        }

        String next() throws InterruptedException {
            return Objects.requireNonNull(
                    seen.poll(WAIT_SECONDS, TimeUnit.SECONDS), "nothing was observed in " + WAIT_SECONDS + " s");
        }

        @Override
        public void onNext(LeaderResponse response) {
            seen.add(response.getHeader().getRevision() + " " + text(response.getKv()));
        }

        @Override
        public void onError(Throwable cause) {
            seen.add(Status.fromThrowable(cause).getCode().toString());
        }

        @Override
        public void onCompleted() {
            seen.add("complete");
        }

        @Override
        public void close() {
            context.cancel(null);
        }
    }

    long put(String key, String value) {
        return kv.put(PutRequest.newBuilder()
                        .setKey(bytes(key))
                        .setValue(bytes(value))
                        .build())
                .getHeader()
                .getRevision();
    }

    void delete(String key) {
        var ignored = kv.deleteRange(
                DeleteRangeRequest.newBuilder().setKey(bytes(key)).build());
    }

    void compact(long revision) {
        var ignored =
                kv.compact(CompactionRequest.newBuilder().setRevision(revision).build());
    }

    /** The keys that begin so. */
    List<String> keys(String prefix) {
        return range(prefix).getKvsList().stream()
                .map(kv -> kv.getKey().toStringUtf8())
                .toList();
    }

    RangeResponse range(String prefix) {
        ByteString begin = bytes(prefix);
        int last = begin.size() - 1;
        ByteString end =
                begin.substring(0, last).concat(ByteString.copyFrom(new byte[] {(byte) (begin.byteAt(last) + 1)}));
        return kv.range(RangeRequest.newBuilder().setKey(begin).setRangeEnd(end).build());
    }

    void awaitKeys(String prefix, int count) {
        await(
                () -> keys(prefix).size() == count,
                () -> count + " keys under " + prefix + ", there are " + keys(prefix));
    }

    private static void await(BooleanSupplier condition, java.util.function.Supplier<String> wanted) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no " + wanted.get());
            }
            Thread.onSpinWait();
        }
    }

    /** The result, or code and text of the error. */
    static String outcome(Callable<?> call) throws Exception {
        try {
            return String.valueOf(call.call());
        } catch (StatusRuntimeException e) {
            return text(e.getStatus());
        } catch (ExecutionException e) {
            return text(Status.fromThrowable(e));
        }
    }

    static <T> T get(ListenableFuture<T> answer) throws Exception {
        return answer.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    static String text(LockResponse response) {
        return response.getHeader().getRevision() + " " + response.getKey().toStringUtf8();
    }

    static String text(CampaignResponse response) {
        var leader = response.getLeader();
        return response.getHeader().getRevision() + " "
                + leader.getName().toStringUtf8() + " "
                + leader.getKey().toStringUtf8() + " " + leader.getRev() + " " + leader.getLease();
    }

    static String text(KeyValue kv) {
        return kv.getKey().toStringUtf8() + "=" + kv.getValue().toStringUtf8() + " created " + kv.getCreateRevision()
                + " modified " + kv.getModRevision() + " version " + kv.getVersion() + " lease " + kv.getLease();
    }

    private static String text(Status status) {
        return status.getCode() + ": " + status.getDescription();
    }

    static ByteString bytes(String text) {
        return ByteString.copyFrom(text, UTF_8);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
