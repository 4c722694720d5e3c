package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.progress.Progress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A member of a raft group: the entrance to the consensus core.
 *
 * <p>Confined to one thread. It does nothing by itself: whoever owns it calls {@link #tick} at even intervals, passes in
 * the messages of other members and the requests of clients, and after that looks for a {@link Ready} and does what it
 * says. The same calls with the same random numbers give the same results.
 *
 * <pre>
 *   in    tick  step  propose  proposeConfChange  applyConfChange  readIndex  campaign  transferLeader
 *         forgetLeader  reportUnreachable  reportSnapshot
 *   out   hasReady  ready  advance
 *   look  status  checkInvariants
 * </pre>
 *
 * <p>Two modes, fixed by {@link RaftConfig#asyncStorageWrites}. In the synchronous one, each {@link Ready} is worked off
 * completely and then confirmed by {@link #advance}. In the asynchronous one, {@code advance} is not used: the messages to
 * the local log and state machine carry the confirmations as responses, and several {@code Ready} may be under way.
 *
 * <p>Expected refusals are values ({@link StepOutcome}). An {@link IllegalStateException} means a broken invariant or a
 * wrong order of calls; the node must not be used after it.
 */
public final class RaftNode {
    private final RaftConfig config;
    private final RaftMachine machine;

    private SoftState previousSoftState;
    private HardState previousHardState;

    /** Synchronous mode only: what {@link #advance} has to tell the machine. */
    private List<Message> stepsOnAdvance = List.of();

    private boolean advanceDue;

    /**
     * A node that continues where its storage ends.
     *
     * @throws IllegalStateException if hard state, log and membership in the storage do not fit together
     */
    public RaftNode(RaftConfig config) {
        this.config = config;
        this.machine = new RaftMachine(config);
        this.previousSoftState = machine.softState();
        this.previousHardState = machine.hardState();
    }

    // In.

    /** A unit of time has passed: the one in which {@code electionTicks} and {@code heartbeatTicks} count. */
    public void tick() {
        machine.tick();
    }

    /** Starts an election now. Does nothing on a leader, or on a node that may not become one. */
    public void campaign() {
        machine.campaign();
    }

    /**
     * Proposes bytes for the log; a follower sends them to its leader. See {@link StepOutcome#PROPOSAL_DROPPED}.
     *
     * <p>That it is accepted does not mean that it will be committed: it may get lost on the way or with the leader.
     */
    public StepOutcome propose(ByteString data) {
        return propose(List.of(data));
    }

    /** Proposes several entries, in order and next to each other. All of them are dropped, or none. */
    public StepOutcome propose(List<ByteString> batch) {
        List<Entry> entries = new ArrayList<>(batch.size());
        for (ByteString data : batch) {
            entries.add(Entry.proposal(data));
        }
        return proposeEntries(entries);
    }

    /** Proposes a membership change of one node. A change that is not possible now becomes an empty entry. */
    public StepOutcome proposeConfChange(ConfChange change) {
        return proposeEntries(List.of(new Entry(0, 0, EntryType.CONF_CHANGE, ConfChangeFormat.encode(change))));
    }

    /** Proposes a membership change of several nodes. A change that is not possible now becomes an empty entry. */
    public StepOutcome proposeConfChange(ConfChangeV2 change) {
        return proposeEntries(List.of(new Entry(0, 0, EntryType.CONF_CHANGE_V2, ConfChangeFormat.encode(change))));
    }

    private StepOutcome proposeEntries(List<Entry> entries) {
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("nothing to propose");
        }
        return machine.step(Message.builder(MessageType.PROP)
                .from(config.id())
                .entries(entries)
                .build());
    }

    /**
     * Applies a committed membership change. Must be called for each entry of these types among the committed entries,
     * when it is its turn, unless the application refuses the change: then it is not called, or with node ids of zero.
     *
     * <p>In the asynchronous mode a snapshot may overtake entries that were handed out before it. This node has the membership of the
     * snapshot from {@link #step} on, so the changes among them must not be applied again: take the {@link Ready} that a step leaves
     * before the next call, and pass over changes up to the index of its snapshot.
     *
     * @return the membership from here on, to be stored with snapshots
     */
    public ConfState applyConfChange(ConfChange change) {
        return machine.applyConfChange(change.asV2());
    }

    /** As {@link #applyConfChange(ConfChange)}, for a change of several nodes. */
    public ConfState applyConfChange(ConfChangeV2 change) {
        return machine.applyConfChange(change);
    }

    /**
     * A message from another member, or from this node's log or state machine.
     *
     * @return what became of it; messages that are merely out of date count as accepted
     */
    public StepOutcome step(Message message) {
        boolean fromLocalTarget = Message.isLocalTarget(message.from());
        if (message.type().isLocal() && !fromLocalTarget) {
            return StepOutcome.LOCAL_MESSAGE_REFUSED;
        }
        if (message.type().isResponse()
                && !fromLocalTarget
                && !machine.configuration().isMember(message.from())) {
            return StepOutcome.PEER_NOT_FOUND;
        }
        if (message.type() == MessageType.PROP && message.entries().isEmpty()) {
            return StepOutcome.PROPOSAL_DROPPED;
        }
        return machine.step(message);
    }

    /**
     * Asks for an index at which a linearizable read may be served. The answer comes as a {@link ReadState} with the same
     * context, or never: the question, or its answer, may get lost, and there may be no leader. Ask again then, with
     * another context.
     *
     * @param requestContext identifies the read; not empty, and unique among the members of the group
     */
    public void readIndex(ByteString requestContext) {
        if (requestContext.isEmpty()) {
            throw new IllegalArgumentException("a read needs a context");
        }
        // Without a sender: whoever forwards it enters itself.
        accepted(machine.step(Message.builder(MessageType.READ_INDEX)
                .entries(List.of(Entry.proposal(requestContext)))
                .build()));
    }

    /** Asks the leader to hand leadership to another member; dropped if that does not work within an election timeout. */
    public void transferLeader(long leader, long transferee) {
        accepted(machine.step(Message.builder(MessageType.TRANSFER_LEADER)
                .from(transferee)
                .to(leader)
                .build()));
    }

    /**
     * Forgets the leader and stays in its term, so that this follower may vote although it has heard from the leader: for
     * an owner that knows better than the timeout. Does nothing with lease-based reads.
     */
    public void forgetLeader() {
        accepted(machine.step(Message.builder(MessageType.FORGET_LEADER).build()));
    }

    /** The last message to a member could not be delivered. */
    public void reportUnreachable(long member) {
        if (machine.role() instanceof LeaderRole leading) {
            leading.unreachable(machine, member);
        }
    }

    /**
     * How the delivery of a snapshot ended. Must be called for each one that was to be sent: until then the member gets no
     * entries.
     */
    public void reportSnapshot(long member, boolean delivered) {
        if (machine.role() instanceof LeaderRole leading) {
            leading.snapshotReported(machine, member, delivered);
        }
    }

    private static void accepted(StepOutcome outcome) {
        if (outcome != StepOutcome.ACCEPTED) {
            throw new IllegalStateException("unexpected outcome " + outcome);
        }
    }

    // Out.

    /** Whether {@link #ready} has anything to say. */
    public boolean hasReady() {
        return !machine.softState().equals(previousSoftState)
                || !machine.hardState().equals(previousHardState)
                || machine.log().nextUnstableSnapshot() != null
                || !machine.outbox().isEmpty()
                || machine.log().hasNextUnstableEntries()
                || machine.log().hasNextCommittedEntries(mayApplyUnstable())
                || !machine.readStates().isEmpty();
    }

    /**
     * Takes what has collected since the last time. It must be worked off: nothing of it will be said again.
     *
     * @throws IllegalStateException in synchronous mode, if the previous one has not been confirmed
     */
    public Ready ready() {
        if (advanceDue) {
            throw new IllegalStateException("two Ready taken without a call of advance");
        }
        RaftLog log = machine.log();
        SoftState soft = machine.softState();
        HardState hard = machine.hardState();
        List<Entry> entries = log.nextUnstableEntries();
        List<Entry> committed = log.nextCommittedEntries(mayApplyUnstable());
        Snapshot unstableSnapshot = log.nextUnstableSnapshot();
        HardState changedHard = hard.equals(previousHardState) ? HardState.EMPTY : hard;
        Snapshot snapshot = unstableSnapshot == null ? Snapshot.EMPTY : unstableSnapshot;
        boolean mustSync = !entries.isEmpty()
                || hard.vote() != previousHardState.vote()
                || hard.term() != previousHardState.term();
        List<Message> afterAppend = machine.outbox().afterAppend();

        Message storageAppend = null;
        Message storageApply = null;
        List<Message> toOthersAfterAppend = List.of();
        if (config.asyncStorageWrites()) {
            storageAppend = storageAppend(entries, changedHard, snapshot, afterAppend);
            storageApply = committed.isEmpty() ? null : storageApply(committed);
        } else {
            toOthersAfterAppend = new ArrayList<>();
            List<Message> steps = new ArrayList<>();
            for (Message message : afterAppend) {
                (message.to() == config.id() ? steps : toOthersAfterAppend).add(message);
            }
            Message durable = appendDone(snapshot);
            if (durable != null) {
                steps.add(durable);
            }
            if (!committed.isEmpty()) {
                steps.add(applyDone(committed));
            }
            stepsOnAdvance = steps;
            advanceDue = true;
        }
        Ready ready = new Ready(
                soft.equals(previousSoftState) ? null : soft,
                changedHard,
                List.copyOf(machine.readStates()),
                entries,
                snapshot,
                committed,
                List.copyOf(machine.outbox().atOnce()),
                List.copyOf(toOthersAfterAppend),
                storageAppend,
                storageApply,
                mustSync);

        previousSoftState = soft;
        previousHardState = hard;
        machine.clearReadStates();
        machine.outbox().clear();
        log.acceptUnstable();
        if (!committed.isEmpty()) {
            log.acceptApplying(
                    committed.get(committed.size() - 1).index(), Entry.encodedBytes(committed), mayApplyUnstable());
        }
        return ready;
    }

    /**
     * Synchronous mode: the last {@link Ready} is worked off, that is, persisted and its committed entries applied.
     *
     * @throws IllegalStateException in asynchronous mode
     */
    public void advance() {
        if (config.asyncStorageWrites()) {
            throw new IllegalStateException("advance is not used with asynchronous storage writes");
        }
        List<Message> steps = stepsOnAdvance;
        stepsOnAdvance = List.of();
        advanceDue = false;
        for (Message message : steps) {
            accepted(machine.step(message));
        }
    }

    /**
     * In synchronous mode a {@code Ready} is persisted before its committed entries are applied, so that entries may be in
     * both; in asynchronous mode the two go different ways, and an entry is applied only when the log has it.
     */
    private boolean mayApplyUnstable() {
        return !config.asyncStorageWrites();
    }

    private @Nullable Message storageAppend(
            List<Entry> entries, HardState changedHard, Snapshot snapshot, List<Message> afterAppend) {
        if (entries.isEmpty() && changedHard.isEmpty() && snapshot.isEmpty() && afterAppend.isEmpty()) {
            return null;
        }
        List<Message> responses = new ArrayList<>(afterAppend);
        // Comes last: the node's own acceptance before it is then handled while the entries still are at hand.
        Message done = appendDone(snapshot);
        if (done != null) {
            responses.add(done);
        }
        return Message.builder(MessageType.STORAGE_APPEND)
                .to(Message.LOCAL_APPEND_THREAD)
                .from(config.id())
                .term(changedHard.term())
                .vote(changedHard.vote())
                .commit(changedHard.commit())
                .entries(entries)
                .snapshot(snapshot.isEmpty() ? null : snapshot)
                .responses(responses)
                .build();
    }

    /**
     * The report that what has been handed out so far is durable; null if there is nothing to report.
     *
     * <p>It names the last entry of the whole log, and its own term, even if this append has no entries: a report of an
     * older term is ignored (see {@link Unstable#stableTo}), so that the first append of each term has to repeat it for
     * entries that were handed out before.
     */
    private @Nullable Message appendDone(Snapshot snapshot) {
        boolean hasEntries = machine.log().hasUnstableEntries();
        if (!hasEntries && snapshot.isEmpty()) {
            return null;
        }
        Message.Builder done = Message.builder(MessageType.STORAGE_APPEND_RESP)
                .to(config.id())
                .from(Message.LOCAL_APPEND_THREAD)
                .term(machine.term());
        if (hasEntries) {
            LogPosition last = machine.log().last();
            done.log(last.term(), last.index());
        }
        return done.snapshot(snapshot.isEmpty() ? null : snapshot).build();
    }

    private Message storageApply(List<Entry> committed) {
        return Message.builder(MessageType.STORAGE_APPLY)
                .to(Message.LOCAL_APPLY_THREAD)
                .from(config.id())
                .entries(committed)
                .responses(List.of(applyDone(committed)))
                .build();
    }

    private Message applyDone(List<Entry> committed) {
        return Message.builder(MessageType.STORAGE_APPLY_RESP)
                .to(config.id())
                .from(Message.LOCAL_APPLY_THREAD)
                .entries(committed)
                .build();
    }

    // Look.

    /** The node as it is now. */
    public RaftStatus status() {
        SortedMap<Long, PeerProgress> progress = new TreeMap<>(Long::compareUnsigned);
        long transferee = Message.NONE;
        if (machine.role() instanceof LeaderRole leading) {
            for (var member : leading.tracker().members().entrySet()) {
                Progress known = member.getValue();
                progress.put(member.getKey(), PeerProgress.of(known));
            }
            transferee = leading.transferee();
        }
        return new RaftStatus(
                config.id(),
                machine.hardState(),
                machine.softState(),
                machine.log().applied(),
                machine.configuration().toConfState(),
                Collections.unmodifiableSortedMap(progress),
                transferee);
    }

    /** Throws if the state contradicts itself. Costs time linear in the number of members. */
    public void checkInvariants() {
        machine.checkInvariants();
    }

    /** The inside, for the tests of this package. */
    RaftMachine machine() {
        return machine;
    }
}
