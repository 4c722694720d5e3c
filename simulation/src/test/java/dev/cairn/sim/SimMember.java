package dev.cairn.sim;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.LeaseKeys;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.auth.UserTokens;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.Event;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.peers.SnapshotSink;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.RaftConfig;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.RaftRole;
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.StorageException;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.server.SimulatedLeases;
import dev.cairn.server.access.TokenProviders;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Applier;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.apply.AuthApplier;
import dev.cairn.server.apply.ClusterChanges;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.backup.OutgoingSnapshots;
import dev.cairn.server.install.IncomingSnapshots;
import dev.cairn.server.install.SimulatedStores;
import dev.cairn.server.install.SnapshotInstaller;
import dev.cairn.server.loop.LogHolds;
import dev.cairn.server.loop.LogLoop;
import dev.cairn.server.loop.Proposals;
import dev.cairn.server.loop.RaftControl;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.loop.RaftLoop;
import dev.cairn.server.loop.ReadIndexQueue;
import dev.cairn.server.loop.RequestIds;
import dev.cairn.server.loop.StatusBoard;
import dev.cairn.server.loop.TimeoutCause;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.snapshot.SnapshotDuty;
import dev.cairn.server.thread.Duty;
import dev.cairn.sim.disk.PowerCut;
import dev.cairn.sim.disk.SimDisk;
import dev.cairn.wal.SnapStore;
import dev.cairn.watch.HeaderSource;
import dev.cairn.watch.WatchHub;
import dev.cairn.watch.WatchOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A machine that runs a member: its disk and its clock, which outlive the process, and the process, which comes and goes.
 */
final class SimMember implements SimNetwork.Host {
    static final int ELECTION_TICKS = 10;
    static final long TICK_MILLIS = 100;
    private static final long TIMEOUT_MILLIS = 7000;
    private static final long FLUSH_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long HOUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long EVERY_ENTRY = 1_000_000;
    private static final long FEW_ENTRIES = 3;
    private static final long ENTRIES_BETWEEN_SNAPSHOTS = 10;
    private static final int FILES_KEPT = 2;
    private static final long INSTALL_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(400);

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final ClusterInvariants invariants;
    private final PlantedBug bug;
    private final Identity identity;
    private final List<Member> founders;
    private final SimDisk disk;
    private final SimBoot.Memory memory = new SimBoot.Memory();
    private final SimClock clock;
    private final boolean preVote;
    private final boolean snapshots;
    private @Nullable Process process;
    private boolean everRan;
    private boolean removed;
    private int lives;

    SimMember(
            SimScheduler scheduler,
            SimNetwork network,
            ClusterInvariants invariants,
            PlantedBug bug,
            Identity identity,
            List<Member> founders,
            SimDisk disk,
            SimClock clock,
            boolean preVote,
            boolean snapshots) {
        this.scheduler = scheduler;
        this.network = network;
        this.invariants = invariants;
        this.bug = bug;
        this.identity = identity;
        this.founders = founders;
        this.disk = disk;
        this.clock = clock;
        this.preVote = preVote;
        this.snapshots = snapshots;
        network.join(identity.memberId(), this);
    }

    long id() {
        return identity.memberId();
    }

    SimClock clock() {
        return clock;
    }

    SimDisk disk() {
        return disk;
    }

    boolean isRunning() {
        return process != null;
    }

    boolean isRemoved() {
        return removed;
    }

    @Nullable
    Process process() {
        return process;
    }

    /** Switches the machine on. */
    void start() {
        try {
            if (everRan) {
                disk.restart();
            }
            everRan = true;
            if (lives > 0 && scheduler.random().nextInt(6) == 0) {
                // Power fails again while the member recovers.
                disk.cutAfter(scheduler.random().nextInt(20));
            }
            lives++;
            process = new Process(SimBoot.run(identity, founders, memory, disk, retained(), bug));
            if (bug.disksLie()) {
                disk.lie();
            }
            scheduler.note("start " + this + " applied " + process.apply.appliedIndex());
        } catch (PowerCut e) {
            scheduler.note("power cut while " + this + " starts");
            process = null;
        } catch (IOException | RuntimeException e) {
            if (!disk.isCut()) {
                throw new AssertionError(this + " cannot start", e);
            }
            scheduler.note("power cut while " + this + " starts: " + e);
            process = null;
        }
    }

