package dev.cairn.server.peer;

import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.LeaderPromotion;
import dev.cairn.server.membership.Member;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the leader promote a learner on behalf of this member's clients: only the leader knows how far a learner is. Thread-safe; never
 * blocks.
 */
public final class ForwardedPromotion implements LeaderPromotion {
    private static final Logger LOG = LoggerFactory.getLogger(ForwardedPromotion.class);
    private static final long RETRY_MILLIS = 50;

    private final Cluster cluster;
    private final MemberStatus status;
    private final PeerClient client;
    private final Executor later;
    private final Duration requestLimit;

    /**
     * @param executor runs the next attempt
     * @param requestLimit how long a request may take
     */
    public ForwardedPromotion(
            Cluster cluster, MemberStatus status, PeerClient client, Executor executor, Duration requestLimit) {
        this.cluster = cluster;
        this.status = status;
        this.client = client;
        this.later = CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS, executor);
        this.requestLimit = requestLimit;
    }

    @Override
    public void promote(long memberId, @Nullable String token, Completion<List<Member>> completion) {
        next(memberId, token, System.nanoTime() + requestLimit.toNanos(), completion);
    }

    private void next(long id, @Nullable String token, long deadlineNanos, Completion<List<Member>> completion) {
        long leader = status.leader();
        if (System.nanoTime() - deadlineNanos >= 0) {
            completion.fail(leader == 0 ? EtcdError.NO_LEADER : EtcdError.TIMEOUT);
            return;
        }
        Member member = leader == 0 ? null : cluster.view().member(leader);
        if (member == null) {
            later.execute(() -> next(id, token, deadlineNanos, completion));
        } else {
            ask(member.peerUrls(), 0, id, token, deadlineNanos, completion);
        }
    }

    private void ask(
            List<String> urls,
            int at,
            long id,
            @Nullable String token,
            long deadlineNanos,
            Completion<List<Member>> completion) {
        if (at == urls.size()) {
            later.execute(() -> next(id, token, deadlineNanos, completion));
            return;
        }
        Duration left = Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime()));
        client.ask(
                        "POST",
                        urls.get(at) + PeerPages.PROMOTE + Long.toUnsignedString(id),
                        token == null ? Map.of() : Map.of("Authorization", token),
                        new byte[0],
                        left)
                .whenComplete((reply, failure) -> {
                    EtcdError refusal = reply == null ? null : refusal(reply);
                    List<Member> members = reply == null || reply.status() != 200 ? null : members(reply);
                    if (members != null) {
                        completion.complete(members);
                    } else if (refusal != null) {
                        completion.fail(refusal);
                    } else {
                        LOG.atWarn()
                                .setMessage("failed to promote a member through its leader")
                                .addKeyValue("member-id", Identity.hex(id))
                                .addKeyValue("url", urls.get(at))
                                .log();
                        ask(urls, at + 1, id, token, deadlineNanos, completion);
                    }
                });
    }

    private static @Nullable List<Member> members(PeerClient.Reply reply) {
        try {
            return PeerQuestions.members(new String(reply.body(), StandardCharsets.UTF_8));
        } catch (RuntimeException e) {
            return null;
        }
    }

    /** What the leader's words mean for the client; null when it is worth another attempt. */
    private static @Nullable EtcdError refusal(PeerClient.Reply reply) {
        String text = new String(reply.body(), StandardCharsets.UTF_8);
        return switch (reply.status()) {
            case 404 -> EtcdError.MEMBER_NOT_FOUND;
            case 412 ->
                text.contains(EtcdError.LEARNER_NOT_READY.message())
                        ? EtcdError.LEARNER_NOT_READY
                        : EtcdError.MEMBER_NOT_LEARNER;
            default -> null;
        };
    }
}
