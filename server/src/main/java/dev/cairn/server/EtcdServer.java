package dev.cairn.server;

import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.Flusher;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.raft.RaftConfig;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.RaftRole;
import dev.cairn.server.api.StartException;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Applier;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.apply.ClusterChanges;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.apply.StoreAdmission;
import dev.cairn.server.bootstrap.Bootstrap;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.loop.AbsentPeers;
import dev.cairn.server.loop.LogLoop;
import dev.cairn.server.loop.Proposals;
import dev.cairn.server.loop.RaftControl;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.loop.RaftLoop;
import dev.cairn.server.loop.ReadIndexQueue;
import dev.cairn.server.loop.RequestIds;
import dev.cairn.server.loop.StatusBoard;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ClusterListener;
import dev.cairn.server.membership.LeadershipTransfer;
import dev.cairn.server.membership.PeerActivity;
import dev.cairn.server.membership.Reconfiguration;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.rpc.Caller;
import dev.cairn.server.rpc.ClusterService;
import dev.cairn.server.rpc.Headers;
import dev.cairn.server.rpc.KvService;
import dev.cairn.server.rpc.LearnerInterceptor;
import dev.cairn.server.rpc.LeaseService;
import dev.cairn.server.rpc.MaintenanceService;
import dev.cairn.server.rpc.WatchService;
import dev.cairn.server.snapshot.SnapshotDuty;
import dev.cairn.server.thread.Duty;
import dev.cairn.server.thread.DutyThread;
import dev.cairn.server.version.Downgrades;
import dev.cairn.server.version.ServerVersion;
import dev.cairn.server.version.VersionMonitor;
import dev.cairn.watch.WatchHub;
import dev.cairn.watch.WatchOptions;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member: the parts, how they hang together, and the order in which they start and stop. It knows nothing of command
 * lines and never ends the process.
 *
 * <p>Started and closed by one thread; what it hands out is thread-safe.
 */
