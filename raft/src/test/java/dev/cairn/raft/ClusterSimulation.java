package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.membership.Configuration;
import dev.cairn.raft.membership.ConfigurationChanger;
import dev.cairn.raft.membership.ConfigurationException;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeSingle;
import dev.cairn.raft.message.ConfChangeTransition;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.raft.quorum.Vote;
import dev.cairn.raft.quorum.VoteResult;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A whole group in one thread, with a network that loses, repeats and reorders, partitions, and disks that forget. One
 * seed decides everything: the options of the group, what happens and in which order.
 *
 * <p>A run has two phases. In the first anything may happen, and only safety is checked, after each event. In the second
 * all faults end, and the group must elect a leader, commit a proposal and bring every member to the same state.
 */
final class ClusterSimulation {
    /** The term of an entry that is not there any more. */
    static final long COMPACTED = -1;

    private static final int ELECTION_TICKS = 10;
    private static final int TRACE_EVENTS_MAX = 150;

    /** More messages than any group needs to come to rest. */
    private static final int RECOVERY_MESSAGES_MAX = 200_000;

    private final long seed;
    private final SplittableRandom random;
    private final ClusterInvariants invariants = new ClusterInvariants();
    private final List<Member> members = new ArrayList<>();
    private final List<Message> network = new ArrayList<>();
    private final Deque<Event> trace = new ArrayDeque<>();
    private boolean digesting;
    private long traceDigest;
    private final Map<String, Long> readsAskedAt = new TreeMap<>();

    // Drawn from the seed: a swarm of different groups finds more than one group with everything switched on.
    private final boolean async;
    private final boolean preVote;
    private final boolean checkQuorum;
    private final boolean stepDownOnRemoval;
    private final boolean reconfigures;
    private final boolean compacts;
    private final int lossPercent;
    private final int repeatPercent;
    private final int crashPerMille;
    private final int partitionPerMille;
    private final long maxSizePerMessage;
    private final int maxInflightMessages;
    private final long maxCommittedSize;

    private boolean faults = true;
    private int proposals;
    private int reads;
    private int recoveryMessages;
    /** Which side of a partition each member is on. */
    private long sideMask;

    private record Event(String what, Object detail) {
        @Override
        public String toString() {
            if (detail instanceof Message message) {
                return what + " " + ScenarioText.describe(message);
            }
            return detail instanceof Ready ready ? what + " " + ScenarioText.describe(ready) : what + " " + detail;
        }
    }

    private record AppendWork(Message message, boolean mustSync) {}

    private final class Member {
        private final long id;
        private final SimulatedDisk disk = new SimulatedDisk();
        private final Deque<AppendWork> appendWork = new ArrayDeque<>();
        private final Deque<Message> applyWork = new ArrayDeque<>();
        private RaftNode raft;
        private boolean running;
        private long appliedIndex;
        private long appliedTerm;
        private long digest;
        private ConfState confState = ConfState.EMPTY;
        private long commitSeen;
        private long termSeen;

        Member(long id, Snapshot start) {
            this.id = id;
            disk.write(start, List.of(), HardState.EMPTY);
            disk.sync();
            raft = start();
        }

        void restart() {
            raft = start();
        }

        private RaftNode start() {
            Snapshot snapshot = disk.visible().snapshot();
            loadStateMachine(snapshot);
            commitSeen = Math.max(snapshot.metadata().index(), 0);
            termSeen = disk.visible().initialState().hardState().term();
            running = true;
            return new RaftNode(RaftConfig.builder()
                    .id(id)
                    .electionTicks(ELECTION_TICKS)
                    .heartbeatTicks(2)
                    .storage(new SnapshotOnDemand(this))
                    .applied(snapshot.metadata().index())
                    .asyncStorageWrites(async)
                    .maxSizePerMessage(maxSizePerMessage)
                    .maxCommittedSizePerReady(maxCommittedSize)
                    .maxUncommittedEntriesSize(4096)
                    .maxInflightMessages(maxInflightMessages)
                    .checkQuorum(checkQuorum || calm())
                    .preVote(preVote || calm())
                    .stepDownOnRemoval(stepDownOnRemoval)
                    .randomBelow(random::nextInt)
                    .build());
        }