    private long retained() {
        return snapshots ? FEW_ENTRIES : EVERY_ENTRY;
    }

    /** Switches the machine off, as it is. */
    void crash() {
        if (process != null) {
            scheduler.note("crash " + this);
            process = null;
        }
    }

    /** Others tell the member that it has been removed, and it stops for good. */
    void retire() {
        removed = true;
        crash();
    }

    /** Stops the process for a while, as SIGSTOP does: its clock goes on. */
    void pause(long nanos) {
        if (process != null) {
            scheduler.note("pause " + this + " for " + nanos / 1_000_000 + " ms");
            process.pause(scheduler.now() + nanos);
        }
    }

    @Override
    public boolean receive(Message message) {
        return process != null && process.inbox.deliver(message);
    }

    @Override
    public void unreachable(long member) {
        if (process != null) {
            process.inbox.unreachable(member);
        }
    }

    @Override
    public boolean receiveSnapshot(Message message, byte[] database) {
        Process running = process;
        return running != null && running.isAwake() && running.receiveSnapshot(message, database);
    }

    @Override
    public void snapshotLost(long member) {
        if (process != null) {
            process.inbox.snapshotLost(member);
        }
    }

    @Override
    public void snapshotDelivered(long member) {
        if (process != null) {
            process.inbox.snapshotDelivered(member);
        }
    }

    @Override
    public String toString() {
        return "m" + Long.toHexString(id()).substring(0, 4);
    }

    /** A member while it runs: the parts of the server, each loop in its slot. */
    final class Process {
        final MvccStore store;
        final Cluster cluster;
        final StatusBoard status;
        final Proposals proposals;
        final RaftControl control;
        final ReadIndexQueue reads;
        final Lessor lessor;
        final WatchHub watches;
        private final SimulatedLeases leases;
        final RaftInbox inbox;
        final ApplyLoop apply;

        private final IncomingSnapshots incoming;
        private final OutgoingSnapshots outgoing;
        private final SnapshotDuty snapshotDuty;
        /** The stores that are built beside the one in use. */
        private final Map<Path, MemoryBackend.Disk> aside = new HashMap<>();

        private final RaftNode raft;
        private final LogLoop log;
        private final SimSlot raftSlot = slot("raft");
        private final SimSlot logSlot = slot("log");
        private final SimSlot applySlot = slot("apply");
        private final SimSlot flushSlot = slot("flush");
        private final SimSlot houseSlot = slot("house");
        /** The terms of the entries that are in the log, durably. */
        private final TreeMap<Long, Long> terms = new TreeMap<>();

        private long digest;
        private long installedIndex;
        private long termSeen;
        private long commitSeen;
        private long pausedUntil;

