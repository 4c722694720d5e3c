package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.membership.Configuration;
import dev.cairn.raft.membership.ConfigurationChanger;
import dev.cairn.raft.membership.ConfigurationException;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * The state of a node: term, vote, log, membership, role and what waits to be sent.
 *
 * <p>Confined to the thread that drives the {@link RaftNode}. Here is what all roles share: the comparison of terms that
 * every message passes, voting, campaigning, and the transitions. All transitions happen in the {@code become} methods of
 * this class, by this table:
 *
 * <pre>
 *   from            event                                                to              term, vote
 *   --------------  ---------------------------------------------------  --------------  ------------------
 *   (start)                                                              follower        as persisted
 *   follower        election timeout, or campaign; pre-vote on           pre-candidate   keeps both
 *   follower        the same; pre-vote off                               candidate       term + 1, own vote
 *   follower        leader hands over (MsgTimeoutNow)                    candidate       term + 1, own vote
 *   pre-candidate   election timeout                                     pre-candidate   keeps both
 *   pre-candidate   quorum would vote                                    candidate       term + 1, own vote
 *   pre-candidate   quorum would not                                     follower        keeps both
 *   candidate       election timeout; pre-vote on                        pre-candidate   keeps both
 *   candidate       election timeout; pre-vote off                       candidate       term + 1, own vote
 *   candidate       quorum votes                                         leader          keeps both
 *   candidate       quorum refuses                                       follower        keeps both
 *   (pre-)candidate append, heartbeat or snapshot of the same term       follower        keeps both
 *   leader          quorum not heard of for an election timeout          follower        keeps both
 *   leader          applies its own removal; step down on removal on     follower        keeps both
 *   any             message of a higher term, except as below            follower        that term, no vote
 * </pre>
 *
 * <p>A message of a higher term changes nothing if it is a pre-vote request or a granted pre-vote, whose term lies in the
 * future, or a vote request that is ignored because the leader is alive (check-quorum is on, and an election timeout has
 * not passed since the leader was heard of). Only a voter of the present configuration campaigns, and only when it has
 * applied all committed membership changes and has no snapshot waiting to be written.
 */
final class RaftMachine {
    private final RaftConfig config;
    private final Narrator narrator;
    private final RaftLog log;
    private final Outbox outbox;
    private List<ReadState> readStates = new ArrayList<>();

    private Configuration configuration = Configuration.EMPTY;
    private long term;
    private long vote = Message.NONE;
    private long leader = Message.NONE;
    private Role role = new FollowerRole();

    /**
     * Ticks since the leader was heard of, or since a vote was given or asked for; on a leader, since the last quorum
     * check.
     */
    private int electionElapsedTicks;

    /** From {@code electionTicks} to just below its double, so that split votes are rare. Drawn anew in every term. */
    private int randomizedElectionTimeoutTicks;

    RaftMachine(RaftConfig config) {
        this.config = config;
        this.narrator = new Narrator(config.id(), config.listener());
        this.outbox = new Outbox(config.id());
        this.log = new RaftLog(config.storage(), config.maxCommittedSizePerReady(), narrator);

        RaftStorage.InitialState initial = config.storage().initialState();
        restoreConfiguration(initial.confState());
        HardState persisted = initial.hardState();
        log.restart(persisted.commit(), config.applied());
        term = persisted.term();
        vote = persisted.vote();
        becomeFollower(term, Message.NONE);
        LogPosition last = log.last();
        narrator.started(configuration, term, log.committed(), log.applied(), last.index(), last.term());
    }

    // What the roles work with.

    RaftConfig config() {
        return config;
    }

    long id() {
        return config.id();
    }

    Narrator narrator() {
        return narrator;
    }

    RaftLog log() {
        return log;
    }

    Outbox outbox() {
        return outbox;
    }

    Configuration configuration() {
        return configuration;
    }

    long term() {
        return term;
    }

    long leader() {
        return leader;
    }

    Role role() {
        return role;
    }

