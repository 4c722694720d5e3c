package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.membership.Configuration;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.progress.Progress;
import dev.cairn.raft.progress.ProgressTracker;
import dev.cairn.raft.progress.ReplicationState;
import dev.cairn.raft.quorum.Vote;
import dev.cairn.raft.quorum.VoteResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Leads one term: appends proposals, replicates them, decides what is committed, grants reads, hands leadership over.
 */
final class LeaderRole implements Role {
    private final long term;
    private final ProgressTracker tracker;
    private final Replicator replicator;
    private final PendingReads reads = new PendingReads();

    /**
     * No membership change may be proposed until this index is applied: it is the last one proposed, or, since it cannot
     * be known whether the log of a new leader has one, the end of the log at the start of the term.
     */
    private long pendingConfIndex;

    private long transferee = Message.NONE;
    private int heartbeatElapsedTicks;

    /** Payload bytes proposed and not yet reported as applied; an estimate that starts at zero with each term. */
    private long uncommittedBytes;

    /** Starts to lead: everybody is probed at the end of the log, and only the leader's own log is known. */
    LeaderRole(RaftMachine machine) {
        RaftConfig config = machine.config();
        this.term = machine.term();
        this.tracker = new ProgressTracker(config.maxInflightMessages(), config.maxInflightBytes());
        this.replicator = new Replicator(config, term, machine.log(), machine.outbox(), machine.narrator(), tracker);
        long lastIndex = machine.log().lastIndex();
        this.pendingConfIndex = lastIndex;
        tracker.follow(machine.configuration(), IdSet.EMPTY, lastIndex + 1, false);
        Progress self = tracker.get(machine.id());
        if (self == null) {
            throw new IllegalStateException("leader is not in its own configuration " + machine.configuration());
        }
        // The vote that won was written after these entries, so they are durable.
        self.maybeUpdate(lastIndex);
        self.becomeReplicate();
        self.recentActive(true);
    }

    @Override
    public RaftRole kind() {
        return RaftRole.LEADER;
    }

    ProgressTracker tracker() {
        return tracker;
    }

    long transferee() {
        return transferee;
    }

    // Time.

    @Override
    public void tick(RaftMachine machine) {
        heartbeatElapsedTicks++;
        if (machine.advanceLeaderTimer()) {
            if (machine.config().checkQuorum() && !checkQuorum(machine)) {
                return;
            }
            // The transferee had an election timeout to take over. Serving clients comes first from now on.
            transferee = Message.NONE;
        }
        if (heartbeatElapsedTicks >= machine.config().heartbeatTicks()) {
            heartbeatElapsedTicks = 0;
            replicator.broadcastHeartbeat(reads.newestContext());
        }
    }

    /** Steps down unless a quorum has been heard of since the last check. Returns whether the node still leads. */
    private boolean checkQuorum(RaftMachine machine) {
        boolean active = tracker.isQuorumActive();
        tracker.forEach((id, progress) -> progress.recentActive(id == machine.id()));
        if (!active) {
            machine.narrator().quorumLost();
            machine.becomeFollower(term, Message.NONE);
        }
        return active;
    }

    // Messages.

    @Override
    public StepOutcome step(RaftMachine machine, Message message) {
        return switch (message.type()) {
            case PROP -> propose(machine, message.entries());
            case READ_INDEX -> {
                readIndex(machine, message);
                yield StepOutcome.ACCEPTED;
            }
            case APP_RESP, HEARTBEAT_RESP, TRANSFER_LEADER -> {
                Progress progress = tracker.get(message.from());
                if (progress == null) {
                    machine.narrator().noProgress(message.from());
                } else {
                    stepFromMember(machine, message, progress);
                }
                yield StepOutcome.ACCEPTED;
            }
            case HUP,
                    BEAT,
                    APP,
                    VOTE,
                    VOTE_RESP,
                    SNAP,
                    HEARTBEAT,
                    UNREACHABLE,
                    SNAP_STATUS,
                    CHECK_QUORUM,
                    TIMEOUT_NOW,
                    READ_INDEX_RESP,
                    PRE_VOTE,
                    PRE_VOTE_RESP,
                    STORAGE_APPEND,
                    STORAGE_APPEND_RESP,
                    STORAGE_APPLY,
                    STORAGE_APPLY_RESP,
                    FORGET_LEADER -> StepOutcome.ACCEPTED;
        };
    }

