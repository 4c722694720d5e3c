package dev.cairn.raft;

/** What became of an input. Everything but {@link #ACCEPTED} is an expected outcome that changed nothing. */
public enum StepOutcome {
    /** Taken. For a proposal that means: appended or on its way to the leader, by no means committed. */
    ACCEPTED,
    /**
     * The proposal was not taken: there is no leader, leadership is being handed over, too much is uncommitted, or
     * the node is not a member. The client may try again.
     */
    PROPOSAL_DROPPED,
    /** A response came from a node that is not in the configuration. */
    PEER_NOT_FOUND,
    /** A message of a local type came from outside. */
    LOCAL_MESSAGE_REFUSED
}