        void crash() {
            running = false;
            appendWork.clear();
            applyWork.clear();
            disk.crash(random.nextInt(disk.unsyncedWrites() + 1));
        }

        private void loadStateMachine(Snapshot snapshot) {
            appliedIndex = snapshot.metadata().index();
            appliedTerm = snapshot.metadata().term();
            confState = snapshot.metadata().confState();
            digest = snapshot.data().isEmpty()
                    ? 0
                    : snapshot.data().asReadOnlyByteBuffer().getLong();
        }

        private Snapshot ownSnapshot() {
            byte[] data = ByteBuffer.allocate(Long.BYTES).putLong(digest).array();
            return new Snapshot(ByteString.copyFrom(data), new SnapshotMetadata(confState, appliedIndex, appliedTerm));
        }
    }

    /** What a node reads: its disk, and the state machine as a snapshot, made when a follower needs it. */
    private record SnapshotOnDemand(Member member) implements RaftStorage {
        private MemoryRaftStorage log() {
            return member.disk.visible();
        }

        @Override
        public InitialState initialState() {
            return log().initialState();
        }

        @Override
        public List<Entry> entries(long low, long high, long bytesMax) throws StorageException {
            return log().entries(low, high, bytesMax);
        }

        @Override
        public long term(long index) throws StorageException {
            return log().term(index);
        }

        @Override
        public long firstIndex() {
            return log().firstIndex();
        }

        @Override
        public long lastIndex() {
            return log().lastIndex();
        }

        @Override
        public Snapshot snapshot() {
            // The one on disk may be too old: a member that was added later would refuse it.
            return member.ownSnapshot();
        }
    }

    ClusterSimulation(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        int size = random.nextBoolean() ? 3 : 5;
        async = random.nextBoolean();
        preVote = random.nextBoolean();
        checkQuorum = random.nextBoolean();
        stepDownOnRemoval = random.nextBoolean();
        reconfigures = random.nextInt(3) == 0;
        compacts = random.nextBoolean();
        lossPercent = random.nextBoolean() ? 0 : random.nextInt(30);
        repeatPercent = random.nextBoolean() ? 0 : random.nextInt(20);
        crashPerMille = random.nextBoolean() ? 0 : random.nextInt(15);
        partitionPerMille = random.nextBoolean() ? 0 : random.nextInt(15);
        maxSizePerMessage = random.nextBoolean() ? RaftConfig.NO_LIMIT : random.nextInt(100);
        maxInflightMessages = random.nextBoolean() ? 256 : 1 + random.nextInt(3);
        maxCommittedSize = random.nextBoolean() ? RaftConfig.NO_LIMIT : 1 + random.nextInt(100);

        int initial = reconfigures ? 3 : size;
        long[] voters = new long[initial];
        for (int i = 0; i < initial; i++) {
            voters[i] = i + 1;
        }
        Snapshot start = new Snapshot(ByteString.EMPTY, new SnapshotMetadata(ConfState.ofVoters(voters), 1, 1));
        for (int i = 0; i < size; i++) {
            members.add(new Member(i + 1, i < initial ? start : Snapshot.EMPTY));
        }
    }

    /** The end of what happened. */
    String trace() {
        StringBuilder text = new StringBuilder();
        trace.forEach(event -> text.append(event).append('\n'));
        return text.toString();
    }

    /** Makes {@link #traceDigest} work, which takes time. */
    ClusterSimulation digesting() {
        digesting = true;
        return this;
    }

    /** A digest of everything that happened. */
    long traceDigest() {
        return traceDigest;
    }

    int proposals() {
        return proposals;
    }

    long committedIndex() {
        return invariants.committedIndex();
    }

    void run(int events) {
        for (int i = 0; i < events; i++) {
            step();
        }
        recover();
    }

    private void note(String what) {
        note(what, "");
    }

    /** Keeps what happened; it is put into words only if somebody asks. */
    private void note(String what, Object detail) {
        Event event = new Event(what, detail);
        if (digesting) {
            traceDigest = traceDigest * 31 + event.toString().hashCode();
        }
        trace.add(event);
        if (trace.size() > TRACE_EVENTS_MAX) {
            trace.remove();
        }
    }