        Process(SimBoot.Result boot) throws IOException {
            long now = clock.nanos();
            store = boot.store();
            cluster = new Cluster(identity, store);
            long applied = boot.appliedIndex();
            digest = bug == PlantedBug.NONE || applied == store.appliedState().index()
                    ? invariants.digestAt(applied)
                    : 0;
            status = new StatusBoard(applied);
            status.useClock(clock);
            RequestIds ids = new RequestIds(id(), scheduler.now() / 1_000_000);
            proposals = new Proposals(
                    ids,
                    status,
                    1 << 20,
                    TIMEOUT_MILLIS,
                    false,
                    new TimeoutCause(status, ELECTION_TICKS * TICK_MILLIS, since -> true),
                    raftSlot::wake);
            proposals.useClock(clock);
            control = new RaftControl(ids, status, TIMEOUT_MILLIS, this::removedSelf, raftSlot::wake);
            control.useClock(clock);
            reads = new ReadIndexQueue(status, ids, TIMEOUT_MILLIS, () -> this::execute, raftSlot::wake);
            reads.useClock(clock);
            Alarms alarms = new Alarms(store);
            AuthStore users = new AuthStore(store, password -> ByteString.copyFromUtf8(password), UserTokens.STATELESS);
            users.restore();
            lessor = new Lessor(
                    store,
                    LessorOptions.forElection(ELECTION_TICKS, (int) TICK_MILLIS),
                    SimulatedLeases.expiry(
                            proposals,
                            users,
                            bug.endsLeasesUnconfirmed() ? completion -> completion.complete(0L) : reads,
                            () -> status.leader() == id(),
                            houseSlot::wake,
                            clock),
                    now);
            lessor.restore();
            leases = new SimulatedLeases(
                    lessor, TimeUnit.MILLISECONDS.toNanos(ELECTION_TICKS * TICK_MILLIS), houseSlot::wake);
            store.setLeases(lessor);
            watches = new WatchHub(
                    store,
                    WatchOptions.of(TimeUnit.SECONDS.toNanos(5), 1536 << 10),
                    new Headers(),
                    scheduler.random()::nextLong);
            watches.onWork(houseSlot::wake);
            store.setListener(this::changed);
            inbox = new RaftInbox(raftSlot::wake);
            SnapStore snapStore = new SnapStore(SimBoot.snapDirectory(disk));
            log = new LogLoop(boot.wal(), boot.hardState(), snapStore, this::durable, logSlot::wake);
            LogHolds holds = new LogHolds();
            incoming = SimulatedStores.incoming(
                    identity,
                    snapStore,
                    SimBoot.snapDirectory(disk),
                    disk.fileSystem().getPath("/"),
                    directory -> SimBoot.storeOptions(
                            aside.computeIfAbsent(directory, each -> new MemoryBackend.Disk()), disk),
                    Runnable::run);
            outgoing = new OutgoingSnapshots(identity, store, holds, this::execute, inbox::snapshotLost);
            outgoing.useClock(clock);
            snapshotDuty = new SnapshotDuty(
                    cluster,
                    store.flusher(),
                    snapStore,
                    log,
                    snapshots ? ENTRIES_BETWEEN_SNAPSHOTS : EVERY_ENTRY,
                    FILES_KEPT,
                    disk.fileSystem().getPath("/wal"),
                    boot.wal(),
                    FILES_KEPT,
                    boot.snapshotIndex(),
                    now);
            ClusterChanges clusterChanges =
                    new ClusterChanges(cluster, 2, control, snapshots ? snapshotDuty::force : () -> {});
            Applier applier = new Applier(
                    store,
                    lessor,
                    clusterChanges,
                    alarms,
                    new Quota(-1, () -> 0),
                    new AuthApplier(
                            users,
                            new RequestAuthorizer(new NoLeaseKeys()),
                            TokenProviders.none(),
                            store::currentRevision),
                    proposals::settle,
                    () -> {});
            applier.useClock(clock);
            apply = new ApplyLoop(applier, applied, this::applied, inbox::applied, applySlot::wake);
            SnapshotInstaller installer = new SnapshotInstaller(
                    new SnapshotInstaller.Parts(store, lessor, users, alarms, cluster, watches, snapshotDuty),
                    incoming,
                    // The old store: nobody misses its memory.
                    closing -> {},
                    this::removedSelf);
            apply.installBy(snapshot -> install(installer, snapshot), inbox::installed);
            status.followApplied(apply::appliedIndex);
            record(boot.log());
            raft = new RaftNode(RaftConfig.builder()
                    .id(id())
                    .storage(boot.log())
                    .applied(applied)
                    .electionTicks(ELECTION_TICKS)
                    .asyncStorageWrites(true)
                    .maxSizePerMessage(1 << 14)
                    .maxInflightMessages(16)
                    .preVote(preVote)
                    .randomBelow(scheduler.random()::nextInt)
                    .build());
            RaftLoop.Parts parts =
                    new RaftLoop.Parts(status, inbox, proposals, control, reads, log, apply, this::send, this::onRole);
            RaftLoop loop = new RaftLoop(id(), raft, boot.log(), parts, TICK_MILLIS, retained(), holds, now);
            commitSeen = applied;
            raftSlot.start(observed(loop));
            logSlot.start(this::log);
            applySlot.start(apply);
            flushSlot.start(every(FLUSH_LOOK_NANOS, store.flusher()::doWork));
            houseSlot.start(
                    every(HOUSE_NANOS, time -> leases.doWork(time) + watches.doWork(time) + snapshotDuty.doWork(time)));
        }

