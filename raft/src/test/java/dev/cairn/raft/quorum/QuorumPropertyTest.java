package dev.cairn.raft.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.raft.Seeds;
import dev.cairn.raft.message.IdSet;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Goal: the arithmetic equals the definition of a majority. Method: random voters, compared with plain counting. */
class QuorumPropertyTest {
    private static IdSet randomVoters(SplittableRandom random) {
        IdSet voters = IdSet.EMPTY;
        int count = random.nextInt(8);
        for (int i = 0; i < count; i++) {
            voters = voters.with(random.nextInt(10));
        }
        return voters;
    }

    /** An index is committed if more than half of the voters have acknowledged it. */
    private static long naiveCommitted(IdSet voters, Map<Long, Long> acked) {
        if (voters.isEmpty()) {
            return MajorityQuorum.EVERYTHING;
        }
        long best = 0;
        for (long index = 0; index <= 20; index++) {
            int have = 0;
            for (long id : voters.toArray()) {
                if (acked.getOrDefault(id, 0L) >= index) {
                    have++;
                }
            }
            if (2 * have > voters.size()) {
                best = index;
            }
        }
        return best;
    }

    /** Won if won whatever the rest says, lost if lost whatever the rest says: tried out. */
    private static VoteResult naiveVote(IdSet voters, Map<Long, Vote> votes) {
        if (voters.isEmpty()) {
            return VoteResult.WON;
        }
        int granted = 0;
        int open = 0;
        for (long id : voters.toArray()) {
            Vote vote = votes.getOrDefault(id, Vote.MISSING);
            granted += vote == Vote.GRANTED ? 1 : 0;
            open += vote == Vote.MISSING ? 1 : 0;
        }
        boolean canWin = false;
        boolean canLose = false;
        for (int more = 0; more <= open; more++) {
            boolean wins = 2 * (granted + more) > voters.size();
            canWin |= wins;
            canLose |= !wins;
        }
        if (canWin && canLose) {
            return VoteResult.PENDING;
        }
        return canWin ? VoteResult.WON : VoteResult.LOST;
    }

    @Test
    void shouldCommitWhatMajoritiesHave() {
        Seeds.forEach(5_000, random -> {
            Map<Long, Long> acked = new TreeMap<>();
            for (long id = 0; id < 10; id++) {
                if (random.nextInt(4) > 0) {
                    acked.put(id, (long) random.nextInt(20));
                }
            }
            IdSet incoming = randomVoters(random);
            IdSet outgoing = randomVoters(random);
            long in = naiveCommitted(incoming, acked);
            long out = naiveCommitted(outgoing, acked);
            assertThat(new MajorityQuorum(incoming).committedIndex(id -> acked.getOrDefault(id, 0L)))
                    .isEqualTo(in);
            assertThat(JointQuorum.of(incoming, outgoing).committedIndex(id -> acked.getOrDefault(id, 0L)))
                    .isEqualTo(Math.min(in, out));
        });
    }

    @Test
    void shouldDecideVotesAsCountingDoes() {
        Seeds.forEach(5_000, random -> {
            Map<Long, Vote> votes = new TreeMap<>();
            for (long id = 0; id < 10; id++) {
                votes.put(id, Vote.values()[random.nextInt(3)]);
            }
            IdSet incoming = randomVoters(random);
            IdSet outgoing = randomVoters(random);
            VoteResult in = naiveVote(incoming, votes);
            VoteResult out = naiveVote(outgoing, votes);
            VoteResult joint;
            if (in == VoteResult.LOST || out == VoteResult.LOST) {
                joint = VoteResult.LOST;
            } else {
                joint = in == VoteResult.WON && out == VoteResult.WON ? VoteResult.WON : VoteResult.PENDING;
            }
            assertThat(new MajorityQuorum(incoming).voteResult(votes::get)).isEqualTo(in);
            assertThat(JointQuorum.of(incoming, outgoing).voteResult(votes::get))
                    .isEqualTo(joint);
        });
    }
}
