package dev.cairn.raft.quorum;

import dev.cairn.raft.message.IdSet;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;

/**
 * Two majorities that have to agree, as long as a group moves from the outgoing voters to the incoming ones. Outside of
 * such a move the outgoing half is empty.
 */
public record JointQuorum(MajorityQuorum incoming, MajorityQuorum outgoing) {
    /** The quorum of these halves. */
    public static JointQuorum of(IdSet incoming, IdSet outgoing) {
        return new JointQuorum(new MajorityQuorum(incoming), new MajorityQuorum(outgoing));
    }

    /** The highest index that both majorities have acknowledged. */
    public long committedIndex(LongUnaryOperator ackedIndex) {
        return Math.min(incoming.committedIndex(ackedIndex), outgoing.committedIndex(ackedIndex));
    }

    /** What the votes decide: won only if both halves are won, lost if one is. */
    public VoteResult voteResult(LongFunction<Vote> votes) {
        VoteResult in = incoming.voteResult(votes);
        VoteResult out = outgoing.voteResult(votes);
        if (in == out) {
            return in;
        }
        return in == VoteResult.LOST || out == VoteResult.LOST ? VoteResult.LOST : VoteResult.PENDING;
    }
}
