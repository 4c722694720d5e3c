package dev.cairn.raft;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;

/** Asks for votes. What pre-candidates and candidates have in common: they differ in what follows from winning. */
sealed interface CampaigningRole extends Role permits PreCandidateRole, CandidateRole {
    /** The votes so far. */
    Ballot ballot();

    /** The type of the answers that count. */
    MessageType answerType();

    /** A quorum has agreed, or still agrees when another vote has arrived. */
    void won(RaftMachine machine);

    @Override
    default void tick(RaftMachine machine) {
        machine.tickElection();
    }

    @Override
    default StepOutcome step(RaftMachine machine, Message message) {
        return switch (message.type()) {
            case PROP -> {
                machine.narrator().noLeaderForProposal(machine.term());
                yield StepOutcome.PROPOSAL_DROPPED;
            }
            case APP, HEARTBEAT, SNAP -> {
                // Of the present term, therefore from its one leader.
                yield machine.becomeFollower(message.term(), message.from()).step(machine, message);
            }
            case VOTE_RESP, PRE_VOTE_RESP -> {
                // A candidate still gets late answers to its pre-vote; they say nothing about this term.
                if (message.type() == answerType()) {
                    count(machine, message);
                }
                yield StepOutcome.ACCEPTED;
            }
            case TIMEOUT_NOW -> {
                machine.narrator().timeoutNowIgnored(machine.term(), kind(), message.from());
                yield StepOutcome.ACCEPTED;
            }
            case HUP,
                    BEAT,
                    APP_RESP,
                    VOTE,
                    HEARTBEAT_RESP,
                    UNREACHABLE,
                    SNAP_STATUS,
                    CHECK_QUORUM,
                    TRANSFER_LEADER,
                    READ_INDEX,
                    READ_INDEX_RESP,
                    PRE_VOTE,
                    STORAGE_APPEND,
                    STORAGE_APPEND_RESP,
                    STORAGE_APPLY,
                    STORAGE_APPLY_RESP,
                    FORGET_LEADER -> StepOutcome.ACCEPTED;
        };
    }

    private void count(RaftMachine machine, Message answer) {
        machine.narrator().votePolled(answer.type(), answer.from(), !answer.reject(), machine.term());
        ballot().record(answer.from(), !answer.reject());
        machine.narrator()
                .votesCounted(
                        answer.type(),
                        ballot().grantedCount(machine.configuration()),
                        ballot().rejectedCount(machine.configuration()));
        switch (ballot().result(machine.configuration())) {
            case WON -> won(machine);
            // The term stays: whoever refused may know a leader, or a better log, that is going to win it.
            case LOST -> machine.becomeFollower(machine.term(), Message.NONE);
            case PENDING -> {}
        }
    }
}