    // The first phase.

    private void step() {
        Member member = members.get(random.nextInt(members.size()));
        int dice = random.nextInt(1000);
        if (dice < crashPerMille) {
            if (member.running) {
                note("crash " + member.id);
                member.crash();
            }
            return;
        }
        dice = random.nextInt(1000);
        if (dice < partitionPerMille) {
            sideMask = random.nextInt(3) == 0 ? 0 : random.nextLong();
            note("partition " + Long.toHexString(sideMask));
            return;
        }
        if (!member.running) {
            if (random.nextInt(20) == 0) {
                note("start " + member.id);
                member.restart();
            }
            return;
        }
        dice = random.nextInt(100);
        if (dice < 45) {
            deliverOne();
        } else if (dice < 65) {
            note("tick " + member.id);
            member.raft.tick();
        } else if (dice < 72) {
            propose(member);
        } else if (dice < 92) {
            work(member);
        } else if (dice < 94) {
            askToRead(member);
        } else if (dice < 95) {
            campaignOrTransfer(member);
        } else if (dice < 97) {
            if (compacts) {
                compact(member);
            }
        } else if (dice < 98) {
            if (reconfigures) {
                reconfigure(member);
            }
        } else if (dice < 99) {
            note("unreachable for " + member.id);
            member.raft.reportUnreachable(1 + random.nextInt(members.size()));
        } else {
            member.raft.forgetLeader();
        }
        observe(member);
    }

    private void deliverOne() {
        if (network.isEmpty()) {
            return;
        }
        // Mostly in order, because a network where nothing ever arrives in order elects nobody.
        int at = random.nextInt(4) == 0 ? random.nextInt(network.size()) : 0;
        Message message = network.remove(at);
        Member to = members.get((int) message.to() - 1);
        if (faults && random.nextInt(100) < lossPercent || isCut(message) || !to.running) {
            note("lose", message);
            reportLostSnapshot(message);
            return;
        }
        if (faults && random.nextInt(100) < repeatPercent) {
            network.add(message);
        }
        note("deliver", message);
        to.raft.step(message);
        if (message.type() == MessageType.SNAP) {
            reportSnapshot(message, true);
        }
        observe(to);
    }

    private boolean isCut(Message message) {
        return faults && (sideMask >>> message.from() & 1) != (sideMask >>> message.to() & 1);
    }

    private void reportLostSnapshot(Message message) {
        if (message.type() == MessageType.SNAP) {
            reportSnapshot(message, false);
        }
    }

    private void reportSnapshot(Message message, boolean delivered) {
        Member from = members.get((int) message.from() - 1);
        if (from.running) {
            from.raft.reportSnapshot(message.to(), delivered);
        }
    }

