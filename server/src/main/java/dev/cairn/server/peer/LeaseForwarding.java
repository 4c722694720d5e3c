package dev.cairn.server.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.lease.LeaseException;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.Renewal;
import dev.cairn.lease.TimeToLive;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseCheckpoint;
import dev.cairn.proto.etcdserverpb.LeaseCheckpointRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.leasepb.LeaseInternalRequest;
import dev.cairn.proto.leasepb.LeaseInternalResponse;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Router;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Thread-safe. What followers pass on to the leader, because only its memory knows how long leases still live: renewals and the time
 * to live. The answers have no header; the follower puts its own.
 */
public final class LeaseForwarding {
    static final String RENEW = "/leases";
    static final String TIME_TO_LIVE = "/leases/internal";
    private static final int BODY_BYTES_MAX = 64 << 10;

    /** What the leader may still have to apply, it applies within this time, or the follower asks again. */
    private static final Duration APPLY_LIMIT = Duration.ofSeconds(1);

    private final Lessor lessor;
    private final ReadGate reads;
    private final Proposer proposer;
    private final Duration requestLimit;

    /** @param requestLimit how long a renewal may wait for what has to happen before it */
    public LeaseForwarding(Lessor lessor, ReadGate reads, Proposer proposer, Duration requestLimit) {
        this.lessor = lessor;
        this.reads = reads;
        this.proposer = proposer;
        this.requestLimit = requestLimit;
    }

    void addTo(Router router) {
        router.any(RENEW, request -> posted(request, LeaseForwarding.this::renew));
        router.any(TIME_TO_LIVE, request -> posted(request, LeaseForwarding.this::timeToLive));
    }

    private interface Page {
        CompletionStage<HttpAnswer> answer(byte[] body) throws InvalidProtocolBufferException;
    }

    private static CompletionStage<HttpAnswer> posted(HttpRequest request, Page page) {
        if (!request.method().equals("POST")) {
            return error(405, "Method Not Allowed");
        }
        if (request.body().length > BODY_BYTES_MAX) {
            return error(413, "request body too large");
        }
        try {
            return page.answer(request.body());
        } catch (InvalidProtocolBufferException e) {
            return error(400, "error unmarshalling request");
        }
    }

    private CompletionStage<HttpAnswer> renew(byte[] body) throws InvalidProtocolBufferException {
        long lease = LeaseKeepAliveRequest.parseFrom(body).getID();
        return caughtUp().thenCompose(caughtUp -> {
            FailPoint.BEFORE_SERVE_HTTP_LEASE_RENEW.hit();
            return caughtUp ? renew(lease) : late();
        });
    }

    private CompletionStage<HttpAnswer> renew(long lease) {
        Renewal renewal = lessor.renew(lease, System.nanoTime());
        return switch (renewal.state()) {
            case RENEWED ->
                protobuf(LeaseKeepAliveResponse.newBuilder()
                        .setID(lease)
                        .setTTL(renewal.ttlSeconds())
                        .build());
            case UNKNOWN -> notFound();
            case NOT_PRIMARY -> notPrimary(400);
            case EXPIRED -> {
                CompletableFuture<Boolean> settled = new CompletableFuture<>();
                lessor.whenSettled(lease, () -> settled.complete(true));
                yield settled.completeOnTimeout(false, requestLimit.toNanos(), TimeUnit.NANOSECONDS)
                        .thenCompose(known -> known ? renew(lease) : late());
            }
            case CHECKPOINTED -> eraseCheckpoint(lease).thenCompose(erased -> erased ? renew(lease) : late());
        };
    }

    private CompletionStage<Boolean> eraseCheckpoint(long lease) {
        CompletableFuture<Boolean> erased = new CompletableFuture<>();
        LeaseCheckpointRequest erase = LeaseCheckpointRequest.newBuilder()
                .addCheckpoints(LeaseCheckpoint.newBuilder().setID(lease))
                .build();
        proposer.propose(InternalRaftRequest.newBuilder().setLeaseCheckpoint(erase), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                erased.complete(true);
            }

            @Override
            public void fail(EtcdError error) {
                erased.complete(false);
            }
        });
        return erased;
    }

    private CompletionStage<HttpAnswer> timeToLive(byte[] body) throws InvalidProtocolBufferException {
        LeaseTimeToLiveRequest request = LeaseInternalRequest.parseFrom(body).getLeaseTimeToLiveRequest();
        return caughtUp().thenCompose(caughtUp -> caughtUp ? timeToLive(request) : late());
    }

    private CompletionStage<HttpAnswer> timeToLive(LeaseTimeToLiveRequest request) {
        FailPoint.BEFORE_LOOKUP_WHEN_FORWARD_LEASE_TIME_TO_LIVE.hit();
        TimeToLive left;
        try {
            left = lessor.timeToLive(request.getID(), System.nanoTime());
        } catch (LeaseException e) {
            return notPrimary(500);
        }
        if (left.grantedSeconds() == 0) {
            return notFound();
        }
        List<ByteString> keys = request.getKeys() ? lessor.attachedKeys(request.getID()) : List.of();
        if (keys == null) {
            // They are being attached. The follower asks again soon, as real ones do too, so nothing waits here.
            return late();
        }
        LeaseTimeToLiveResponse.Builder response = LeaseTimeToLiveResponse.newBuilder()
                .setHeader(ResponseHeader.getDefaultInstance())
                .setID(request.getID())
                .setTTL(left.remainingSeconds())
                .setGrantedTTL(left.grantedSeconds())
                .addAllKeys(keys);
        return protobuf(LeaseInternalResponse.newBuilder()
                .setLeaseTimeToLiveResponse(response)
                .build());
    }

    /** True once all is applied that was committed when it was asked. A member that does not lead need not wait to say so. */
    private CompletableFuture<Boolean> caughtUp() {
        CompletableFuture<Boolean> caughtUp = new CompletableFuture<>();
        if (!lessor.isPrimary()) {
            caughtUp.complete(true);
            return caughtUp;
        }
        reads.await(new Completion<Long>() {
            @Override
            public void complete(Long index) {
                caughtUp.complete(true);
            }

            @Override
            public void fail(EtcdError error) {
                caughtUp.complete(false);
            }
        });
        return caughtUp.completeOnTimeout(false, APPLY_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static CompletionStage<HttpAnswer> late() {
        return error(408, "waiting for node to catch up its applied index has timed out");
    }

    private static CompletionStage<HttpAnswer> notFound() {
        return error(404, "lease not found");
    }

    private static CompletionStage<HttpAnswer> notPrimary(int status) {
        return error(status, "not a primary lessor");
    }

    private static CompletionStage<HttpAnswer> error(int status, String text) {
        return PeerPages.now(HttpAnswer.plain(status, text + "\n"));
    }

    private static CompletionStage<HttpAnswer> protobuf(MessageLite message) {
        return PeerPages.now(HttpAnswer.of(200, "application/protobuf", message.toByteArray()));
    }
}
