package dev.cairn.raft;

import dev.cairn.raft.message.MessageType;

/** Asks whether an election would succeed (section 9.6 of the Raft dissertation). Term and vote stay as they are. */
final class PreCandidateRole implements CampaigningRole {
    private final Ballot ballot = new Ballot();

    @Override
    public RaftRole kind() {
        return RaftRole.PRE_CANDIDATE;
    }

    @Override
    public Ballot ballot() {
        return ballot;
    }

    @Override
    public MessageType answerType() {
        return MessageType.PRE_VOTE_RESP;
    }

    @Override
    public void won(RaftMachine machine) {
        machine.campaign(CampaignKind.ELECTION);
    }
}
