package dev.cairn.server.membership;

import dev.cairn.server.api.MemberStatus;
import java.util.List;

/** Whether this member was in touch with those whom a request needs. Immutable and thread-safe. */
public final class QuorumContact {
    private final Cluster cluster;
    private final MemberStatus status;
    private final PeerActivity peers;

    public QuorumContact(Cluster cluster, MemberStatus status, PeerActivity peers) {
        this.cluster = cluster;
        this.status = status;
        this.peers = peers;
    }

    /** Whether it was connected with the leader, or as the leader with a quorum, ever since a moment of {@link System#nanoTime}. */
    public boolean heldSince(long sinceNanos) {
        long leader = status.leader();
        long self = cluster.identity().memberId();
        if (leader != self) {
            return peers.isActiveSince(leader, sinceNanos);
        }
        List<Member> voters = cluster.view().voters();
        long connected = voters.stream()
                .filter(member -> member.id() == self || peers.isActiveSince(member.id(), sinceNanos))
                .count();
        return connected >= voters.size() / 2 + 1;
    }
}
