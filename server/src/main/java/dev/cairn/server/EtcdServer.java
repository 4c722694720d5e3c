package dev.cairn.server;

import dev.cairn.lease.Lessor;
import dev.cairn.mvcc.Flusher;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.access.TokenProvider;
import dev.cairn.server.access.TokenProviders;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.StartException;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.backup.schedule.ScheduledBackups;
import dev.cairn.server.bootstrap.Bootstrap;
import dev.cairn.server.bootstrap.Outside;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.loop.LoopThreads;
import dev.cairn.server.loop.Proposals;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.loop.ReadIndexQueue;
import dev.cairn.server.loop.StatusBoard;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.RaftGroup;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.names.SystemNames;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.peer.Promotion;
import dev.cairn.server.peer.SnapshotExchange;
import dev.cairn.server.thread.Duty;
import dev.cairn.server.thread.DutyThread;
import dev.cairn.server.thread.NanoClock;
import dev.cairn.server.tls.PeerTls;
import dev.cairn.server.tracing.Tracing;
import dev.cairn.server.v2.admin.AdminPages;
import dev.cairn.server.v2.admin.StoreCounters;
import dev.cairn.server.version.VersionMonitor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
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

    /** One long range must not keep the others waiting. */
    private static final int READER_THREADS = 2;

    /** One may wait for a long reader of an old store. */
    private static final int STORE_THREADS = 2;

    private static final long HOUSEKEEPING_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long SWEEPING_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long TOKENS_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long FLUSH_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final ServerConfig config;
    private final Bootstrap.Result boot;
    private final MemberCore core;
    private final ClientServices services;
    private final @Nullable OldApi oldApi;
    private final Instruments instruments;
    private final Housekeeping housekeeping;
    private final PeerLinks peers;
    private final Tracing tracing;
    private final LoopThreads loops;
    private final DutyThread flushThread;
    private final DutyThread houseThread;
    private final ExecutorService segments = Threads.pool("etcd-segment", 1);
    private final ExecutorService readers = Threads.pool("etcd-read", READER_THREADS);
    private final ExecutorService slow = Threads.pool("etcd-slow", 1);
    private final ExecutorService backups = Threads.pool("etcd-backup", 1);
    private final @Nullable ScheduledBackups scheduledBackups;
    private volatile @Nullable Publication publication;
    private final ExecutorService profiler = Threads.pool("etcd-profile", 1);
    private final ExecutorService storeWork = Threads.pool("etcd-store", STORE_THREADS);
    private final CompletableFuture<Void> removed = new CompletableFuture<>();
    private final CompletableFuture<Void> published = new CompletableFuture<>();

    /**
     * Opens the data directory, founds, joins or rejoins, and starts the loops. Clients are not served yet: see {@link #services}
     * and {@link #published}.
     *
     * @param metrics where the member counts
     * @param network the threads of the connections; still the caller's
     * @param peerTls of the connections to other members
     * @param onFailure hears, once, of what leaves the member unable to go on; it must end the process or close the server
     * @throws StartException when the configuration and the data directory do not allow a start
     */
    public EtcdServer(
            ServerConfig config,
            Metrics metrics,
            EventLoops network,
            PeerTls peerTls,
            BiConsumer<String, Throwable> onFailure)
            throws StartException, InterruptedException {
        this.config = config;
        flushThread = new DutyThread("etcd-flush", onFailure);
        houseThread = new DutyThread("etcd-house", onFailure);
        instruments = new Instruments(metrics);
        tracing = Tracing.of(config);
        SecureRandom random = new SecureRandom();
        TokenProvider tokens = TokenProviders.open(config, random);
        peers = new PeerLinks(config, network, peerTls, metrics, () -> removed.complete(null));
        boot = Bootstrap.run(
                config,
                failure -> onFailure.accept("etcd-flush", failure),
                instruments,
                instruments,
                segments,
                new Outside(peers.questions(), new SystemNames(), network, peerTls::expectName));
        long now = System.nanoTime();
        InProcess surroundings = new InProcess(network, onFailure);
        loops = surroundings.loops;
        core = new MemberCore(
                config,
                boot,
                tokens,
                random,
                instruments,
                metrics.server,
                surroundings,
                now,
                System.currentTimeMillis());
        surroundings.status = core.status;
        services = new ClientServices(config, core, peers, metrics, instruments, tracing, readers, slow, backups);
        oldApi = config.enableV2() ? oldApi(config, metrics, tracing) : null;
        housekeeping = new Housekeeping(
                config,
                core.store,
                core.cluster,
                core.status,
                core.own,
                core.reads,
                core.alarms,
                core.quota,
                peers.client(),
                requestLimit(),
                now);
        scheduledBackups = scheduledBackups(metrics, random);
        metrics.loadBy(profiler);
        QueueFigures figures = new QueueFigures(metrics.own);
        core.show(figures);
        peers.show(figures);
        housekeeping.show(figures);
        network.pools().forEach(figures::follow);
        figures.follow("etcd-segment", segments);
        figures.follow("etcd-read", readers);
        figures.follow("etcd-slow", slow);
        figures.follow("etcd-backup", backups);
        figures.follow("etcd-profile", profiler);
        figures.follow("etcd-store", storeWork);
        if (core.apply.appliedIndex() > 0) {
            checkBeforeServing();
        }
        peers.introduce(boot.introduced());
        loops.start(core.raftLoop, core.log, core.apply, boot.alone());
        flushThread.start(List.of(flushing(core.store.flusher())));
        List<Duty> houseDuties = new ArrayList<>(List.of(
                core.leases,
                every(HOUSEKEEPING_NANOS, core.watches::doWork),
                every(HOUSEKEEPING_NANOS, services.renewals()::doWork),
                every(TOKENS_NANOS, core.authentication::doWork),
                onlyEvery(TimeUnit.MILLISECONDS.toNanos(config.electionTimeoutMillis()), services.leaderWatch()::look),
                new FirstElection(config, core, now),
                new StallWatch(
                        core.cluster,
                        core.status,
                        core.control,
                        core.log::busyNanos,
                        peers::longestActive,
                        TimeUnit.MILLISECONDS.toNanos(config.electionTimeoutMillis()),
                        now),
                core.versions,
                core.snapshots));
        OldApi old = oldApi;
        if (old != null) {
            houseDuties.add(onlyEvery(SWEEPING_NANOS, old::sweep));
        }
        houseDuties.addAll(housekeeping.duties(houseThread::wake, System.nanoTime()));
        if (scheduledBackups != null) {
            houseDuties.add(scheduledBackups);
        }
        houseThread.start(houseDuties);
        // A cluster that has just been founded has no version until its first leader has decided one.
        Publication own = new Publication(
                boot.identity().clusterId(),
                Publication.request(boot.identity().memberId(), config),
                core.own,
                () -> core.versionDecided.thenRun(() -> published.complete(null)));
        publication = own;
        own.start();
    }

    private @Nullable ScheduledBackups scheduledBackups(Metrics metrics, SecureRandom random) {
        long self = boot.identity().memberId();
        return config.backups()
                .map(settings -> new ScheduledBackups(
                        settings,
                        core.store,
                        boot.identity(),
                        () -> core.status.leader() == self,
                        random::nextLong,
                        Threads.pool("etcd-fullbackup", 1),
                        Threads.pool("etcd-archive", 1),
                        Clock.systemUTC(),
                        NanoClock.SYSTEM,
                        metrics.backups()))
                .orElse(null);
    }

    /** The core's surroundings in a process of its own. */
    private final class InProcess implements Surroundings {
        private final EventLoops network;
        private final LoopThreads loops;
        private final Runnable wakeRaft;
        private volatile @Nullable StatusBoard status;

        InProcess(EventLoops network, BiConsumer<String, Throwable> onFailure) {
            this.network = network;
            loops = new LoopThreads(this::isAlone, onFailure);
            wakeRaft = network.oncePerLook(loops::wakeRaft);
        }

        private boolean isAlone() {
            StatusBoard board = status;
            return board == null || board.isAlone();
        }

        @Override
        public void wakeRaft() {
            wakeRaft.run();
        }

        @Override
        public void wakeLog() {
            loops.wakeLog();
        }

        @Override
        public void wakeApply() {
            loops.wakeApply();
        }

        @Override
        public void wakeHouse() {
            houseThread.wake();
        }

        @Override
        public int randomBelow(int bound) {
            return ThreadLocalRandom.current().nextInt(bound);
        }

        @Override
        public Executor home() {
            return network.here(readers);
        }

        @Override
        public Executor storeWork() {
            return storeWork;
        }

        @Override
        public Peers connect(Cluster cluster, RaftInbox inbox, SnapshotExchange snapshots) {
            return peers.connect(cluster, inbox, snapshots);
        }

        @Override
        public VersionMonitor.MemberVersions versions() {
            return peers.versions(boot.identity().memberId());
        }

        @Override
        public void storeExchanged() {
            Publication known = publication;
            if (known != null) {
                known.again();
            }
        }

        @Override
        public void removed() {
            removed.complete(null);
        }
    }

    /** What the client port offers. */
    public List<ServerServiceDefinition> services() {
        return services.all();
    }

    private OldApi oldApi(ServerConfig config, Metrics metrics, Tracing tracing) {
        AdminPages admin = new AdminPages(
                core.cluster,
                core.status,
                services.reconfiguration(),
                new AdminPages.Statistics(
                        config.name(), peers.traffic(), new StoreCounters(metrics.server.leaseExpiredTotal::value, () ->
                                (long) metrics.mvcc.watcherTotal.value())),
                core.authentication.forV2(),
                core.reads,
                core.own,
                Clock.systemDefaultZone());
        return new OldApi(config, core, peers, metrics, tracing, readers, services.renewals(), admin);
    }

    /** The v2 API; null when it is not served. */
    @Nullable
    OldApi oldApi() {
        return oldApi;
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
        return core.cluster;
    }

    public StatusBoard status() {
        return core.status;
    }

    /** Answers questions to the Raft core. */
    RaftGroup raft() {
        return core.control;
    }

    /** Runs what looks into the process itself. */
    ExecutorService profiler() {
        return profiler;
    }

    /** Whether users have to say who they are. */
    boolean authEnabled() {
        return core.authentication.access().isOn();
    }

    public Alarms alarms() {
        return core.alarms;
    }

    public MvccStore store() {
        return core.store;
    }

    Lessor lessor() {
        return core.lessor;
    }

    Proposals proposals() {
        return core.proposals;
    }

    /** How long a request may take. */
    Duration requestLimit() {
        return Duration.ofMillis(core.timeoutMillis);
    }

    /** Runs what reads the whole store. */
    ExecutorService slow() {
        return slow;
    }

    /** What other members ask for on behalf of their clients. */
    Promotion promotion() {
        return services.promotion();
    }

    /** Takes what other members send to {@code /raft}, on one connection to a peer URL. */
    public ChannelHandler newRaftHandler() {
        return peers.newHandler();
    }

    /** Makes spans of calls. */
    Tracing tracing() {
        return tracing;
    }

    Instruments instruments() {
        return instruments;
    }

    public ReadIndexQueue reads() {
        return core.reads;
    }

    /** Gives leadership away, if this member has it and another can take it; waits as long as a request may take. */
    public void handOver() {
        long self = core.cluster.identity().memberId();
        List<Member> others = core.cluster.view().voters().stream()
                .filter(member -> member.id() != self)
                .toList();
        if (core.status.leader() != self || others.isEmpty()) {
            LOG.atInfo()
                    .setMessage(
                            others.isEmpty()
                                    ? "skipped leadership transfer for single voting member cluster"
                                    : "skipped leadership transfer; local server is not leader")
                    .addKeyValue("local-member-id", Identity.hex(self))
                    .addKeyValue("current-leader-member-id", Identity.hex(core.status.leader()))
                    .log();
            return;
        }
        Member next = peers.longestActive(others);
        if (next == null) {
            LOG.warn("leadership transfer failed: no other voter is connected");
            return;
        }
        LOG.atInfo()
                .setMessage("leadership transfer starting")
                .addKeyValue("local-member-id", Identity.hex(self))
                .addKeyValue("current-leader-member-id", Identity.hex(self))
                .addKeyValue("transferee-member-id", Identity.hex(next.id()))
                .log();
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        core.control.transferLeadership(next.id(), new Completion<Long>() {
            @Override
            public void complete(Long leader) {
                done.complete(true);
            }

            @Override
            public void fail(EtcdError error) {
                done.complete(false);
            }
        });
        boolean moved = done.completeOnTimeout(false, core.timeoutMillis, TimeUnit.MILLISECONDS)
                .join();
        (moved ? LOG.atInfo() : LOG.atWarn())
                .setMessage(moved ? "leadership transfer finished" : "leadership transfer failed")
                .addKeyValue("local-member-id", Identity.hex(self))
                .addKeyValue("transferee-member-id", Identity.hex(next.id()))
                .log();
    }

    /** Ends the streams that would otherwise keep the client port from closing. */
    public void endStreams() {
        core.watches.close();
    }

    /** Tells what still waits for the log, a quorum or the keys on leases that the server stops; it has had its time. */
    public void refuseWaiting() {
        core.proposals.stop();
        core.reads.refuse();
        core.lessor.stop();
    }

    /** Stops in the order that {@code server/THREADS.md} gives; the client port has been closed before. */
    @Override
    public void close() {
        core.watches.close();
        houseThread.stop();
        housekeeping.close();
        if (scheduledBackups != null) {
            scheduledBackups.close();
        }
        peers.close();
        loops.stop();
        core.proposals.stop();
        core.control.stop();
        core.reads.stop();
        core.lessor.stop();
        // What still reads is waited for by the store, which then lets nobody in any more.
        readers.shutdown();
        slow.shutdown();
        backups.shutdown();
        storeWork.shutdown();
        profiler.shutdownNow();
        tracing.close();
        core.incoming.close();
        core.authentication.close();
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
        core.store.close();
        segments.shutdown();
        try {
            boot.wal().close();
            boot.directory().close();
        } catch (Exception e) {
            LOG.atWarn().setMessage("failed to close the log").setCause(e).log();
        }
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

    /** A duty that is done in intervals and never between, however often its thread is woken. */
    private static Duty onlyEvery(long intervalNanos, Runnable work) {
        return new Duty() {
            private long next = System.nanoTime() + intervalNanos;

            @Override
            public int doWork(long nowNanos) {
                if (nowNanos - next < 0) {
                    return 0;
                }
                next = nowNanos + intervalNanos;
                work.run();
                return 1;
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
