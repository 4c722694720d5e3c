package dev.cairn.server;

import dev.cairn.auth.AuthStore;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.Flusher;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.raft.RaftConfig;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.RaftRole;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.RootProposer;
import dev.cairn.server.access.TokenProvider;
import dev.cairn.server.access.TokenProviders;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.StartException;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Applier;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.apply.ApplyMeter;
import dev.cairn.server.apply.ClusterChanges;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.apply.QuotaNotice;
import dev.cairn.server.apply.StoreAdmission;
import dev.cairn.server.backup.SnapshotStreams;
import dev.cairn.server.bootstrap.Bootstrap;
import dev.cairn.server.concurrency.ElectionService;
import dev.cairn.server.concurrency.LocalCalls;
import dev.cairn.server.concurrency.LockService;
import dev.cairn.server.concurrency.Renewals;
import dev.cairn.server.config.FeatureGate;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.loop.AbsentPeers;
import dev.cairn.server.loop.LogLoop;
import dev.cairn.server.loop.MeteredProposer;
import dev.cairn.server.loop.Proposals;
import dev.cairn.server.loop.RaftControl;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.loop.RaftLoop;
import dev.cairn.server.loop.ReadIndexQueue;
import dev.cairn.server.loop.RequestIds;
import dev.cairn.server.loop.StatusBoard;
import dev.cairn.server.loop.TimeoutCause;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ClusterListener;
import dev.cairn.server.membership.LeadershipTransfer;
import dev.cairn.server.membership.PeerActivity;
import dev.cairn.server.membership.Reconfiguration;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.peer.MemberPromotion;
import dev.cairn.server.peer.Promotion;
import dev.cairn.server.rpc.CallMeter;
import dev.cairn.server.rpc.Caller;
import dev.cairn.server.rpc.ClientMetadata;
import dev.cairn.server.rpc.ClusterService;
import dev.cairn.server.rpc.Guard;
import dev.cairn.server.rpc.Headers;
import dev.cairn.server.rpc.KvService;
import dev.cairn.server.rpc.LeaderWatch;
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
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
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
    private static final long TOKENS_NANOS = TimeUnit.SECONDS.toNanos(1);
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
    private final Authentication authentication;
    private final WatchHub watches;
    private final LogLoop log;
    private final List<ServerInterceptor> interceptors;
    private final List<ServerServiceDefinition> services;
    private final Instruments instruments;
    private final Lessor lessor;
    private final Housekeeping housekeeping;
    private final Reconfiguration reconfiguration;
    private final Duration requestLimit;
    private final DutyThread raftThread;
    private final DutyThread flushThread;
    private final DutyThread houseThread;
    private final ExecutorService segments = Threads.pool("etcd-segment", 1);
    private final ExecutorService readers = Threads.pool("etcd-read", READER_THREADS);
    private final ExecutorService slow = Threads.pool("etcd-slow", 1);
    private final ExecutorService backups = Threads.pool("etcd-backup", 1);
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
        SecureRandom random = new SecureRandom();
        TokenProvider tokens = TokenProviders.open(config, random);
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
        // Nobody else has to be reached yet.
        TimeoutCause timeoutCause = new TimeoutCause(status, config.electionTimeoutMillis(), since -> true);
        proposals = new Proposals(
                ids,
                status,
                config.maxRequestBytes(),
                timeoutMillis,
                config.isEnabled(FeatureGate.PRIORITY_REQUEST),
                timeoutCause,
                raftThread::wake);
        control = new RaftControl(ids, status, timeoutMillis, () -> removed.complete(null), raftThread::wake);
        Proposer own = new MeteredProposer(proposals, metrics.server);
        reads = new ReadIndexQueue(status, ids, timeoutMillis, readers, raftThread::wake);
        reads.reportTo(instruments);

        alarms = new Alarms(store);
        Quota quota = new Quota(config.quotaBackendBytes(), store::sizeInUse);
        QuotaNotice.write(quota, config.quotaIsDefault());
        StoreAdmission admission = new StoreAdmission(quota, alarms, proposals, memberId);
        AuthStore users = Authentication.restore(config, tokens, random, store);
        Lessor lessor = new Lessor(
                store,
                LessorOptions.forElection(config.electionTicks(), (int) config.heartbeatIntervalMillis()),
                new LeaseExpiry(new RootProposer(own, users)),
                now);
        lessor.restore();
        this.lessor = lessor;
        store.setLeases(lessor);
        authentication = new Authentication(config, users, tokens, random, store, lessor, status, own, timeoutMillis);
        Access access = authentication.access();
        Proposer proposer = authentication.callerProposer();
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
        Applier applier = new Applier(
                store,
                lessor,
                clusterChanges,
                alarms,
                quota,
                authentication.applier(),
                proposals::settle,
                admission::raiseNoSpace);
        applier.measureBy(new ApplyMeter(metrics.server, config.warningApplyDuration()));
        ApplyLoop.EntryListener onEntry = (index, term) -> {
            snapshots.onApplied(index, term);
            authentication.applied(index);
        };
        ApplyLoop apply = new ApplyLoop(applier, appliedIndex, onEntry, inbox::applied, raftThread::wake);
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
                own,
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

        instruments.follow(boot.identity(), store, status, proposals, watches, quota, alarms);
        instruments.followUsers(authentication::revision);
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
        reconfiguration = new Reconfiguration(
                cluster, control, config.strictReconfigCheck(), PeerActivity.NONE, Clock.systemUTC(), instruments);
        ServerServiceDefinition kv = guarded(new KvService(
                        store,
                        proposer,
                        reads,
                        admission,
                        access,
                        headers,
                        readers,
                        config.maxTxnOps(),
                        config.maxRequestBytes())
                .bind());
        ServerServiceDefinition watch = guarded(new WatchService(watches, access).bind());
        ServerServiceDefinition lease =
                guarded(new LeaseService(lessor, proposer, reads, admission, headers, access, ids::next).bindService());
        Renewals renewals = new Renewals();
        LocalCalls.Services local = new LocalCalls.Services(List.of(kv, watch, lease), renewals);
        LeaderWatch leaderWatch = new LeaderWatch(status);
        interceptors = List.of(
                new Caller.Interceptor(),
                new ClientMetadata(status, leaderWatch, metrics.server.clientRequestsTotal),
                new CallMeter(metrics.server, config.warningUnaryRequestDuration(), config.warningApplyDuration()),
                new LearnerInterceptor(status));
        services = List.of(
                intercepted(kv),
                intercepted(watch),
                intercepted(lease),
                intercepted(guarded(authentication.service(reads, headers).bindService())),
                intercepted(new LockService(local::ofCurrentCaller).bindService()),
                intercepted(new ElectionService(local::ofCurrentCaller).bindService()),
                intercepted(guarded(new ClusterService(cluster, reconfiguration, reads, headers).bindService())),
                intercepted(guarded(new MaintenanceService(
                                store,
                                proposer,
                                status,
                                alarms,
                                quota,
                                cluster,
                                new LeadershipTransfer(cluster, status, control),
                                new Downgrades(cluster, reads, own),
                                headers,
                                slow,
                                new SnapshotStreams(
                                        store,
                                        () -> cluster.view().storageVersion(),
                                        backups,
                                        instruments::snapshotSent))
                        .bindService())));

        requestLimit = Duration.ofMillis(timeoutMillis);
        housekeeping = new Housekeeping(config, store, cluster, status, own, reads, alarms, quota, requestLimit, now);
        if (appliedIndex > 0) {
            checkBeforeServing();
        }
        raftThread.start(List.of(raftLoop, log, apply));
        flushThread.start(List.of(flushing(store.flusher())));
        List<Duty> houseDuties = new ArrayList<>(List.of(
                every(HOUSEKEEPING_NANOS, watches::doWork),
                every(HOUSEKEEPING_NANOS, lessor::doWork),
                every(HOUSEKEEPING_NANOS, renewals::doWork),
                every(TOKENS_NANOS, authentication::doWork),
                every(TimeUnit.MILLISECONDS.toNanos(config.electionTimeoutMillis()), ignored -> {
                    leaderWatch.look();
                    return 0;
                }),
                versions,
                snapshots));
        houseDuties.addAll(housekeeping.duties(houseThread::wake, System.nanoTime()));
        houseThread.start(houseDuties);
        // A cluster that has just been founded has no version until its first leader has decided one.
        new Publication(config, cluster, own, () -> decided.thenRun(() -> published.complete(null))).start();
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

    Lessor lessor() {
        return lessor;
    }

    Proposals proposals() {
        return proposals;
    }

    /** How long a request may take. */
    Duration requestLimit() {
        return requestLimit;
    }

    /** Runs what reads the whole store. */
    ExecutorService slow() {
        return slow;
    }

    /** What other members ask for on behalf of their clients. */
    Promotion promotion() {
        return new MemberPromotion(reconfiguration, authentication.access());
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

    /** Tells what still waits for the log or a quorum that the server stops; it has had its time. */
    public void refuseWaiting() {
        proposals.stop();
        reads.refuse();
    }

    /** Stops in the order that {@code server/THREADS.md} gives; the client port has been closed before. */
    @Override
    public void close() {
        watches.close();
        houseThread.stop();
        housekeeping.close();
        raftThread.stop();
        proposals.stop();
        control.stop();
        reads.stop();
        // What still reads is waited for by the store, which then lets nobody in any more.
        readers.shutdown();
        slow.shutdown();
        backups.shutdown();
        authentication.close();
        flushThread.stop();
        closeDirectory();
    }

    /** A member that differs from its peers must not serve; nothing has started yet but what boot has opened. */
    private void checkBeforeServing() throws StartException {
        try {
            housekeeping.checkBeforeServing();
        } catch (StartException e) {
            housekeeping.close();
            closeDirectory();
            throw e;
        }
    }

    private void closeDirectory() {
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
        return ServerInterceptors.interceptForward(service, interceptors);
    }

    /** The service as its callers may use it. */
    private ServerServiceDefinition guarded(ServerServiceDefinition service) {
        return Guard.of(service, authentication.access());
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
