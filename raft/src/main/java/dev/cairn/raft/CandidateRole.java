package dev.cairn.raft;

import dev.cairn.raft.message.MessageType;

/**
 * Asks for votes in a new term, having voted for itself.
 *
 * <p>Leads when a quorum has agreed <em>and</em> its own vote is durable, even where the others are a quorum without it. The requests are
 * under way while term and vote are being written, so the answers may be faster. A node that led before they are written, and lost them,
 * would come back in the term before: those who voted for it would vote for it again, and it would lead the same term a second time, with
 * other entries at the same places.
 */
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
        if (ballot.isGrantedBy(machine.id())) {
            machine.becomeLeader().broadcastAppend();
        }
    }
}
