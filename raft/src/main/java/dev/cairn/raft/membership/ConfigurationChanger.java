package dev.cairn.raft.membership;

import dev.cairn.raft.message.ConfChangeSingle;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.IdSet;
import java.util.List;

/**
 * Computes the configuration that follows from another one by a membership change.
 *
 * <p>Used for one change and thrown away. Three ways lead from one configuration to the next:
 *
 * <pre>
 *   simple        not joint -> not joint    at most one voter is added, removed or demoted
 *   enter joint   not joint -> joint        any number; the old voters become the outgoing half
 *   leave joint   joint     -> not joint    the outgoing half goes; those next become learners
 * </pre>
 *
 * <p>Any two consecutive configurations overlap in a member of every majority; that is why the simple way is limited to
 * one voter (section 4.1 of the Raft dissertation) and the joint way needs both majorities (section 4.3).
 */
public final class ConfigurationChanger {
    /**
     * What a change leads to.
     *
     * @param renewed members that were taken out and put in again by one change: whatever is known of their logs does
     *     not hold any more
     */
    public record Change(Configuration configuration, IdSet renewed) {}

    private final Configuration before;
    private IdSet voters;
    private IdSet outgoing;
    private IdSet learners;
    private IdSet learnersNext;
    private IdSet dropped = IdSet.EMPTY;

    private ConfigurationChanger(Configuration before) {
        this.before = before;
        this.voters = before.voters();
        this.outgoing = before.outgoing();
        this.learners = before.learners();
        this.learnersNext = before.learnersNext();
    }

    /**
     * The way that the change itself asks for.
     *
     * @throws ConfigurationException if it is impossible here
     */
    public static Change apply(Configuration before, ConfChangeV2 change) throws ConfigurationException {
        if (change.leavesJoint()) {
            return leaveJoint(before);
        }
        if (change.entersJoint()) {
            return enterJoint(before, change.leavesJointByItself(), change.changes());
        }
        return simple(before, change.changes());
    }

    /**
     * A change of at most one voter and any number of learners.
     *
     * @throws ConfigurationException if it is impossible here
     */
    public static Change simple(Configuration before, List<ConfChangeSingle> changes) throws ConfigurationException {
        if (before.isJoint()) {
            throw new ConfigurationException("can't apply simple config change in joint config");
        }
        ConfigurationChanger changer = new ConfigurationChanger(before);
        changer.applyAll(changes);
        if (symmetricDifference(before.voters(), changer.voters) > 1) {
            throw new ConfigurationException("more than one voter changed without entering joint config");
        }
        return changer.result(false);
    }

    /**
     * A change of any number of members, through a joint configuration.
     *
     * @throws ConfigurationException if it is impossible here
     */
    public static Change enterJoint(Configuration before, boolean autoLeave, List<ConfChangeSingle> changes)
            throws ConfigurationException {
        if (before.isJoint()) {
            throw new ConfigurationException("config is already joint");
        }
        if (before.voters().isEmpty()) {
            throw new ConfigurationException("can't make a zero-voter config joint");
        }
        ConfigurationChanger changer = new ConfigurationChanger(before);
        changer.outgoing = before.voters();
        changer.applyAll(changes);
        return changer.result(autoLeave);
    }

    /**
     * The end of a joint configuration.
     *
     * @throws ConfigurationException if the configuration is not joint
     */
    public static Change leaveJoint(Configuration before) throws ConfigurationException {
        if (!before.isJoint()) {
            throw new ConfigurationException("can't leave a non-joint config");
        }
        ConfigurationChanger changer = new ConfigurationChanger(before);
        changer.learners = before.learners().union(before.learnersNext());
        changer.learnersNext = IdSet.EMPTY;
        changer.outgoing = IdSet.EMPTY;
        return changer.result(false);
    }

    private void applyAll(List<ConfChangeSingle> changes) throws ConfigurationException {
        for (ConfChangeSingle change : changes) {
            long id = change.nodeId();
            if (id == 0) {
                // The application clears the id of a change that it refuses after it has been committed.
                continue;
            }
            switch (change.type()) {
                case ADD_NODE -> makeVoter(id);
                case ADD_LEARNER_NODE -> makeLearner(id);
                case REMOVE_NODE -> remove(id);
                case UPDATE_NODE -> {}
            }
        }
        if (voters.isEmpty()) {
            throw new ConfigurationException("removed all voters");
        }
    }

    private void makeVoter(long id) {
        learners = learners.without(id);
        learnersNext = learnersNext.without(id);
        voters = voters.with(id);
    }

    private void makeLearner(long id) {
        if (learners.contains(id)) {
            return;
        }
        voters = voters.without(id);
        learnersNext = learnersNext.without(id);
        if (outgoing.contains(id)) {
            // Still a voter in the outgoing half, and nobody is both: waits until the joint configuration is left.
            learnersNext = learnersNext.with(id);
        } else {
            learners = learners.with(id);
        }
    }

    private void remove(long id) {
        boolean member = voters.contains(id) || outgoing.contains(id) || learners.contains(id);
        voters = voters.without(id);
        learners = learners.without(id);
        learnersNext = learnersNext.without(id);
        if (member && !outgoing.contains(id)) {
            dropped = dropped.with(id);
        }
    }

    private Change result(boolean autoLeave) {
        Configuration after = new Configuration(voters, outgoing, learners, learnersNext, autoLeave);
        IdSet renewed = IdSet.EMPTY;
        for (int i = 0; i < dropped.size(); i++) {
            long id = dropped.get(i);
            if (before.isMember(id) && after.isMember(id)) {
                renewed = renewed.with(id);
            }
        }
        return new Change(after, renewed);
    }

    private static int symmetricDifference(IdSet left, IdSet right) {
        IdSet all = left.union(right);
        int shared = left.size() + right.size() - all.size();
        return all.size() - shared;
    }
}