    private void stepFromMember(RaftMachine machine, Message message, Progress progress) {
        switch (message.type()) {
            case APP_RESP -> {
                progress.recentActive(true);
                if (message.reject()) {
                    appendRefused(machine, message, progress);
                } else {
                    appendAccepted(machine, message, progress);
                }
            }
            case HEARTBEAT_RESP -> heartbeatAnswered(machine, message, progress);
            default -> transferTo(machine, message.from(), progress);
        }
    }

    // Proposals.

    private StepOutcome propose(RaftMachine machine, List<Entry> proposed) {
        if (tracker.get(machine.id()) == null) {
            // Removed, but still leading until others take over: it may not add to a log that it is no member of.
            return StepOutcome.PROPOSAL_DROPPED;
        }
        if (transferee != Message.NONE) {
            machine.narrator().proposalDuringTransfer(term, transferee);
            return StepOutcome.PROPOSAL_DROPPED;
        }
        long nextIndex = machine.log().lastIndex() + 1;
        long confIndex = pendingConfIndex;
        List<Entry> entries = new ArrayList<>(proposed.size());
        for (Entry entry : proposed) {
            long index = nextIndex + entries.size();
            Entry taken = entry;
            if (entry.type() != EntryType.NORMAL) {
                ConfChangeV2 change;
                try {
                    change = ConfChangeFormat.decode(entry);
                } catch (IllegalArgumentException e) {
                    machine.narrator().malformedConfChange(String.valueOf(e.getMessage()));
                    return StepOutcome.PROPOSAL_DROPPED;
                }
                String refusal = refusal(machine, change, confIndex);
                if (refusal != null && !machine.config().disableConfChangeValidation()) {
                    machine.narrator().ignoresConfChange(change, machine.configuration(), refusal);
                    taken = Entry.proposal(ByteString.EMPTY);
                } else {
                    confIndex = index;
                }
            }
            entries.add(taken.at(term, index));
        }
        if (!append(machine, entries)) {
            return StepOutcome.PROPOSAL_DROPPED;
        }
        pendingConfIndex = confIndex;
        replicator.broadcastAppend();
        return StepOutcome.ACCEPTED;
    }

    /** Why a membership change cannot be proposed now, or null if it can. */
    private static @Nullable String refusal(RaftMachine machine, ConfChangeV2 change, long pendingConfIndex) {
        boolean leaves = change.changes().isEmpty();
        boolean joint = machine.configuration().isJoint();
        long applied = machine.log().applied();
        if (pendingConfIndex > applied) {
            return "possible unapplied conf change at index " + pendingConfIndex + " (applied to " + applied + ")";
        }
        if (joint && !leaves) {
            return "must transition out of joint config first";
        }
        if (!joint && leaves) {
            return "not in joint state; refusing empty conf change";
        }
        return null;
    }

    /** Starts the term with an empty entry, so that entries of former terms can be committed (section 5.4.2). */
    void appendEmpty(RaftMachine machine) {
        long index = machine.log().lastIndex() + 1;
        Entry empty = Entry.proposal(ByteString.EMPTY).at(term, index);
        if (!append(machine, List.of(empty))) {
            throw new IllegalStateException("empty entry was dropped");
        }
    }

    private boolean append(RaftMachine machine, List<Entry> entries) {
        long bytes = Entry.payloadBytes(entries);
        // The first proposal is taken whatever its size, and those without payload always: they end the waiting.
        if (uncommittedBytes > 0
                && bytes > 0
                && uncommittedBytes + bytes > machine.config().maxUncommittedEntriesSize()) {
            machine.narrator().tooMuchUncommitted();
            return false;
        }
        uncommittedBytes += bytes;
        machine.log().append(entries);
        // The own log is one of the quorum, and acknowledges like the others: when it is durable.
        machine.outbox()
                .add(Message.builder(MessageType.APP_RESP)
                        .to(machine.id())
                        .from(machine.id())
                        .term(term)
                        .index(entries.get(entries.size() - 1).index())
                        .build());
        return true;
    }

    /** Entries with this payload have been applied and do not count as uncommitted any more. */
    void reduceUncommitted(long bytes) {
        uncommittedBytes = Math.max(0, uncommittedBytes - bytes);
    }

    // Replication.

    void broadcastAppend() {
        replicator.broadcastAppend();
    }