public final class EtcdServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdServer.class);

    /** Until when a request must have found a quorum: this and twice the election timeout. */
    private static final long REQUEST_TIMEOUT_MILLIS = 5000;

    /** The size of one message between members, and of one batch to apply. */
    private static final long MESSAGE_BYTES_MAX = 1 << 20;

    /** One long range must not keep the others waiting. */
    private static final int READER_THREADS = 2;

    private static final long HOUSEKEEPING_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long FLUSH_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final ServerConfig config;
    private final Bootstrap.Result boot;
    private final MvccStore store;
    private final Cluster cluster;
    private final Proposals proposals;
    private final RaftControl control;
    private final ReadIndexQueue reads;
    private final StatusBoard status;
    private final Alarms alarms;
    private final WatchHub watches;
    private final LogLoop log;
    private final List<ServerServiceDefinition> services;
    private final Instruments instruments;
    private final DutyThread raftThread;
    private final DutyThread flushThread;
    private final DutyThread houseThread;
    private final ExecutorService segments = Threads.pool("etcd-segment", 1);
    private final ExecutorService readers = Threads.pool("etcd-read", READER_THREADS);
    private final ExecutorService slow = Threads.pool("etcd-slow", 1);
    private final CompletableFuture<Void> removed = new CompletableFuture<>();
    private final CompletableFuture<Void> published = new CompletableFuture<>();

    /**
     * Opens the data directory, founds or rejoins, and starts the loops. Clients are not served yet: see {@link #services}
     * and {@link #published}.
     *
     * @param metrics where the member counts
     * @param onFailure hears, once, of what leaves the member unable to go on; it must end the process or close the server
     * @throws StartException when the configuration and the data directory do not allow a start
     */
    public EtcdServer(ServerConfig config, Metrics metrics, BiConsumer<String, Throwable> onFailure)
            throws StartException, InterruptedException {
        this.config = config;
        raftThread = new DutyThread("etcd-raft", onFailure);
        flushThread = new DutyThread("etcd-flush", onFailure);
        houseThread = new DutyThread("etcd-house", onFailure);
        instruments = new Instruments(metrics);
        boot = Bootstrap.run(
                config, failure -> onFailure.accept("etcd-flush", failure), instruments, instruments, segments);
        store = boot.store();
        cluster = new Cluster(boot.identity(), store);
        long memberId = boot.identity().memberId();
        long appliedIndex = store.appliedState().index();
        long now = System.nanoTime();

        status = new StatusBoard(appliedIndex);
        RequestIds ids = new RequestIds(memberId, System.currentTimeMillis());
        long timeoutMillis = REQUEST_TIMEOUT_MILLIS + 2 * config.electionTimeoutMillis();
        proposals = new Proposals(ids, status, config.maxRequestBytes(), timeoutMillis, raftThread::wake);
        control = new RaftControl(ids, status, timeoutMillis, () -> removed.complete(null), raftThread::wake);
        reads = new ReadIndexQueue(status, ids, timeoutMillis, readers, raftThread::wake);

        alarms = new Alarms(store);
        Quota quota = new Quota(config.quotaBackendBytes(), store::sizeInUse);
        StoreAdmission admission = new StoreAdmission(quota, alarms, proposals, memberId);
        Lessor lessor = new Lessor(
                store,
                LessorOptions.forElection(config.electionTicks(), (int) config.heartbeatIntervalMillis()),
                new LeaseExpiry(proposals),
                now);
        lessor.restore();
        store.setLeases(lessor);
        Headers headers = new Headers(boot.identity().clusterId(), memberId, status::term, store::currentRevision);
        watches = new WatchHub(
                store,
                WatchOptions.of(config.watchProgressNotifyInterval().toNanos(), config.maxRequestBytes()),
                headers);
        watches.onWork(houseThread::wake);
        store.setListener(watches);

        RaftInbox inbox = new RaftInbox(raftThread::wake);
        log = new LogLoop(boot.wal(), boot.hardState(), inbox::durable, raftThread::wake);
        SnapshotDuty snapshots = new SnapshotDuty(
                cluster,
                store.flusher(),
                boot.snapshots(),
                log,
                config.snapshotCount(),
                config.maxSnapshots(),
                config.walDir(),
                boot.wal(),
                config.maxWals(),
                boot.snapshotIndex(),
                now);
        ClusterChanges clusterChanges = new ClusterChanges(cluster, config.maxLearners(), control, snapshots::force);
        Applier applier =
                new Applier(store, lessor, clusterChanges, alarms, quota, proposals::settle, admission::raiseNoSpace);
        ApplyLoop apply = new ApplyLoop(applier, appliedIndex, snapshots::onApplied, inbox::applied, raftThread::wake);
        status.followApplied(apply::appliedIndex);
        RaftNode raft = new RaftNode(RaftConfig.builder()
                .id(memberId)
                .storage(boot.raftStorage())
                .applied(appliedIndex)
                .electionTicks(config.electionTicks())
                .asyncStorageWrites(true)
                .maxSizePerMessage(MESSAGE_BYTES_MAX)
                .preVote(config.preVote())
                .randomBelow(bound -> ThreadLocalRandom.current().nextInt(bound))
                .listener(new RaftLog())
                .build());
        VersionMonitor versions = new VersionMonitor(
                cluster,
                status,
                proposals,
                EtcdServer::oldestVersion,
                config.downgradeCheckTime().toNanos(),
                now);
        RaftLoop.Parts parts = new RaftLoop.Parts(
                status,
                inbox,
                proposals,
                control,
                reads,
                log,
                apply,
                new AbsentPeers(inbox),
                (role, leader, term) -> onRole(lessor, versions, role, leader, term));
        RaftLoop raftLoop = new RaftLoop(
                memberId,
                raft,
                boot.raftStorage(),
                parts,
                config.heartbeatIntervalMillis(),
                config.snapshotCatchupEntries(),
                now);

        instruments.follow(boot.identity(), store, status, proposals, watches, quota);
        CompletableFuture<Void> decided = new CompletableFuture<>();
        cluster.setListener(new ClusterListener() {
            @Override
            public void member(long id, boolean present) {
                instruments.member(id, present);
            }

            @Override
            public void version(@Nullable String before, String version) {
                instruments.version(before, version);
                decided.complete(null);
            }
        });
        Reconfiguration reconfiguration = new Reconfiguration(
                cluster, control, config.strictReconfigCheck(), PeerActivity.NONE, Clock.systemUTC(), instruments);
        services = List.of(
                intercepted(new KvService(
                                store,
                                proposals,
                                reads,
                                admission,
                                headers,
                                readers,
                                config.maxTxnOps(),
                                config.maxRequestBytes())
                        .bind()),
                intercepted(new WatchService(watches).bind()),
                intercepted(new LeaseService(lessor, proposals, reads, admission, headers, ids::next).bindService()),
                intercepted(new ClusterService(cluster, reconfiguration, reads, headers).bindService()),
                intercepted(new MaintenanceService(
                                store,
                                proposals,
                                status,
                                alarms,
                                quota,
                                cluster,
                                new LeadershipTransfer(cluster, status, control),
                                new Downgrades(cluster, reads, proposals),
                                headers,
                                slow)
                        .bindService()));

        raftThread.start(List.of(raftLoop, log, apply));
        flushThread.start(List.of(flushing(store.flusher())));
        houseThread.start(List.of(
                every(HOUSEKEEPING_NANOS, watches::doWork),
                every(HOUSEKEEPING_NANOS, lessor::doWork),
                versions,
                snapshots));
        // A cluster that has just been founded has no version until its first leader has decided one.
        new Publication(config, cluster, proposals, () -> decided.thenRun(() -> published.complete(null))).start();
    }

    /** What the client port offers. */
    public List<ServerServiceDefinition> services() {
        return services;
    }

    /** Completes when the member has told the cluster of itself and may serve clients. */
    public CompletableFuture<Void> published() {
        return published;
    }

    /** Completes when this member has been removed from its cluster: it serves nobody any more and has to stop. */
    public CompletableFuture<Void> removed() {
        return removed;
    }

    public Cluster cluster() {
        return cluster;
    }

    public StatusBoard status() {
        return status;
    }

    public Alarms alarms() {
        return alarms;
    }

    public MvccStore store() {
        return store;
    }

    Instruments instruments() {
        return instruments;
    }

    public ReadIndexQueue reads() {
        return reads;
    }

    /** Ends the streams that would otherwise keep the client port from closing. */
    public void endStreams() {
        watches.close();
    }

    /** Stops in the order that {@code server/THREADS.md} gives; the client port has been closed before. */
    @Override
    public void close() {
        watches.close();
        houseThread.stop();
        raftThread.stop();
        proposals.stop();
        control.stop();
        reads.stop();
        // What still reads is waited for by the store, which then lets nobody in any more.
        readers.shutdown();
        slow.shutdown();
        flushThread.stop();
        store.close();
        segments.shutdown();
        try {
            boot.wal().close();
            boot.directory().close();
        } catch (Exception e) {
            LOG.atWarn().setMessage("failed to close the log").setCause(e).log();
        }
    }

    private void onRole(Lessor lessor, VersionMonitor versions, RaftRole role, long leader, long term) {
        if (role == RaftRole.LEADER) {
            versions.elected();
            houseThread.wake();
            lessor.promote(System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(config.electionTimeoutMillis()));
        } else if (lessor.isPrimary()) {
            lessor.demote();
        }
        instruments.leaderChanged(role, leader);
        LOG.atInfo()
                .setMessage("raft.node: leader changed")
                .addKeyValue(
                        "local-member-id", Long.toHexString(cluster.identity().memberId()))
                .addKeyValue("leader-member-id", Long.toHexString(leader))
                .addKeyValue("term", term)
                .log();
    }

    private ServerServiceDefinition intercepted(ServerServiceDefinition service) {
        return ServerInterceptors.intercept(service, new LearnerInterceptor(status), new Caller.Interceptor());
    }

    /** Other members cannot be asked for their release. */
    private static @Nullable ServerVersion oldestVersion(Cluster.View members) {
        return members.members().size() == 1 ? ServerVersion.own() : null;
    }

    private interface TimedWork {
        int doWork(long nowNanos);
    }

    /** A duty that must be looked at in intervals although nobody wakes it. */
    private static Duty every(long intervalNanos, TimedWork work) {
        return new Duty() {
            private long next = System.nanoTime();

            @Override
            public int doWork(long nowNanos) {
                next = nowNanos + intervalNanos;
                return work.doWork(nowNanos);
            }

            @Override
            public long nextDeadlineNanos() {
                return next;
            }
        };
    }

    private static Duty flushing(Flusher flusher) {
        return every(FLUSH_LOOK_NANOS, flusher::doWork);
    }
}
