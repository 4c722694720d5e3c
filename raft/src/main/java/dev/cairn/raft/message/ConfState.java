package dev.cairn.raft.message;

/**
 * The membership as it is persisted with a snapshot.
 *
 * @param votersOutgoing the voters of the configuration being left; empty unless the configuration is joint
 * @param learnersNext voters of the outgoing configuration that become learners when the joint configuration is left
 * @param autoLeave whether the leader leaves the joint configuration by itself as soon as that is safe
 */
public record ConfState(IdSet voters, IdSet learners, IdSet votersOutgoing, IdSet learnersNext, boolean autoLeave) {
    /** No members at all: a node that waits for its first snapshot. */
    public static final ConfState EMPTY = new ConfState(IdSet.EMPTY, IdSet.EMPTY, IdSet.EMPTY, IdSet.EMPTY, false);

    /** A plain configuration of voters. */
    public static ConfState ofVoters(long... voters) {
        return new ConfState(IdSet.of(voters), IdSet.EMPTY, IdSet.EMPTY, IdSet.EMPTY, false);
    }
}