    HardState hardState() {
        return new HardState(term, vote, log.committed());
    }

    SoftState softState() {
        return new SoftState(leader, role.kind());
    }

    List<ReadState> readStates() {
        return readStates;
    }

    void clearReadStates() {
        readStates = new ArrayList<>();
    }

    /** A read asked for on this node may be served once the index is applied. */
    void grantRead(long index, ByteString context) {
        readStates.add(new ReadState(index, context));
    }

    /** The beginning of an answer in the present term. */
    Message.Builder answer(MessageType type, Message request) {
        return Message.builder(type).to(request.from()).from(id()).term(term);
    }

    /** The leader of this term has spoken. */
    void heardFromLeader(long id) {
        electionElapsedTicks = 0;
        leader = id;
    }

    void forgetLeader() {
        leader = Message.NONE;
    }

    boolean hasCommittedInTerm() {
        return log.termOrZero(log.committed()) == term;
    }

    // Time.

    void tick() {
        role.tick(this);
    }

    /** One tick towards an election. */
    void tickElection() {
        electionElapsedTicks++;
        if (isPromotable() && electionElapsedTicks >= randomizedElectionTimeoutTicks) {
            electionElapsedTicks = 0;
            campaign();
        }
    }

    /** One tick of the timer that a leader uses for quorum checks. Returns whether an election timeout has passed. */
    boolean advanceLeaderTimer() {
        electionElapsedTicks++;
        if (electionElapsedTicks < config.electionTicks()) {
            return false;
        }
        electionElapsedTicks = 0;
        return true;
    }

    void restartElectionTimer() {
        electionElapsedTicks = 0;
    }

    /** Sets the timeout of this term, for a caller that wants a certain schedule. */
    void randomizedElectionTimeoutTicks(int ticks) {
        randomizedElectionTimeoutTicks = ticks;
    }

    // Transitions. The table is above.

    FollowerRole becomeFollower(long newTerm, long newLeader) {
        startTerm(newTerm);
        leader = newLeader;
        FollowerRole follower = new FollowerRole();
        role = follower;
        narrator.becameFollower(term);
        return follower;
    }

    private void becomePreCandidate() {
        // The timer keeps its timeout: a pre-vote starts nothing that a term would have to be remembered for.
        leader = Message.NONE;
        role = new PreCandidateRole();
        narrator.becamePreCandidate(term);
    }

    private void becomeCandidate() {
        startTerm(term + 1);
        vote = id();
        role = new CandidateRole();
        narrator.becameCandidate(term);
    }

    LeaderRole becomeLeader() {
        startTerm(term);
        leader = id();
        LeaderRole leading = new LeaderRole(this);
        role = leading;
        leading.appendEmpty(this);
        narrator.becameLeader(term);
        return leading;
    }

    private void startTerm(long newTerm) {
        if (term != newTerm) {
            term = newTerm;
            vote = Message.NONE;
        }
        leader = Message.NONE;
        electionElapsedTicks = 0;
        randomizedElectionTimeoutTicks =
                config.electionTicks() + config.randomBelow().applyAsInt(config.electionTicks());
    }

    // Campaigning.

    /** Starts an election, for whatever reason. */
    void campaign() {
        campaignIfPossible(config.preVote() ? CampaignKind.PRE_ELECTION : CampaignKind.ELECTION);
    }

    void campaignIfPossible(CampaignKind kind) {
        if (role.kind() == RaftRole.LEADER) {
            narrator.ignoresHupAsLeader();
            return;
        }
        if (!isPromotable()) {
            narrator.unpromotable();
            return;
        }
        if (log.hasUnappliedConfChange()) {
            // It might win by a quorum of the old configuration while the new one elects another.
            narrator.confChangesPendingAtCampaign(term);
            return;
        }
        narrator.startsElection(term);
        campaign(kind);
    }

