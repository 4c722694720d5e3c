package dev.cairn.raft.progress;

/**
 * How a leader sends entries to one member.
 *
 * <pre>
 *               the member has accepted an append
 *     PROBE ------------------------------------------> REPLICATE
 *       |  ^ <-----------------------------------------     |
 *       |  |    an append was refused or got lost           |
 *       |  |                                                |
 *       |  |  snapshot delivered, failed or overtaken       |
 *       v  |                                                |
 *    SNAPSHOTTING <-----------------------------------------+
 *               the entries that it needs are compacted
 * </pre>
 *
 * <p>Each state has the data that mean something in it, and no other.
 */
public sealed interface ReplicationState {
    /** Finds out where the logs agree: one append message, then silence until an answer or a heartbeat. */
    final class Probe implements ReplicationState {
        private boolean waiting;

        /** Whether the one message has been sent. */
        boolean isWaiting() {
            return waiting;
        }

        void waiting(boolean value) {
            waiting = value;
        }
    }

    /** Streams entries optimistically, within a window. */
    final class Replicate implements ReplicationState {
        private final Inflights inflights;
        /**
         * Set when the window fills. A heartbeat answer clears it without making room: then one empty append may pass,
         * whose refusal tells that the messages in the window are lost.
         */
        private boolean paused;

        Replicate(Inflights inflights) {
            this.inflights = inflights;
        }

        /** The messages without an answer. */
        public Inflights inflights() {
            return inflights;
        }

        boolean isPaused() {
            return paused;
        }

        void paused(boolean value) {
            paused = value;
        }
    }

    /** Sends nothing until the member has the snapshot, or has got there otherwise. */
    final class Snapshotting implements ReplicationState {
        private final long pendingIndex;

        Snapshotting(long pendingIndex) {
            this.pendingIndex = pendingIndex;
        }

        /** The index of the snapshot that was sent. */
        public long pendingIndex() {
            return pendingIndex;
        }
    }
}
