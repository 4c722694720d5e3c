package dev.cairn.raft.quorum;

import dev.cairn.raft.message.IdSet;
import java.util.Arrays;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;

/**
 * Voters that decide by majority.
 *
 * <p>Without voters everything is committed and every vote is won, so that an empty half of a joint quorum has no say.
 */
public record MajorityQuorum(IdSet voters) {
    /** No voters. */
    public static final MajorityQuorum EMPTY = new MajorityQuorum(IdSet.EMPTY);

    /** The committed index of an empty quorum. */
    public static final long EVERYTHING = Long.MAX_VALUE;

    /**
     * The highest index that a majority has acknowledged.
     *
     * @param ackedIndex the index acknowledged by a voter, zero if none is known
     */
    public long committedIndex(LongUnaryOperator ackedIndex) {
        int count = voters.size();
        if (count == 0) {
            return EVERYTHING;
        }
        if (count == 1) {
            return ackedIndex.applyAsLong(voters.get(0));
        }
        long[] acked = new long[count];
        for (int i = 0; i < count; i++) {
            acked[i] = ackedIndex.applyAsLong(voters.get(i));
        }
        Arrays.sort(acked);
        // In ascending order the entry that a majority has reached is followed by one fewer than a majority.
        return acked[count - majority()];
    }

    /** What the votes decide. */
    public VoteResult voteResult(LongFunction<Vote> votes) {
        int granted = 0;
        int missing = 0;
        for (int i = 0; i < voters.size(); i++) {
            switch (votes.apply(voters.get(i))) {
                case GRANTED -> granted++;
                case MISSING -> missing++;
                case REJECTED -> {}
            }
        }
        if (voters.isEmpty() || granted >= majority()) {
            return VoteResult.WON;
        }
        return granted + missing >= majority() ? VoteResult.PENDING : VoteResult.LOST;
    }

    private int majority() {
        return voters.size() / 2 + 1;
    }
}
