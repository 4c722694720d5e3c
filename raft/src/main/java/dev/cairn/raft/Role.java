package dev.cairn.raft;

import dev.cairn.raft.message.Message;

/**
 * What a node does in its part of the term, and the data that only this part needs.
 *
 * <p>Confined to the machine, which passes itself to each call and alone decides on transitions: a role asks it to
 * become something else and returns. A role object lives as long as the node plays that part without interruption.
 */
sealed interface Role permits FollowerRole, CampaigningRole, LeaderRole {
    /** The name of the part. */
    RaftRole kind();

    /** Handles a message of the present term, or a local one, that is not the same for all roles. */
    StepOutcome step(RaftMachine machine, Message message);

    /** A unit of time has passed. */
    void tick(RaftMachine machine);
}