    private void propose(Member member) {
        int count = 1 + random.nextInt(3);
        List<ByteString> batch = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            batch.add(ByteString.copyFromUtf8("p" + proposals++));
        }
        note("propose at " + member.id + ": " + member.raft.propose(batch));
    }

    private void askToRead(Member member) {
        String context = "r" + reads++;
        readsAskedAt.put(context, invariants.committedIndex());
        note("read " + context + " at " + member.id);
        member.raft.readIndex(ByteString.copyFromUtf8(context));
    }

    private void campaignOrTransfer(Member member) {
        long other = 1 + random.nextInt(members.size());
        if (random.nextBoolean()) {
            note("campaign " + member.id);
            member.raft.campaign();
        } else {
            note("transfer at " + member.id + " to " + other);
            member.raft.transferLeader(member.id, other);
        }
    }

    private void compact(Member member) {
        // Not beyond what storage has for certain, nor beyond what is applied.
        MemoryRaftStorage log = member.disk.visible();
        if (member.appliedIndex > log.snapshot().metadata().index() && member.appliedIndex <= log.lastIndex()) {
            note("compact " + member.id + " to " + member.appliedIndex);
            member.disk.createSnapshot(member.ownSnapshot(), member.appliedIndex - random.nextInt(3));
        }
    }

    private void reconfigure(Member member) {
        List<ConfChangeSingle> changes = new ArrayList<>();
        int count = random.nextInt(3);
        for (int i = 0; i < count; i++) {
            ConfChangeType type = switch (random.nextInt(4)) {
                case 0 -> ConfChangeType.ADD_LEARNER_NODE;
                case 1 -> ConfChangeType.REMOVE_NODE;
                default -> ConfChangeType.ADD_NODE;
            };
            changes.add(new ConfChangeSingle(type, 1 + random.nextInt(members.size())));
        }
        ConfChangeTransition transition = ConfChangeTransition.of(random.nextInt(3));
        note("reconfigure at " + member.id + ": " + transition + " " + changes);
        member.raft.proposeConfChange(new ConfChangeV2(transition, changes, ByteString.EMPTY));
    }

    // Ready, disk and state machine.

    private void work(Member member) {
        if (!async) {
            if (member.raft.hasReady()) {
                workSynchronously(member);
            }
            return;
        }
        switch (random.nextInt(3)) {
            case 0 -> {
                if (member.raft.hasReady()) {
                    takeReady(member);
                }
            }
            case 1 -> append(member);
            default -> apply(member);
        }
    }

    private boolean crashesHere(Member member) {
        if (faults && crashPerMille > 0 && random.nextInt(50) == 0) {
            note("crash " + member.id + " during work");
            member.crash();
            return true;
        }
        return false;
    }

    private void workSynchronously(Member member) {
        Ready ready = member.raft.ready();
        note("ready " + member.id, ready);
        observeEntries(member, ready);
        observeReads(ready);
        network.addAll(ready.messages());
        if (crashesHere(member)) {
            return;
        }
        member.disk.write(ready.snapshot(), ready.entries(), ready.hardState());
        if (crashesHere(member)) {
            return;
        }
        if (ready.mustSync() || !ready.snapshot().isEmpty()) {
            member.disk.sync();
        }
        network.addAll(ready.messagesAfterAppend());
        if (crashesHere(member)) {
            return;
        }
        if (!ready.snapshot().isEmpty()) {
            member.loadStateMachine(ready.snapshot());
            invariants.applies(member.id, member.appliedIndex, member.digest);
        }
        applyEntries(member, ready.committedEntries());
        member.raft.advance();
    }

    private void takeReady(Member member) {
        Ready ready = member.raft.ready();
        note("ready " + member.id, ready);
        observeEntries(member, ready);
        observeReads(ready);
        network.addAll(ready.messages());
        Message append = ready.storageAppend();
        if (append != null) {
            member.appendWork.add(new AppendWork(append, ready.mustSync()));
        }
        Message apply = ready.storageApply();
        if (apply != null) {
            member.applyWork.add(apply);
        }
    }

    /** Writes several appends, and syncs once for all of them. */
    private void append(Member member) {
        int count = 1 + random.nextInt(3);
        boolean mustSync = false;
        List<Message> responses = new ArrayList<>();
        for (int i = 0; i < count && !member.appendWork.isEmpty(); i++) {
            AppendWork work = member.appendWork.remove();
            Message message = work.message();
            Snapshot snapshot = message.snapshot();
            member.disk.write(
                    snapshot == null ? Snapshot.EMPTY : snapshot,
                    message.entries(),
                    new HardState(message.term(), message.vote(), message.commit()));
            if (snapshot != null) {
                member.loadStateMachine(snapshot);
                invariants.applies(member.id, member.appliedIndex, member.digest);
            }
            mustSync |= work.mustSync() || snapshot != null;
            responses.addAll(message.responses());
        }
        if (crashesHere(member)) {
            return;
        }
        if (mustSync) {
            member.disk.sync();
        }
        respond(member, responses);
    }

    private void apply(Member member) {
        Message work = member.applyWork.poll();
        if (work != null) {
            applyEntries(member, work.entries());
            respond(member, work.responses());
        }
    }

    private void respond(Member member, List<Message> responses) {
        for (Message response : responses) {
            if (response.to() == member.id) {
                member.raft.step(response);
            } else {
                network.add(response);
            }
        }
    }

    private void applyEntries(Member member, List<Entry> entries) {
        for (Entry entry : entries) {
            if (entry.index() <= member.appliedIndex) {
                continue;
            }
            if (entry.index() != member.appliedIndex + 1) {
                throw new AssertionError(member.id + " applies " + entry.index() + " after " + member.appliedIndex);
            }
            member.appliedIndex = entry.index();
            member.appliedTerm = entry.term();
            member.digest = member.digest * 31 + entry.hashCode();
            if (entry.type() != EntryType.NORMAL) {
                reconfigured(member, ConfChangeFormat.decode(entry));
            }
            invariants.applies(member.id, member.appliedIndex, member.digest);
        }
    }

    /**
     * A committed change of membership, as the server takes it: not at all if it is impossible (nobody to vote would be left, for example;
     * all members decide alike), and without the core if a snapshot has overtaken it on its way here, for the core has the membership of the
     * snapshot then.
     */
    private static void reconfigured(Member member, ConfChangeV2 change) {
        Configuration next;
        try {
            next = ConfigurationChanger.apply(Configuration.of(member.confState), change)
                    .configuration();
        } catch (ConfigurationException e) {
            return;
        }
        boolean overtaken = member.raft.machine().log().hasSnapshot();
        member.confState = overtaken ? next.toConfState() : member.raft.applyConfChange(change);
    }

    // Checks.

    private void observeEntries(Member member, Ready ready) {
        if (!ready.entries().isEmpty()) {
            long before = ready.entries().get(0).index() - 1;
            invariants.appends(member.id, termInLog(member, before), ready.entries());
        }
    }

    /** The term at an index of the whole log of a node: zero beyond its end, {@link #COMPACTED} before its start. */
    private static long termInLog(Member member, long index) {
        try {
            return member.raft.machine().log().term(index);
        } catch (StorageException e) {
            return e.reason() == StorageException.Reason.COMPACTED ? COMPACTED : 0;
        }
    }

    private void observeReads(Ready ready) {
        for (ReadState read : ready.readStates()) {
            long askedAt = readsAskedAt.getOrDefault(read.requestContext().toStringUtf8(), 0L);
            if (read.index() < askedAt) {
                throw new AssertionError("read " + read + " was asked for when " + askedAt + " was committed");
            }
        }
    }

    private void observe(Member member) {
        if (!member.running) {
            return;
        }
        member.raft.checkInvariants();
        RaftStatus status = member.raft.status();
        HardState hard = status.hardState();
        if (hard.term() < member.termSeen || hard.commit() < member.commitSeen) {
            throw new AssertionError(member.id + " goes back to " + hard + " from term " + member.termSeen + ", commit "
                    + member.commitSeen);
        }
        member.termSeen = hard.term();
        while (member.commitSeen < hard.commit()) {
            member.commitSeen++;
            long entryTerm = termInLog(member, member.commitSeen);
            if (entryTerm != COMPACTED) {
                invariants.commits(member.id, hard.term(), member.commitSeen, entryTerm);
            }
        }
        if (status.softState().role() == RaftRole.LEADER) {
            invariants.leads(member.id, hard.term(), index -> termInLog(member, index));
        }
    }

    // The second phase.

    private void recover() {
        note("recover");
        faults = false;
        sideMask = 0;
        for (Member member : members) {
            if (member.running && calm()) {
                member.crash();
            }
            if (!member.running) {
                member.restart();
            }
        }
        settle(30 * ELECTION_TICKS);
        if (reconfigures && !canElect()) {
            note("nobody can be elected");
            return;
        }
        Member leader = leader();
        while (!Configuration.of(leader.confState).isVoter(leader.id)) {
            // Leads a group that it does not belong to any more: an application would shut it down.
            note("stop " + leader.id);
            leader.crash();
            settle(30 * ELECTION_TICKS);
            leader = leader();
        }
        // It may have been taken in again since.
        for (Member member : members) {
            if (!member.running) {
                member.restart();
            }
        }
        settle(5 * ELECTION_TICKS);
        leader = leader();
        long before = invariants.committedIndex();
        if (leader.raft.propose(ByteString.copyFromUtf8("last")) != StepOutcome.ACCEPTED) {
            throw new AssertionError("the leader does not take proposals: " + leader.raft.status());
        }
        settle(5 * ELECTION_TICKS);
        if (invariants.committedIndex() <= before) {
            throw new AssertionError("nothing is committed after all faults have ended");
        }
        leader = leader();
        for (long id : leader.raft.status().progress().keySet()) {
            Member member = members.get((int) id - 1);
            if (member.appliedIndex != leader.appliedIndex || member.digest != leader.digest) {
                throw new AssertionError(id + " has applied " + member.appliedIndex + ", the leader "
                        + leader.appliedIndex + " " + leader.raft.status());
            }
        }
    }

    /**
     * Whether members have to be protected from those that were removed and do not know it: they campaign for ever, and
     * without pre-vote and check-quorum nobody leads for long.
     */
    private boolean calm() {
        return reconfigures && !faults;
    }

    /**
     * Whether anybody has a quorum, in the configuration that it knows, of members whose logs are no better. If not, the
     * group is lost by a limit of the design that etcd documents: a change takes effect when it is applied. A leader that
     * shrinks a group and goes before those who are left know that the change is committed leaves them with the old
     * configuration, in which they need its vote, and its log is longer.
     */
    private boolean canElect() {
        for (Member candidate : members) {
            RaftMachine machine = candidate.raft.machine();
            VoteResult result = machine.configuration().quorum().voteResult(id -> {
                RaftMachine voter = members.get((int) id - 1).raft.machine();
                boolean agrees = machine.log().last().isUpToDateWith(voter.log().last());
                return agrees ? Vote.GRANTED : Vote.REJECTED;
            });
            if (result == VoteResult.WON && machine.isPromotable()) {
                return true;
            }
        }
        return false;
    }

    private Member leader() {
        Member leader = null;
        for (Member member : members) {
            RaftStatus status = member.raft.status();
            if (member.running
                    && status.softState().role() == RaftRole.LEADER
                    && (leader == null
                            || status.hardState().term()
                                    > leader.raft.status().hardState().term())) {
                leader = member;
            }
        }
        if (leader == null) {
            throw new AssertionError("nobody leads after all faults have ended");
        }
        return leader;
    }

    /** Lets time pass in which everything works. */
    private void settle(int ticks) {
        for (int i = 0; i < ticks; i++) {
            for (Member member : members) {
                if (member.running) {
                    member.raft.tick();
                }
            }
            boolean busy = true;
            while (busy) {
                busy = !network.isEmpty();
                while (!network.isEmpty()) {
                    deliverOne();
                    if (++recoveryMessages > RECOVERY_MESSAGES_MAX) {
                        throw new AssertionError("the group does not come to rest");
                    }
                }
                for (Member member : members) {
                    if (member.running) {
                        busy |= finish(member);
                        observe(member);
                    }
                }
            }
        }
    }

    private boolean finish(Member member) {
        boolean busy = false;
        while (member.raft.hasReady() || !member.appendWork.isEmpty() || !member.applyWork.isEmpty()) {
            busy = true;
            if (member.raft.hasReady()) {
                if (async) {
                    takeReady(member);
                } else {
                    workSynchronously(member);
                }
            }
            if (!member.appendWork.isEmpty()) {
                append(member);
            }
            apply(member);
        }
        return busy;
    }

    @Override
    public String toString() {
        return "seed " + seed + ", " + members.size() + " members, async " + async + ", preVote " + preVote
                + ", checkQuorum " + checkQuorum + ", stepDownOnRemoval " + stepDownOnRemoval + ", reconfigures "
                + reconfigures + ", compacts " + compacts + ", loss " + lossPercent + "%, repeat " + repeatPercent
                + "%, crash " + crashPerMille + "/1000, partition " + partitionPerMille + "/1000, maxSizePerMessage "
                + maxSizePerMessage + ", maxInflightMessages " + maxInflightMessages + ", maxCommittedSize "
                + maxCommittedSize;
    }
}