    private void appendRefused(RaftMachine machine, Message response, Progress progress) {
        machine.narrator().appendRefused(response);
        long hint = response.rejectHint();
        if (response.logTerm() > 0) {
            // The member has an entry of term logTerm at the hint, and before it none of a higher term. Entries of
            // this log with higher terms cannot agree with it: one round skips a whole term here, too.
            hint = machine.log().findConflictByTerm(hint, response.logTerm()).index();
        }
        if (progress.maybeDecrementTo(response.index(), hint)) {
            machine.narrator().progressDecreased(response.from(), progress);
            if (progress.state() instanceof ReplicationState.Replicate) {
                progress.becomeProbe();
            }
            replicator.sendAppend(response.from(), progress);
        }
    }

    private void appendAccepted(RaftMachine machine, Message response, Progress progress) {
        long from = response.from();
        boolean news = progress.maybeUpdate(response.index());
        // A probe at a place that is known already still ends the probing.
        if (!news && !(progress.match() == response.index() && progress.isProbing())) {
            return;
        }
        if (progress.isProbing()) {
            progress.becomeReplicate();
        } else if (progress.state() instanceof ReplicationState.Snapshotting) {
            if (progress.match() + 1 >= machine.log().firstIndex()) {
                // It does not matter whether this was the snapshot that was sent: the log continues from here.
                machine.narrator().snapshotOvertaken(from, progress);
                progress.becomeProbe();
                progress.becomeReplicate();
            }
        } else {
            progress.freeInflightsUpTo(response.index());
        }

        boolean self = from == machine.id();
        if (maybeCommit(machine)) {
            releaseReadsBeforeFirstCommit(machine);
            replicator.broadcastAppend();
        } else if (!self && progress.canBumpCommit(machine.log().committed())) {
            // A heartbeat would bring the commit index as well, but later.
            replicator.sendAppend(from, progress);
        }
        if (!self) {
            replicator.sendEntriesWhilePossible(from, progress);
        }
        if (from == transferee && progress.match() == machine.log().lastIndex()) {
            machine.narrator().transferAfterCatchUp(from);
            replicator.sendTimeoutNow(from);
        }
    }

    private boolean maybeCommit(RaftMachine machine) {
        return machine.log().maybeCommit(term, tracker.committedIndex());
    }

    private void heartbeatAnswered(RaftMachine machine, Message response, Progress progress) {
        progress.recentActive(true);
        progress.unpause();
        // A member in probe state gets an append even if nothing is missing: its answer ends the probing.
        if (progress.match() < machine.log().lastIndex() || progress.isProbing()) {
            replicator.sendAppend(response.from(), progress);
        }
        if (machine.config().readOnlyOption() == ReadOnlyOption.SAFE
                && !response.context().isEmpty()) {
            confirmReads(machine, response);
        }
    }

    /** The transport could not deliver to a member: optimism would lose more messages. */
    void unreachable(RaftMachine machine, long member) {
        Progress progress = tracker.get(member);
        if (progress == null) {
            machine.narrator().noProgress(member);
            return;
        }
        if (progress.state() instanceof ReplicationState.Replicate) {
            progress.becomeProbe();
        }
        machine.narrator().unreachable(member, progress);
    }

    /** The transport has delivered a snapshot, or failed to. */
    void snapshotReported(RaftMachine machine, long member, boolean delivered) {
        Progress progress = tracker.get(member);
        if (progress == null) {
            machine.narrator().noProgress(member);
            return;
        }
        if (!(progress.state() instanceof ReplicationState.Snapshotting)) {
            return;
        }
        if (delivered) {
            progress.becomeProbe();
            machine.narrator().snapshotSucceeded(member, progress);
        } else {
            progress.becomeProbeAfterFailedSnapshot();
            machine.narrator().snapshotFailed(member, progress);
        }
        // Delivered: wait for the acceptance that follows. Failed: wait for a heartbeat before the next attempt.
        progress.pause();
    }

    // Membership.

    /** The configuration has changed. Sends what that makes possible; may end this leadership. */
    void configurationChanged(RaftMachine machine, IdSet renewed) {
        Configuration configuration = machine.configuration();
        RaftLog log = machine.log();
        tracker.follow(configuration, renewed, Math.max(log.lastIndex(), 1), true);
        if (!configuration.isVoter(machine.id())) {
            if (machine.config().stepDownOnRemoval()) {
                machine.becomeFollower(term, Message.NONE);
            }
            return;
        }
        if (maybeCommit(machine)) {
            // The quorum may have become smaller.
            replicator.broadcastAppend();
        } else {
            replicator.broadcastEntries();
        }
        if (transferee != Message.NONE && !configuration.isVoter(transferee)) {
            transferee = Message.NONE;
        }
    }