        /** What a member finds in its log must be what it, or a leader, once put there. */
        private void record(MemoryRaftStorage found) {
            try {
                long before = found.firstIndex() - 1;
                terms.put(before, found.term(before));
                List<Entry> entries = found.entries(before + 1, found.lastIndex() + 1, Long.MAX_VALUE);
                invariants.appends(id(), found.term(before), entries);
                entries.forEach(entry -> terms.put(entry.index(), entry.term()));
            } catch (StorageException e) {
                throw new AssertionError("a log that does not know where it begins", e);
            }
        }

        private void send(List<Message> messages) {
            List<Message> others = new ArrayList<>(messages);
            others.removeIf(message -> {
                boolean snapshot = message.type() == MessageType.SNAP;
                if (snapshot) {
                    outgoing.send(message, source -> network.sendSnapshot(id(), source));
                }
                return snapshot;
            });
            network.send(id(), others);
        }

        private boolean receiveSnapshot(Message message, byte[] database) {
            try {
                SnapshotSink sink = incoming.receive(message);
                sink.write(ByteBuffer.wrap(database));
                sink.commit();
            } catch (PowerCut | IOException e) {
                failed(e);
                return false;
            }
            return inbox.deliver(message);
        }

        private void install(SnapshotInstaller installer, Snapshot snapshot) throws IOException {
            installer.install(snapshot);
            installedIndex = snapshot.metadata().index();
            digest = invariants.digestAt(installedIndex);
            scheduler.note(SimMember.this + " has the store of entry " + installedIndex);
        }

        SimMember member() {
            return SimMember.this;
        }

        SimClock clock() {
            return clock;
        }

        boolean isAlive() {
            return process == this;
        }

        RaftStatus raftStatus() {
            return raft.status();
        }

        /** A digest of all changes of the store. */
        long digest() {
            return digest;
        }

        void transferLeadership(long to) {
            control.transferLeadership(to, new Completion<>() {
                @Override
                public void complete(Long leader) {}

                @Override
                public void fail(EtcdError error) {}
            });
        }

        /** When linearizable reads may be answered. */
        ReadGate gate() {
            return bug.readsWithoutQuorum()
                    ? completion -> {
                        if (status.leader() == id()) {
                            completion.complete(apply.appliedIndex());
                        } else {
                            reads.await(completion);
                        }
                    }
                    : reads;
        }

        /** Runs a task soon, on a thread of its own so to speak. */
        void execute(Runnable task) {
            scheduler.at(awakeAt() + scheduler.random().nextLong(100_000), "task", () -> {
                if (isAlive() && isAwake()) {
                    task.run();
                } else if (isAlive()) {
                    execute(task);
                }
            });
        }

        private SimSlot slot(String name) {
            return new SimSlot(scheduler, clock, SimMember.this + name, this::isAlive, this::failed);
        }

        private void failed(Throwable failure) {
            if (!disk.isCut()) {
                throw new AssertionError(SimMember.this + " failed", failure);
            }
            scheduler.note("power cut at " + SimMember.this);
            process = null;
        }

        /** When the process does anything again: now, unless it is stopped. */
        long awakeAt() {
            return Math.max(scheduler.now(), pausedUntil);
        }

        boolean isAwake() {
            return awakeAt() == scheduler.now();
        }

        private void pause(long until) {
            pausedUntil = until;
            for (SimSlot each : List.of(raftSlot, logSlot, applySlot, flushSlot, houseSlot)) {
                each.busyUntil(until);
            }
        }

        private int log(long now) throws Exception {
            int work = log.doWork(now);
            logSlot.busyUntil(disk.freeAt());
            return work;
        }

