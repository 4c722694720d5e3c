package dev.cairn.raft.membership;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.quorum.JointQuorum;

/**
 * The members of the group. Immutable, and valid by construction:
 *
 * <ul>
 *   <li>nobody is a learner and a voter, in either half;
 *   <li>who becomes a learner next is an outgoing voter, and not a learner or an incoming voter yet;
 *   <li>unless the configuration is joint, nobody becomes a learner next, and there is nothing to leave by itself.
 * </ul>
 *
 * @param voters the voters; the incoming half if the configuration is joint
 * @param outgoing the voters of the configuration that is being left; empty unless joint
 * @param learners members that receive the log and do not vote
 * @param learnersNext members that will be learners once they have ceased to be outgoing voters
 * @param autoLeave whether the leader proposes to leave the joint configuration by itself
 */
public record Configuration(IdSet voters, IdSet outgoing, IdSet learners, IdSet learnersNext, boolean autoLeave) {
    /** Nobody. */
    public static final Configuration EMPTY =
            new Configuration(IdSet.EMPTY, IdSet.EMPTY, IdSet.EMPTY, IdSet.EMPTY, false);

    public Configuration {
        IdSet anyVoter = voters.union(outgoing);
        for (int i = 0; i < learners.size(); i++) {
            require(!anyVoter.contains(learners.get(i)), learners.get(i), "is a learner and a voter");
        }
        for (int i = 0; i < learnersNext.size(); i++) {
            long id = learnersNext.get(i);
            require(outgoing.contains(id), id, "becomes a learner next and is no outgoing voter");
            require(!learners.contains(id), id, "becomes a learner next and is one");
            require(!voters.contains(id), id, "becomes a learner next and is an incoming voter");
        }
        if (outgoing.isEmpty() && autoLeave) {
            throw new IllegalStateException("a configuration that is not joint cannot be left");
        }
    }

    private static void require(boolean holds, long id, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(Long.toHexString(id) + " " + otherwise);
        }
    }

    /**
     * The configuration that a snapshot or the initial state describes.
     *
     * @throws IllegalStateException if there is no such configuration
     */
    public static Configuration of(ConfState state) {
        return new Configuration(
                state.voters(), state.votersOutgoing(), state.learners(), state.learnersNext(), state.autoLeave());
    }

    /** The persistent form. */
    public ConfState toConfState() {
        return new ConfState(voters, learners, outgoing, learnersNext, autoLeave);
    }

    /** Whether two majorities have to agree. */
    public boolean isJoint() {
        return !outgoing.isEmpty();
    }

    /** Whether one voter decides alone. */
    public boolean isSingleton() {
        return voters.size() == 1 && outgoing.isEmpty();
    }

    /** Everybody who may vote, in either half. */
    public IdSet anyVoter() {
        return outgoing.isEmpty() ? voters : voters.union(outgoing);
    }

    /** Everybody who receives the log. */
    public IdSet members() {
        return anyVoter().union(learners);
    }

    /** Whether an id votes, in either half. */
    public boolean isVoter(long id) {
        return voters.contains(id) || outgoing.contains(id);
    }

    /** Whether an id is a learner now. */
    public boolean isLearner(long id) {
        return learners.contains(id);
    }

    /** Whether an id receives the log. */
    public boolean isMember(long id) {
        return isVoter(id) || isLearner(id);
    }

    /** What it takes to decide. */
    public JointQuorum quorum() {
        return JointQuorum.of(voters, outgoing);
    }

    /** The line that etcd prints. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("voters=").append(voters);
        if (isJoint()) {
            text.append("&&").append(outgoing);
        }
        if (!learners.isEmpty()) {
            text.append(" learners=").append(learners);
        }
        if (!learnersNext.isEmpty()) {
            text.append(" learners_next=").append(learnersNext);
        }
        if (autoLeave) {
            text.append(" autoleave");
        }
        return text.toString();
    }
}
