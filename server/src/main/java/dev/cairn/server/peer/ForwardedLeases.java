package dev.cairn.server.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.lease.LeaseException;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.Renewal;
import dev.cairn.lease.TimeToLive;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveResponse;
import dev.cairn.proto.leasepb.LeaseInternalRequest;
import dev.cairn.proto.leasepb.LeaseInternalResponse;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.LeaderLessor;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Member;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the leader about leases on behalf of this member's clients: {@link LeaseForwarding} is the other end. Tries again, at the leader
 * of that moment, until the request has taken as long as it may. Thread-safe; never blocks. As many questions are under way as
 * {@link PeerClient} allows.
 */
public final class ForwardedLeases implements LeaderLessor {
    private static final long RETRY_MILLIS = 50;
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;

    private final Cluster cluster;
    private final MemberStatus status;
    private final Lessor lessor;
    private final PeerClient client;
    private final Executor later;
    private final Duration requestLimit;

    /**
     * @param lessor this member's own, for when it comes to lead meanwhile
     * @param executor runs the next attempt
     * @param requestLimit how long a request may take
     */
    public ForwardedLeases(
            Cluster cluster,
            MemberStatus status,
            Lessor lessor,
            PeerClient client,
            Executor executor,
            Duration requestLimit) {
        this.cluster = cluster;
        this.status = status;
        this.lessor = lessor;
        this.client = client;
        this.later = CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS, executor);
        this.requestLimit = requestLimit;
    }

    @Override
    public void renew(long lease, Completion<Long> completion) {
        byte[] body = LeaseKeepAliveRequest.newBuilder().setID(lease).build().toByteArray();
        new Attempts<Long>(LeaseForwarding.RENEW, body, completion) {
            @Override
            @Nullable
            Long own() {
                Renewal renewal = lessor.renew(lease, System.nanoTime());
                return renewal.state() == Renewal.State.RENEWED || renewal.state() == Renewal.State.UNKNOWN
                        ? (Long) renewal.ttlSeconds()
                        : null;
            }

            @Override
            Long unknown() {
                return 0L;
            }

            @Override
            Long decode(byte[] answer) throws InvalidProtocolBufferException {
                return LeaseKeepAliveResponse.parseFrom(answer).getTTL();
            }
        }.next();
    }

    @Override
    public void timeToLive(LeaseTimeToLiveRequest request, Completion<LeaseTimeToLiveResponse> completion) {
        byte[] body = LeaseInternalRequest.newBuilder()
                .setLeaseTimeToLiveRequest(request)
                .build()
                .toByteArray();
        new Attempts<LeaseTimeToLiveResponse>(LeaseForwarding.TIME_TO_LIVE, body, completion) {
            @Override
            @Nullable
            LeaseTimeToLiveResponse own() {
                try {
                    TimeToLive left = lessor.timeToLive(request.getID(), System.nanoTime());
                    List<ByteString> keys = request.getKeys() ? lessor.attachedKeys(request.getID()) : List.of();
                    return keys == null
                            ? null
                            : LeaseTimeToLiveResponse.newBuilder()
                                    .setID(request.getID())
                                    .setTTL(left.remainingSeconds())
                                    .setGrantedTTL(left.grantedSeconds())
                                    .addAllKeys(keys)
                                    .build();
                } catch (LeaseException e) {
                    // It measures time no longer, or not yet.
                    return null;
                }
            }

            @Override
            LeaseTimeToLiveResponse unknown() {
                return LeaseTimeToLiveResponse.newBuilder()
                        .setID(request.getID())
                        .setTTL(-1)
                        .build();
            }

            @Override
            LeaseTimeToLiveResponse decode(byte[] answer) throws InvalidProtocolBufferException {
                return LeaseInternalResponse.parseFrom(answer).getLeaseTimeToLiveResponse();
            }
        }.next();
    }

    /** One request and all that is tried for it. Each step follows the last one, so its state needs no lock. */
    private abstract class Attempts<V> {
        private final String path;
        private final byte[] body;
        private final Completion<V> completion;
        private final long deadlineNanos = System.nanoTime() + requestLimit.toNanos();

        Attempts(String path, byte[] body, Completion<V> completion) {
            this.path = path;
            this.body = body;
            this.completion = completion;
        }

        /** What this member's own lessor says, now that it leads; null when it cannot say yet. */
        abstract @Nullable V own();

        abstract V unknown();

        abstract V decode(byte[] answer) throws InvalidProtocolBufferException;

        void next() {
            long leader = status.leader();
            if (System.nanoTime() - deadlineNanos >= 0) {
                completion.fail(leader == 0 ? EtcdError.NO_LEADER : EtcdError.TIMEOUT);
                return;
            }
            if (leader == cluster.identity().memberId()) {
                V answer = own();
                if (answer == null) {
                    again();
                } else {
                    completion.complete(answer);
                }
                return;
            }
            Member member = leader == 0 ? null : cluster.view().member(leader);
            if (member == null) {
                again();
            } else {
                ask(member.peerUrls(), 0);
            }
        }

        private void ask(List<String> urls, int at) {
            if (at == urls.size()) {
                again();
                return;
            }
            Duration left = Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime()));
            client.ask("POST", urls.get(at) + path, Map.of("Content-Type", "application/protobuf"), body, left)
                    .whenComplete((reply, failure) -> {
                        if (reply != null && reply.status() == NOT_FOUND) {
                            completion.complete(unknown());
                        } else if (reply != null && reply.status() == OK) {
                            take(reply.body());
                        } else {
                            ask(urls, at + 1);
                        }
                    });
        }

        private void take(byte[] answer) {
            V value;
            try {
                value = decode(answer);
            } catch (InvalidProtocolBufferException e) {
                again();
                return;
            }
            completion.complete(value);
        }

        private void again() {
            later.execute(this::next);
        }
    }
}