        /** The log says so; the disk says when. */
        private void durable(Message append) {
            long when = disk.freeAt();
            scheduler.at(when, "durable", () -> {
                if (isAlive()) {
                    Snapshot snapshot = append.snapshot();
                    if (snapshot != null) {
                        terms.put(
                                snapshot.metadata().index(), snapshot.metadata().term());
                        // To exchange a store takes its time; the log goes on meanwhile.
                        applySlot.busyUntil(scheduler.now() + scheduler.random().nextLong(INSTALL_NANOS_MAX));
                    }
                    record(append.entries());
                    inbox.durable(append);
                }
            });
        }

        private void record(List<Entry> entries) {
            if (entries.isEmpty()) {
                return;
            }
            long first = entries.get(0).index();
            terms.tailMap(first).clear();
            invariants.appends(id(), terms.getOrDefault(first - 1, 0L), entries);
            for (Entry entry : entries) {
                terms.put(entry.index(), entry.term());
            }
            if (bug.reconfiguresEarly()) {
                for (Entry entry : entries) {
                    if (entry.type() == EntryType.CONF_CHANGE) {
                        ConfChange change = ConfChangeFormat.decode(entry.data());
                        inbox.applied(
                                Message.builder(MessageType.STORAGE_APPLY)
                                        .entries(List.of(entry))
                                        .build(),
                                List.of(change));
                    }
                }
            }
        }

        private void changed(long revision, List<Event> events) {
            digest = digest * 31 + revision * 7 + events.hashCode();
            watches.onEvents(revision, events);
        }

        private void applied(long index, long term) {
            if (index != installedIndex) {
                digest = digest * 31 + lessor.size();
            }
            snapshotDuty.onApplied(index, term);
            incoming.onApplied(index);
            leases.applied(term);
            invariants.commits(id(), status.term(), index, term);
            invariants.applies(id(), index, digest);
        }

        private Duty observed(RaftLoop loop) {
            return new Duty() {
                @Override
                public int doWork(long nowNanos) {
                    int work = loop.doWork(nowNanos);
                    observe();
                    return work;
                }

                @Override
                public long nextDeadlineNanos() {
                    return loop.nextDeadlineNanos();
                }
            };
        }

        private void observe() {
            raft.checkInvariants();
            long term = status.term();
            long commit = status.committedIndex();
            if (term < termSeen || commit < commitSeen) {
                throw new AssertionError(SimMember.this + " goes back from term " + termSeen + " to " + term
                        + " or from commit " + commitSeen + " to " + commit);
            }
            termSeen = term;
            commitSeen = commit;
        }

        private void onRole(RaftRole role, long leader, long term) {
            scheduler.note(
                    SimMember.this + " is " + role + " of term " + term + ", leader " + Long.toHexString(leader));
            if (role == RaftRole.LEADER) {
                invariants.leads(id(), term);
                leases.lead(term);
            } else {
                leases.follow();
            }
        }

        private void removedSelf() {
            scheduler.note(SimMember.this + " was removed");
            removed = true;
            // It ends itself, but not at once: the change has to be acknowledged.
            scheduler.after(TimeUnit.MILLISECONDS.toNanos(500), "removed", () -> {
                if (isAlive()) {
                    process = null;
                }
            });
        }

        private final class Headers implements HeaderSource {
            @Override
            public long clusterId() {
                return identity.clusterId();
            }

            @Override
            public long memberId() {
                return id();
            }

            @Override
            public long raftTerm() {
                return status.term();
            }
        }
    }

    private static final class NoLeaseKeys implements LeaseKeys {
        @Override
        public List<ByteString> attachedKeys(long lease) {
            return List.of();
        }

        @Override
        public long[] leases() {
            return new long[0];
        }
    }

    private interface TimedWork {
        int doWork(long nowNanos) throws Exception;
    }

    private static Duty every(long intervalNanos, TimedWork work) {
        return new Duty() {
            private long next;

            @Override
            public int doWork(long nowNanos) throws Exception {
                next = nowNanos + intervalNanos;
                return work.doWork(nowNanos);
            }

            @Override
            public long nextDeadlineNanos() {
                return next;
            }
        };
    }
}
