package dev.cairn.raft;

import dev.cairn.raft.message.Message;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How a node is set up. Immutable; made by {@link #builder}.
 *
 * @param id this node, neither zero nor the address of a local target
 * @param electionTicks ticks without a leader before a follower campaigns, at least; a random number of ticks below the
 *     same is added in each term
 * @param heartbeatTicks ticks between heartbeats, fewer than {@code electionTicks}
 * @param storage the durable log
 * @param applied the highest index that the state machine has applied already; entries up to it are not handed out
 *     again. May be ahead of the persisted commit index. Zero: start after the snapshot
 * @param asyncStorageWrites whether storage is driven by messages; see {@link Ready}
 * @param maxSizePerMessage bytes of entries in one append message; one entry always fits. Zero: one entry each
 * @param maxCommittedSizePerReady bytes of committed entries handed out and not yet applied, at most; one entry always
 *     fits
 * @param maxUncommittedEntriesSize payload bytes that a leader lets wait for commitment before it drops proposals
 * @param maxInflightMessages append messages to one follower without an answer
 * @param maxInflightBytes bytes in such messages; the message that reaches the limit is still sent
 * @param checkQuorum whether a leader that does not hear from a quorum within an election timeout steps down, and
 *     followers that hear from a leader ignore candidates
 * @param preVote whether an election starts with a poll that leaves terms alone
 * @param readOnlyOption how reads are made linearizable
 * @param disableProposalForwarding whether a follower drops proposals and does not send them to the leader
 * @param disableConfChangeValidation whether a leader takes membership changes that it believes to be impossible now
 * @param stepDownOnRemoval whether a leader that is removed or made a learner stops leading when it applies that
 * @param randomBelow the only source of chance: given {@code n > 0} it answers a number from 0 to {@code n - 1}
 * @param listener hears what happens
 */
public record RaftConfig(
        long id,
        int electionTicks,
        int heartbeatTicks,
        RaftStorage storage,
        long applied,
        boolean asyncStorageWrites,
        long maxSizePerMessage,
        long maxCommittedSizePerReady,
        long maxUncommittedEntriesSize,
        int maxInflightMessages,
        long maxInflightBytes,
        boolean checkQuorum,
        boolean preVote,
        ReadOnlyOption readOnlyOption,
        boolean disableProposalForwarding,
        boolean disableConfChangeValidation,
        boolean stepDownOnRemoval,
        IntUnaryOperator randomBelow,
        RaftListener listener) {
    /** The value of a size limit that does not limit. */
    public static final long NO_LIMIT = Long.MAX_VALUE;

    public RaftConfig {
        require(id != Message.NONE, "id must not be zero");
        require(!Message.isLocalTarget(id), "id must not be the address of a local target");
        require(heartbeatTicks > 0, "heartbeatTicks must be positive, is " + heartbeatTicks);
        require(
                electionTicks > heartbeatTicks,
                "electionTicks must exceed heartbeatTicks, are " + electionTicks + " and " + heartbeatTicks);
        require(applied >= 0, "applied must not be negative, is " + applied);
        require(maxSizePerMessage >= 0, "maxSizePerMessage must not be negative, is " + maxSizePerMessage);
        require(
                maxCommittedSizePerReady > 0,
                "maxCommittedSizePerReady must be positive, is " + maxCommittedSizePerReady);
        require(
                maxUncommittedEntriesSize > 0,
                "maxUncommittedEntriesSize must be positive, is " + maxUncommittedEntriesSize);
        require(maxInflightMessages > 0, "maxInflightMessages must be positive, is " + maxInflightMessages);
        require(
                maxInflightBytes >= maxSizePerMessage,
                "maxInflightBytes must not be below maxSizePerMessage, is " + maxInflightBytes);
        require(
                checkQuorum || readOnlyOption != ReadOnlyOption.LEASE_BASED,
                "checkQuorum must be on when reads are lease based");
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /** A configuration to fill in: id, storage and randomBelow are needed, the rest has the values of etcd's server. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the fields. */
    public static final class Builder {
        private long id;
        private int electionTicks = 10;
        private int heartbeatTicks = 1;
        private @Nullable RaftStorage storage;
        private long applied;
        private boolean asyncStorageWrites;
        private long maxSizePerMessage = 512 * 1024;
        private long maxCommittedSizePerReady;
        private long maxUncommittedEntriesSize = NO_LIMIT;
        private int maxInflightMessages = 4096 / 8;
        private long maxInflightBytes = NO_LIMIT;
        private boolean checkQuorum = true;
        private boolean preVote = true;
        private ReadOnlyOption readOnlyOption = ReadOnlyOption.SAFE;
        private boolean disableProposalForwarding;
        private boolean disableConfChangeValidation;
        private boolean stepDownOnRemoval;
        private @Nullable IntUnaryOperator randomBelow;
        private RaftListener listener = RaftListener.SILENT;

        private Builder() {}

        public Builder id(long value) {
            this.id = value;
            return this;
        }

        public Builder electionTicks(int value) {
            this.electionTicks = value;
            return this;
        }

        public Builder heartbeatTicks(int value) {
            this.heartbeatTicks = value;
            return this;
        }

        public Builder storage(RaftStorage value) {
            this.storage = value;
            return this;
        }

        public Builder applied(long value) {
            this.applied = value;
            return this;
        }

        public Builder asyncStorageWrites(boolean value) {
            this.asyncStorageWrites = value;
            return this;
        }

        public Builder maxSizePerMessage(long value) {
            this.maxSizePerMessage = value;
            return this;
        }

        /** Not set or zero: the same as {@code maxSizePerMessage}. */
        public Builder maxCommittedSizePerReady(long value) {
            this.maxCommittedSizePerReady = value;
            return this;
        }

        public Builder maxUncommittedEntriesSize(long value) {
            this.maxUncommittedEntriesSize = value;
            return this;
        }

        public Builder maxInflightMessages(int value) {
            this.maxInflightMessages = value;
            return this;
        }

        public Builder maxInflightBytes(long value) {
            this.maxInflightBytes = value;
            return this;
        }

        public Builder checkQuorum(boolean value) {
            this.checkQuorum = value;
            return this;
        }

        public Builder preVote(boolean value) {
            this.preVote = value;
            return this;
        }

        public Builder readOnlyOption(ReadOnlyOption value) {
            this.readOnlyOption = value;
            return this;
        }

        public Builder disableProposalForwarding(boolean value) {
            this.disableProposalForwarding = value;
            return this;
        }

        public Builder disableConfChangeValidation(boolean value) {
            this.disableConfChangeValidation = value;
            return this;
        }

        public Builder stepDownOnRemoval(boolean value) {
            this.stepDownOnRemoval = value;
            return this;
        }

        public Builder randomBelow(IntUnaryOperator value) {
            this.randomBelow = value;
            return this;
        }

        public Builder listener(RaftListener value) {
            this.listener = value;
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException if a value is missing or out of its range
         */
        public RaftConfig build() {
            RaftStorage givenStorage = storage;
            IntUnaryOperator givenRandom = randomBelow;
            if (givenStorage == null || givenRandom == null) {
                throw new IllegalArgumentException("storage and randomBelow must be set");
            }
            long committedSize =
                    maxCommittedSizePerReady > 0 ? maxCommittedSizePerReady : Math.max(1, maxSizePerMessage);
            return new RaftConfig(
                    id,
                    electionTicks,
                    heartbeatTicks,
                    givenStorage,
                    applied,
                    asyncStorageWrites,
                    maxSizePerMessage,
                    committedSize,
                    maxUncommittedEntriesSize,
                    maxInflightMessages,
                    maxInflightBytes,
                    checkQuorum,
                    preVote,
                    readOnlyOption,
                    disableProposalForwarding,
                    disableConfChangeValidation,
                    stepDownOnRemoval,
                    givenRandom,
                    listener);
        }
    }
}
