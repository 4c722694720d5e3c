package dev.cairn.server.peer;

import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Member;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Promotions by a leader that sends nothing to other members: no learner can be in sync with it, so every promotion is refused, for
 * the reason that etcd gives. Thread-safe.
 */
public final class LearnersOutOfReach implements Promotion {
    private final Cluster cluster;

    public LearnersOutOfReach(Cluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public CompletionStage<List<Member>> promote(long memberId, @Nullable String token) {
        Member member = cluster.view().member(memberId);
        EtcdError refusal = member == null
                ? EtcdError.MEMBER_NOT_FOUND
                : member.learner() ? EtcdError.LEARNER_NOT_READY : EtcdError.MEMBER_NOT_LEARNER;
        return CompletableFuture.failedFuture(refusal.asException());
    }
}
