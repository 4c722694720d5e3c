package dev.cairn.it.crash;

import com.google.protobuf.ByteString;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.it.crash.Ledger.Effect;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.DefragmentRequest;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.HashKVResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.LeaseStatus;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.Member;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.leasepb.LeaseInternalRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What clients and other members do so that a server passes a place that writes alone do not lead to. A call of a server that ends
 * meanwhile fails, and that is no error here. Confined to the test's thread.
 */
final class Provocations implements AutoCloseable {
    private static final long LIMIT_SECONDS = 10;
    private static final ByteString ALL = ByteString.copyFrom(new byte[] {0});

    private final ServerProcess server;
    private final ManagedChannel channel;

    Provocations(ServerProcess server) {
        this.server = server;
        this.channel = NettyChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
    }

    private static <S extends AbstractStub<S>> S limited(S stub) {
        return stub.withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * Leads the server to the place, if it lives long enough.
     *
     * @param compactTo a revision that may be compacted
     */
    void lead(FailPoint to, long lease, long compactTo) {
        try {
            switch (to) {
                case COMPACT_BEFORE_COMMIT_SCHEDULED_COMPACT,
                        COMPACT_AFTER_COMMIT_SCHEDULED_COMPACT,
                        COMPACT_AFTER_ACQUIRED_BATCH_TX_LOCK,
                        COMPACT_BEFORE_COMMIT_BATCH,
                        COMPACT_AFTER_COMMIT_BATCH,
                        COMPACT_BEFORE_SET_FINISHED_COMPACT,
                        COMPACT_AFTER_SET_FINISHED_COMPACT ->
                    limited(KVGrpc.newBlockingStub(channel))
                            .compact(CompactionRequest.newBuilder()
                                    .setRevision(compactTo)
                                    .setPhysical(true)
                                    .build());
                case DEFRAG_BEFORE_COPY, DEFRAG_BEFORE_RENAME, DEFRAG_OPEN_FILE_ERROR, DEFRAGDB_FAIL -> defragment();
                case BEFORE_RANGE_STREAM_CHUNK ->
                    limited(KVGrpc.newBlockingStub(channel))
                            .rangeStream(everything())
                            .forEachRemaining(chunk -> {});
                case BEFORE_SEND_WATCH_RESPONSE -> watch();
                case BEFORE_CHECKPOINT_IN_LEASE_RENEW -> keepAlive(lease);
                case BEFORE_LOOKUP_WHEN_LEASE_TIME_TO_LIVE -> keysOf(lease);
                case BEFORE_SERVE_HTTP_LEASE_RENEW ->
                    ask(
                            "/leases",
                            LeaseKeepAliveRequest.newBuilder()
                                    .setID(lease)
                                    .build()
                                    .toByteArray());
                case BEFORE_LOOKUP_WHEN_FORWARD_LEASE_TIME_TO_LIVE ->
                    ask(
                            "/leases/internal",
                            LeaseInternalRequest.newBuilder()
                                    .setLeaseTimeToLiveRequest(
                                            LeaseTimeToLiveRequest.newBuilder().setID(lease))
                                    .build()
                                    .toByteArray());
                case BEFORE_APPLY_ONE_CONF_CHANGE ->
                    limited(ClusterGrpc.newBlockingStub(channel))
                            .memberAdd(MemberAddRequest.newBuilder()
                                    .setIsLearner(true)
                                    .addPeerURLs("http://127.0.0.1:1")
                                    .build());
                // Any call passes the others, and those of the writers are on their way.
                default ->
                    limited(KVGrpc.newBlockingStub(channel))
                            .range(RangeRequest.newBuilder().setKey(ALL).build());
            }
        } catch (StatusRuntimeException e) {
            // The end of the server is what this is for.
        }
    }

    void defragment() {
        limited(MaintenanceGrpc.newBlockingStub(channel)).defragment(DefragmentRequest.getDefaultInstance());
    }

    private static RangeRequest everything() {
        return RangeRequest.newBuilder().setKey(ALL).setRangeEnd(ALL).build();
    }

    /** Waits for some events. */
    private void watch() {
        CountDownLatch events = new CountDownLatch(1);
        StreamObserver<WatchRequest> requests = WatchGrpc.newStub(channel).watch(new StreamObserver<>() {
            @Override
            public void onNext(WatchResponse response) {
                if (response.getEventsCount() > 0) {
                    events.countDown();
                }
            }

            @Override
            public void onError(Throwable failure) {
                events.countDown();
            }

            @Override
            public void onCompleted() {
                events.countDown();
            }
        });
        requests.onNext(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder().setKey(ALL).setRangeEnd(ALL))
                .build());
        await(events);
    }

    private void keepAlive(long lease) {
        CountDownLatch answered = new CountDownLatch(1);
        StreamObserver<LeaseKeepAliveRequest> requests = limited(LeaseGrpc.newStub(channel))
                .leaseKeepAlive(new StreamObserver<>() {
                    @Override
                    public void onNext(LeaseKeepAliveResponse response) {
                        answered.countDown();
                    }

                    @Override
                    public void onError(Throwable failure) {
                        answered.countDown();
                    }

                    @Override
                    public void onCompleted() {
                        answered.countDown();
                    }
                });
        requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
        await(answered);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("no answer after " + LIMIT_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while waiting for an answer", e);
        }
    }

    /** A question of another member. */
    private void ask(String path, byte[] body) {
        try {
            HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(server.peerUrl() + path))
                                    .timeout(Duration.ofSeconds(LIMIT_SECONDS))
                                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                                    .build(),
                            HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            // As a call that fails.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while asking as another member", e);
        }
    }

    /** A lease that lives longer than the test, with one key. */
    long grant(Ledger ledger, String key) {
        long lease = limited(LeaseGrpc.newBlockingStub(channel))
                .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(3600).build())
                .getID();
        Ledger.Write write = ledger.send(List.of(Effect.put(key, "leased")));
        PutResponse put = limited(KVGrpc.newBlockingStub(channel))
                .put(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .setValue(ByteString.copyFromUtf8("leased"))
                        .setLease(lease)
                        .build());
        ledger.acknowledge(write, put.getHeader().getRevision());
        return lease;
    }

    List<Long> leases() {
        return limited(LeaseGrpc.newBlockingStub(channel))
                .leaseLeases(LeaseLeasesRequest.getDefaultInstance())
                .getLeasesList()
                .stream()
                .map(LeaseStatus::getID)
                .toList();
    }

    List<String> keysOf(long lease) {
        return limited(LeaseGrpc.newBlockingStub(channel))
                .leaseTimeToLive(LeaseTimeToLiveRequest.newBuilder()
                        .setID(lease)
                        .setKeys(true)
                        .build())
                .getKeysList()
                .stream()
                .map(ByteString::toStringUtf8)
                .toList();
    }

    HashKVResponse hash(long revision) {
        return limited(MaintenanceGrpc.newBlockingStub(channel))
                .hashKV(HashKVRequest.newBuilder().setRevision(revision).build());
    }

    /** Removes the learners that were added to see a change of members; how many there were. */
    int removeLearners() {
        ClusterGrpc.ClusterBlockingStub cluster = ClusterGrpc.newBlockingStub(channel);
        List<Member> learners =
                limited(cluster).memberList(MemberListRequest.getDefaultInstance()).getMembersList().stream()
                        .filter(Member::getIsLearner)
                        .toList();
        learners.forEach(learner -> limited(cluster)
                .memberRemove(
                        MemberRemoveRequest.newBuilder().setID(learner.getID()).build()));
        return learners.size();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
