package dev.cairn.raft;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.HardState;
import java.util.SortedMap;

/**
 * A node at one moment. Immutable.
 *
 * @param applied the highest index that the state machine has reported as applied
 * @param progress by member id in unsigned order; empty unless the node leads
 * @param leadTransferee the member that leadership is being handed to, or zero
 */
public record RaftStatus(
        long id,
        HardState hardState,
        SoftState softState,
        long applied,
        ConfState configuration,
        SortedMap<Long, PeerProgress> progress,
        long leadTransferee) {
    /** Whether a member votes, in either half of a joint configuration. */
    public boolean isVoter(long member) {
        return configuration.voters().contains(member)
                || configuration.votersOutgoing().contains(member);
    }
}