    /** Asks everybody for a vote. */
    void campaign(CampaignKind kind) {
        MessageType request;
        MessageType ownAnswer;
        long campaignTerm;
        if (kind == CampaignKind.PRE_ELECTION) {
            becomePreCandidate();
            request = MessageType.PRE_VOTE;
            ownAnswer = MessageType.PRE_VOTE_RESP;
            // The term that an election would be held in.
            campaignTerm = term + 1;
        } else {
            becomeCandidate();
            request = MessageType.VOTE;
            ownAnswer = MessageType.VOTE_RESP;
            campaignTerm = term;
        }
        ByteString context = kind == CampaignKind.TRANSFER ? CampaignKind.TRANSFER_CONTEXT : ByteString.EMPTY;
        LogPosition last = log.last();
        IdSet voters = configuration.anyVoter();
        for (int i = 0; i < voters.size(); i++) {
            long voter = voters.get(i);
            if (voter == id()) {
                // The own vote counts when it is durable, which is when this answer comes back.
                outbox.add(Message.builder(ownAnswer)
                        .to(voter)
                        .from(voter)
                        .term(campaignTerm)
                        .build());
                continue;
            }
            narrator.asksForVote(request, voter, last.term(), last.index(), term);
            outbox.add(Message.builder(request)
                    .to(voter)
                    .from(id())
                    .term(campaignTerm)
                    .log(last.term(), last.index())
                    .context(context)
                    .build());
        }
    }

    /** Whether this node may become leader. */
    boolean isPromotable() {
        return configuration.isVoter(id()) && !log.hasSnapshot();
    }

    // Messages.

    StepOutcome step(Message message) {
        if (message.term() > term) {
            if (isIgnoredForLease(message)) {
                narrator.voteIgnoredInLease(
                        message, log.last(), vote, term, config.electionTicks() - electionElapsedTicks);
                return StepOutcome.ACCEPTED;
            }
            meetHigherTerm(message);
        } else if (message.term() < term && message.term() != 0) {
            meetLowerTerm(message);
            return StepOutcome.ACCEPTED;
        }
        return switch (message.type()) {
            case VOTE, PRE_VOTE -> {
                considerVote(message);
                yield StepOutcome.ACCEPTED;
            }
            case STORAGE_APPEND_RESP -> {
                if (message.index() != 0) {
                    log.stableTo(message.logTerm(), message.index());
                }
                snapshotStable(message);
                yield StepOutcome.ACCEPTED;
            }
            case STORAGE_APPLY_RESP -> {
                entriesApplied(message.entries());
                yield StepOutcome.ACCEPTED;
            }
            default -> role.step(this, message);
        };
    }

    private boolean isIgnoredForLease(Message message) {
        if (message.type() != MessageType.VOTE && message.type() != MessageType.PRE_VOTE) {
            return false;
        }
        boolean inLease =
                config.checkQuorum() && leader != Message.NONE && electionElapsedTicks < config.electionTicks();
        return inLease && !message.context().equals(CampaignKind.TRANSFER_CONTEXT);
    }

    private void meetHigherTerm(Message message) {
        boolean future = message.type() == MessageType.PRE_VOTE
                || message.type() == MessageType.PRE_VOTE_RESP && !message.reject();
        if (future) {
            return;
        }
        narrator.higherTerm(message, term);
        boolean fromLeader = message.type() == MessageType.APP
                || message.type() == MessageType.HEARTBEAT
                || message.type() == MessageType.SNAP;
        becomeFollower(message.term(), fromLeader ? message.from() : Message.NONE);
    }

    private void meetLowerTerm(Message message) {
        switch (message.type()) {
            case HEARTBEAT, APP -> {
                if (config.checkQuorum() || config.preVote()) {
                    // A deposed leader, or the true one of a lower term than ours, because we campaigned in vain and
                    // the others ignore us. Our term makes it step down; otherwise we could never join again. Without
                    // these options our vote requests do the same.
                    outbox.add(answer(MessageType.APP_RESP, message).build());
                } else {
                    narrator.lowerTerm(message, term);
                }
            }
            case PRE_VOTE -> {
                // Tells the other to raise its term: with a mixture of terms nobody might get elected.
                narrator.voteRejected(message, log.last(), vote, term);
                outbox.add(
                        answer(MessageType.PRE_VOTE_RESP, message).reject(true).build());
            }
            case STORAGE_APPEND_RESP -> {
                if (message.index() != 0) {
                    // Entries of that report may have been replaced since; see Unstable.
                    narrator.staleAppendReport(message, term);
                }
                snapshotStable(message);
            }
            default -> narrator.lowerTerm(message, term);
        }
    }

