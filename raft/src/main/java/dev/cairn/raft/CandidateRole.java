package dev.cairn.raft;

import dev.cairn.raft.message.MessageType;

/** Asks for votes in a new term, having voted for itself. */
final class CandidateRole implements CampaigningRole {
    private final Ballot ballot = new Ballot();

    @Override
    public RaftRole kind() {
        return RaftRole.CANDIDATE;
    }

    @Override
    public Ballot ballot() {
        return ballot;
    }

    @Override
    public MessageType answerType() {
        return MessageType.VOTE_RESP;
    }

    @Override
    public void won(RaftMachine machine) {
        machine.becomeLeader().broadcastAppend();
    }
}
