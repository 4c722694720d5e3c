package dev.cairn.server.membership;

import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;

/** Hands leadership to a chosen member, with etcd's checks. Thread-safe; never blocks. */
public final class LeadershipTransfer {
    private final Cluster cluster;
    private final MemberStatus status;
    private final RaftGroup raft;

    public LeadershipTransfer(Cluster cluster, MemberStatus status, RaftGroup raft) {
        this.cluster = cluster;
        this.status = status;
        this.raft = raft;
    }

    /**
     * Completes with the member's ID once it leads; at once when it does already. Fails with NOT_LEADER,
     * BAD_LEADER_TRANSFEREE, and what {@link RaftGroup#transferLeadership} says.
     */
    public void moveTo(long memberId, Completion<Long> completion) {
        if (status.leader() != cluster.identity().memberId()) {
            completion.fail(EtcdError.NOT_LEADER);
            return;
        }
        Member member = cluster.view().member(memberId);
        if (member == null || member.learner()) {
            completion.fail(EtcdError.BAD_LEADER_TRANSFEREE);
            return;
        }
        raft.transferLeadership(memberId, completion);
    }
}
