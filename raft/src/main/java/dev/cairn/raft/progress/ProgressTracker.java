package dev.cairn.raft.progress;

import dev.cairn.raft.membership.Configuration;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.quorum.JointQuorum;
import dev.cairn.raft.quorum.Vote;
import dev.cairn.raft.quorum.VoteResult;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One {@link Progress} for each member of the configuration, in unsigned order of the ids.
 *
 * <p>Confined to the leader role.
 */
public final class ProgressTracker {
    private final int inflightMessagesMax;
    private final long inflightBytesMax;
    private final TreeMap<Long, Progress> members = new TreeMap<>(Long::compareUnsigned);
    private JointQuorum quorum = Configuration.EMPTY.quorum();

    /** A tracker without members. */
    public ProgressTracker(int inflightMessagesMax, long inflightBytesMax) {
        this.inflightMessagesMax = inflightMessagesMax;
        this.inflightBytesMax = inflightBytesMax;
    }

    /** What is known of a member, or null if it is none. */
    public @Nullable Progress get(long id) {
        return members.get(id);
    }

    /** Everybody, as a view in unsigned order. */
    public SortedMap<Long, Progress> members() {
        return Collections.unmodifiableSortedMap(members);
    }

    /** Visits everybody in unsigned order. */
    public void forEach(BiConsumer<Long, Progress> visitor) {
        members.forEach(visitor);
    }

    /**
     * Follows a change of configuration: keeps what is known of those who stay, forgets those who go.
     *
     * @param renewed members of whom nothing is known any more, although they stay
     * @param nextIndex where to start with those who are new
     * @param active whether those who are new count as heard of, so that they are not declared dead before they had a
     *     chance to answer
     */
    public void follow(Configuration configuration, IdSet renewed, long nextIndex, boolean active) {
        quorum = configuration.quorum();
        IdSet ids = configuration.members();
        members.keySet().removeIf(id -> !ids.contains(id) || renewed.contains(id));
        for (int i = 0; i < ids.size(); i++) {
            long id = ids.get(i);
            boolean learner = configuration.isLearner(id);
            Progress known = members.get(id);
            if (known == null) {
                Progress fresh = new Progress(nextIndex, learner, inflightMessagesMax, inflightBytesMax);
                fresh.recentActive(active);
                members.put(id, fresh);
            } else {
                known.learner(learner);
            }
        }
    }

    /** The highest index that a quorum has. */
    public long committedIndex() {
        return quorum.committedIndex(id -> {
            Progress progress = members.get(id);
            return progress == null ? 0 : progress.match();
        });
    }

    /** Whether a quorum has been heard of since the flags were last cleared. */
    public boolean isQuorumActive() {
        return quorum.voteResult(id -> {
                    Progress progress = members.get(id);
                    if (progress == null || progress.isLearner()) {
                        return Vote.MISSING;
                    }
                    return progress.isRecentActive() ? Vote.GRANTED : Vote.REJECTED;
                })
                == VoteResult.WON;
    }
}