    private void considerVote(Message request) {
        // Voting again for the same node repeats what is durable already. With a leader in this term the vote would be
        // useless, even if nobody has got it. A pre-vote for a later term costs nothing.
        boolean canVote = vote == request.from()
                || vote == Message.NONE && leader == Message.NONE
                || request.type() == MessageType.PRE_VOTE && request.term() > term;
        LogPosition last = log.last();
        LogPosition candidate = new LogPosition(request.logTerm(), request.index());
        MessageType answerType = request.type() == MessageType.VOTE ? MessageType.VOTE_RESP : MessageType.PRE_VOTE_RESP;
        // A learner votes, too: who asks it has a newer configuration, in which it is a voter.
        if (canVote && candidate.isUpToDateWith(last)) {
            narrator.voteCast(request, last, vote, term);
            // The answer is for the term of the request, which for a pre-vote is a later one.
            outbox.add(answer(answerType, request).term(request.term()).build());
            if (request.type() == MessageType.VOTE) {
                electionElapsedTicks = 0;
                vote = request.from();
            }
        } else {
            narrator.voteRejected(request, last, vote, term);
            outbox.add(answer(answerType, request).reject(true).build());
        }
    }

    private void snapshotStable(Message report) {
        Snapshot snapshot = report.snapshot();
        if (snapshot != null) {
            long index = snapshot.metadata().index();
            log.stableSnapshotTo(index);
            appliedTo(index, 0);
        }
    }

    private void entriesApplied(List<Entry> entries) {
        if (entries.isEmpty()) {
            return;
        }
        appliedTo(entries.get(entries.size() - 1).index(), Entry.encodedBytes(entries));
        if (role instanceof LeaderRole leading) {
            leading.reduceUncommitted(Entry.payloadBytes(entries));
        }
    }

    private void appliedTo(long index, long bytes) {
        // A snapshot may have overtaken the report.
        long applied = Math.max(index, log.applied());
        log.appliedTo(applied, bytes);
        if (role instanceof LeaderRole leading) {
            leading.maybeLeaveJoint(this, applied);
        }
    }

    // Membership.

    ConfState applyConfChange(ConfChangeV2 change) {
        try {
            ConfigurationChanger.Change result = ConfigurationChanger.apply(configuration, change);
            switchTo(result.configuration(), result.renewed());
        } catch (ConfigurationException e) {
            throw new IllegalStateException(
                    "committed conf change " + change + " is impossible at config " + configuration + ": "
                            + e.getMessage(),
                    e);
        }
        return configuration.toConfState();
    }

    /** The membership as a snapshot has it. */
    void restoreConfiguration(ConfState state) {
        switchTo(Configuration.of(state), IdSet.EMPTY);
    }

    private void switchTo(Configuration next, IdSet renewed) {
        configuration = next;
        narrator.switchedTo(next);
        if (role instanceof LeaderRole leading) {
            leading.configurationChanged(this, renewed);
        }
    }

    void checkInvariants() {
        log.checkInvariants();
        if (role instanceof LeaderRole leading) {
            if (leader != id()) {
                throw new IllegalStateException("leads, and believes that " + Long.toHexString(leader) + " does");
            }
            leading.checkInvariants(this);
        } else if (leader == id()) {
            throw new IllegalStateException("believes to lead, and is " + role.kind());
        }
        if (role.kind() == RaftRole.CANDIDATE && vote != id()) {
            throw new IllegalStateException("candidate has voted for " + Long.toHexString(vote));
        }
    }
}
