package dev.cairn.raft;

/** The part that a node plays in its term. */
public enum RaftRole {
    /** Follows a leader, or waits for one. */
    FOLLOWER("StateFollower"),
    /** Asks for votes in a term of its own. */
    CANDIDATE("StateCandidate"),
    /** Leads its term. */
    LEADER("StateLeader"),
    /** Asks whether it would get votes, before it disturbs anybody with a new term. */
    PRE_CANDIDATE("StatePreCandidate");

    private final String wireName;

    RaftRole(String wireName) {
        this.wireName = wireName;
    }

    /** The name in etcd's log lines. */
    public String wireName() {
        return wireName;
    }
}
