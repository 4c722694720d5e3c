package dev.cairn.raft;

import dev.cairn.raft.progress.Progress;
import dev.cairn.raft.progress.ReplicationState;

/**
 * What a leader knows of one member of the group, itself included, at one moment.
 *
 * @param match the highest index known to be in that member's log and to agree with the leader's
 * @param next the index of the next entry to send
 * @param paused whether nothing is sent until the member answers
 * @param recentActive whether the member has been heard of since the last quorum check
 * @param pendingSnapshot in {@link State#SNAPSHOT}: the index of the snapshot on its way, otherwise zero
 * @param inflightMessages in {@link State#REPLICATE}: append messages without an answer
 * @param inflightFull whether that many, or their bytes, are the limit
 */
public record PeerProgress(
        State state,
        long match,
        long next,
        boolean learner,
        boolean paused,
        boolean recentActive,
        long pendingSnapshot,
        int inflightMessages,
        boolean inflightFull) {

    /** How the leader sends to the member. */
    public enum State {
        /** One message at a time, to find where the logs agree. */
        PROBE("StateProbe"),
        /** A stream of messages within the inflight window. */
        REPLICATE("StateReplicate"),
        /** Nothing: a snapshot is on its way. */
        SNAPSHOT("StateSnapshot");

        private final String wireName;

        State(String wireName) {
            this.wireName = wireName;
        }

        /** The name in etcd's log lines. */
        public String wireName() {
            return wireName;
        }
    }

    static PeerProgress of(Progress progress) {
        ReplicationState current = progress.state();
        State state;
        long pendingSnapshot = 0;
        int inflightMessages = 0;
        boolean inflightFull = false;
        if (current instanceof ReplicationState.Replicate replicate) {
            state = State.REPLICATE;
            inflightMessages = replicate.inflights().count();
            inflightFull = replicate.inflights().isFull();
        } else if (current instanceof ReplicationState.Snapshotting snapshotting) {
            state = State.SNAPSHOT;
            pendingSnapshot = snapshotting.pendingIndex();
        } else {
            state = State.PROBE;
        }
        return new PeerProgress(
                state,
                progress.match(),
                progress.next(),
                progress.isLearner(),
                progress.isPaused(),
                progress.isRecentActive(),
                pendingSnapshot,
                inflightMessages,
                inflightFull);
    }

    /** The line that etcd prints. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(state.wireName());
        text.append(" match=").append(match).append(" next=").append(next);
        if (learner) {
            text.append(" learner");
        }
        if (paused) {
            text.append(" paused");
        }
        if (pendingSnapshot > 0) {
            text.append(" pendingSnap=").append(pendingSnapshot);
        }
        if (!recentActive) {
            text.append(" inactive");
        }
        if (inflightMessages > 0) {
            text.append(" inflight=").append(inflightMessages);
            if (inflightFull) {
                text.append("[full]");
            }
        }
        return text.toString();
    }
}