    /** Proposes to leave the joint configuration, once everything that led into it is applied. */
    void maybeLeaveJoint(RaftMachine machine, long applied) {
        Configuration configuration = machine.configuration();
        if (!configuration.autoLeave() || applied < pendingConfIndex) {
            return;
        }
        Entry leave = new Entry(0, 0, EntryType.CONF_CHANGE_V2, ConfChangeFormat.encode(ConfChangeV2.LEAVE_JOINT));
        if (propose(machine, List.of(leave)) == StepOutcome.ACCEPTED) {
            machine.narrator().leavesJoint(configuration);
        } else {
            // Tried again whenever something else is applied.
            machine.narrator().doesNotLeaveJoint(configuration);
        }
    }

    // Handing leadership over.

    private void transferTo(RaftMachine machine, long member, Progress progress) {
        Narrator narrator = machine.narrator();
        if (progress.isLearner()) {
            narrator.transferToLearner(member);
            return;
        }
        if (transferee == member) {
            narrator.transferAlreadyRunning(term, member);
            return;
        }
        if (transferee != Message.NONE) {
            narrator.transferAborted(term, transferee);
            transferee = Message.NONE;
        }
        if (member == machine.id()) {
            narrator.transferToSelf();
            return;
        }
        narrator.transferStarts(term, member);
        // The transfer has one election timeout from here.
        machine.restartElectionTimer();
        transferee = member;
        if (progress.match() == machine.log().lastIndex()) {
            replicator.sendTimeoutNow(member);
            narrator.transferImmediate(member);
        } else {
            replicator.sendAppend(member, progress);
        }
    }

    // Reads.

    private void readIndex(RaftMachine machine, Message request) {
        if (request.entries().size() != 1) {
            machine.narrator().malformedReadIndex(request);
            return;
        }
        // A single voter waits as well, although it needs no confirmation: after a power cut its commit index may be
        // older than what it has acknowledged, until the first entry of the new term brings it up to date.
        if (machine.hasCommittedInTerm()) {
            startRead(machine, request);
        } else if (!reads.addBeforeFirstCommit(request)) {
            machine.narrator().readsFull();
        }
    }

    private void releaseReadsBeforeFirstCommit(RaftMachine machine) {
        // The commit that led here was of this term.
        for (Message request : reads.takeBeforeFirstCommit()) {
            startRead(machine, request);
        }
    }

    private void startRead(RaftMachine machine, Message request) {
        long committed = machine.log().committed();
        Configuration configuration = machine.configuration();
        if (configuration.isSingleton() && configuration.isVoter(machine.id())) {
            // Nobody else to ask. Not if the one voter is somebody else, who has had this leader removed: then that one
            // may lead already.
            grant(machine, request, committed);
            return;
        }
        switch (machine.config().readOnlyOption()) {
            case SAFE -> {
                PendingReads.Read read = new PendingReads.Read(request, committed);
                if (!reads.add(read)) {
                    machine.narrator().readsFull();
                    return;
                }
                reads.confirm(machine.id(), read.context());
                replicator.broadcastHeartbeat(read.context());
            }
            case LEASE_BASED -> grant(machine, request, committed);
        }
    }

    private void confirmReads(RaftMachine machine, Message response) {
        IdSet confirmed = reads.confirm(response.from(), response.context());
        VoteResult result =
                machine.configuration().quorum().voteResult(id -> confirmed.contains(id) ? Vote.GRANTED : Vote.MISSING);
        if (result == VoteResult.WON) {
            for (PendingReads.Read read : reads.takeUpTo(response.context())) {
                grant(machine, read.request(), read.index());
            }
        }
    }

    private void grant(RaftMachine machine, Message request, long index) {
        if (request.from() == Message.NONE || request.from() == machine.id()) {
            machine.grantRead(index, request.entries().get(0).data());
        } else {
            replicator.sendReadIndex(request, index);
        }
    }

    void checkInvariants(RaftMachine machine) {
        IdSet members = machine.configuration().members();
        if (tracker.members().size() != members.size()) {
            throw new IllegalStateException("progress of " + tracker.members().keySet() + ", members are " + members);
        }
        tracker.forEach((id, progress) -> {
            if (!members.contains(id)) {
                throw new IllegalStateException("progress of " + Long.toHexString(id) + ", members are " + members);
            }
            progress.checkInvariants();
            if (progress.match() > machine.log().lastIndex()) {
                throw new IllegalStateException("match " + progress.match() + " of " + Long.toHexString(id)
                        + " beyond the log, which ends at " + machine.log().lastIndex());
            }
        });
    }
}
