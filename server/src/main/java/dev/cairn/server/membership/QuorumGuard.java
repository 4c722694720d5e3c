package dev.cairn.server.membership;

import dev.cairn.server.api.EtcdError;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The strict check of etcd: which changes of the membership would endanger the quorum, judged by who has ever started and
 * who is connected. It looks at this member's view alone, so it is a precaution, not a rule of the cluster. Immutable and
 * thread-safe.
 */
final class QuorumGuard {
    /** How long a connection must have held to count. */
    private static final long HEALTHY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final long self;
    private final PeerActivity peers;

    QuorumGuard(long self, PeerActivity peers) {
        this.self = self;
        this.peers = peers;
    }

    /** Why no member may be added now; null when one may. */
    @Nullable
    EtcdError refuseAdd(Cluster.View view, boolean learner, long nowNanos) {
        List<Member> voters = view.voters();
        long started = started(voters);
        // A member alone may always grow: this is how a cluster is rebuilt from one.
        boolean alone = started == 1 && voters.size() == 1;
        if (!learner && !alone && started < quorum(voters.size() + 1)) {
            return EtcdError.MEMBER_NOT_ENOUGH_STARTED;
        }
        if (voters.size() > 1 && connected(voters, nowNanos) < quorum(voters.size() + 1)) {
            return EtcdError.UNHEALTHY;
        }
        return null;
    }

    /** Why this member may not be removed now; null when it may. Learners always may. */
    @Nullable
    EtcdError refuseRemove(Cluster.View view, long id, long nowNanos) {
        Member member = view.member(id);
        if (member != null && member.learner()) {
            return null;
        }
        List<Member> voters = view.voters();
        List<Member> left = voters.stream().filter(m -> m.id() != id).toList();
        if (started(left) < quorum(left.size())) {
            return EtcdError.MEMBER_NOT_ENOUGH_STARTED;
        }
        if (id != self && !peers.isActive(id)) {
            // It takes no part in the quorum that works now.
            return null;
        }
        return connected(voters, nowNanos) - 1 < 1 + (voters.size() - 1) / 2 ? EtcdError.UNHEALTHY : null;
    }

    /** Why no learner may be promoted now; null when one may. */
    @Nullable
    EtcdError refusePromote(Cluster.View view) {
        List<Member> voters = view.voters();
        // The learner is in sync with the leader, so it counts as started.
        return started(voters) + 1 < quorum(voters.size() + 1) ? EtcdError.MEMBER_NOT_ENOUGH_STARTED : null;
    }

    private long connected(List<Member> voters, long nowNanos) {
        return voters.stream()
                .filter(m -> m.id() == self || peers.isActiveSince(m.id(), nowNanos - HEALTHY_NANOS))
                .count();
    }

    private static long started(List<Member> members) {
        return members.stream().filter(Member::started).count();
    }

    private static int quorum(int members) {
        return members / 2 + 1;
    }
}
