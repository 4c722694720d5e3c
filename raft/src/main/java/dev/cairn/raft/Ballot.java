package dev.cairn.raft;

import dev.cairn.raft.membership.Configuration;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.quorum.Vote;
import dev.cairn.raft.quorum.VoteResult;

/** The votes of one campaign. Confined to its role. The first vote of a voter counts, later ones are ignored. */
final class Ballot {
    private IdSet granted = IdSet.EMPTY;
    private IdSet rejected = IdSet.EMPTY;

    void record(long voter, boolean vote) {
        if (granted.contains(voter) || rejected.contains(voter)) {
            return;
        }
        if (vote) {
            granted = granted.with(voter);
        } else {
            rejected = rejected.with(voter);
        }
    }

    /** What the votes decide in the configuration as it is now. */
    VoteResult result(Configuration configuration) {
        return configuration.quorum().voteResult(id -> {
            if (granted.contains(id)) {
                return Vote.GRANTED;
            }
            return rejected.contains(id) ? Vote.REJECTED : Vote.MISSING;
        });
    }

    boolean isGrantedBy(long voter) {
        return granted.contains(voter);
    }

    int grantedCount(Configuration configuration) {
        return count(granted, configuration);
    }

    int rejectedCount(Configuration configuration) {
        return count(rejected, configuration);
    }

    /** Votes of those who have left or been demoted since are not counted. */
    private static int count(IdSet votes, Configuration configuration) {
        int count = 0;
        for (int i = 0; i < votes.size(); i++) {
            long id = votes.get(i);
            if (configuration.isVoter(id) && !configuration.isLearner(id)) {
                count++;
            }
        }
        return count;
    }
}
