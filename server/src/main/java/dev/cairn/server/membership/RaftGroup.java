package dev.cairn.server.membership;

import com.google.protobuf.ByteString;
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.server.api.Completion;

/** The Raft group, as those see it who change its members or its leader. Thread-safe; never blocks. */
public interface RaftGroup {
    /**
     * Proposes a change of one member. Completes with the members behind the change once it is applied here and the core
     * accepts the next one; fails with what {@link Cluster} refuses it for, TOO_MANY_REQUESTS, TIMEOUT or STOPPED.
     */
    void change(ConfChangeType type, long memberId, ByteString context, Completion<Cluster.View> completion);

    /**
     * The core at a moment at which everything is applied that was committed when this was called. Fails with
     * TIMEOUT_WAITING_FOR_APPLY, TOO_MANY_REQUESTS or STOPPED.
     */
    void look(Completion<RaftStatus> completion);

    /**
     * Hands leadership over. Completes with the new leader's ID; fails with TIMEOUT_LEADER_TRANSFER, TOO_MANY_REQUESTS or
     * STOPPED.
     */
    void transferLeadership(long toMember, Completion<Long> completion);
}
