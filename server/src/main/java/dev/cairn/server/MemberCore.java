package dev.cairn.server;

import dev.cairn.auth.AuthStore;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.peers.SnapshotSink;
import dev.cairn.peers.SnapshotSource;
import dev.cairn.raft.RaftConfig;
import dev.cairn.raft.RaftNode;
import dev.cairn.raft.RaftRole;
import dev.cairn.raft.message.Message;
import dev.cairn.server.access.RootProposer;
import dev.cairn.server.access.TokenProvider;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Applier;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.apply.ApplyMeter;
import dev.cairn.server.apply.ClusterChanges;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.apply.QuotaNotice;
import dev.cairn.server.apply.StoreAdmission;
import dev.cairn.server.backup.OutgoingSnapshots;
import dev.cairn.server.bootstrap.Bootstrap;
import dev.cairn.server.config.FeatureGate;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.install.IncomingSnapshots;
import dev.cairn.server.install.SnapshotInstaller;
import dev.cairn.server.loop.LogHolds;
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
import dev.cairn.server.membership.QuorumContact;
import dev.cairn.server.metrics.ServerMetrics;
import dev.cairn.server.peer.SnapshotExchange;
import dev.cairn.server.rpc.Headers;
import dev.cairn.server.snapshot.SnapshotDuty;
import dev.cairn.server.version.VersionMonitor;
import dev.cairn.watch.WatchHub;
import dev.cairn.watch.WatchOptions;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member without sockets and threads: the stores, consensus and the loops, ready to be run as duties by whoever made it. It starts
 * nothing: nothing happens before {@link #raftLoop}, {@link #log} and {@link #apply} are run, together or each on a thread of its own,
 * and {@link #leases}, {@link #versions} and {@link #snapshots} by the one that does the housekeeping.
 *
 * <p>Made by one thread; the parts say themselves who may use them. It does not own what {@link Bootstrap} opened.
 */
final class MemberCore {
    private static final Logger LOG = LoggerFactory.getLogger(MemberCore.class);

    /** Until when a request must have found a quorum: this and twice the election timeout. */
    private static final long REQUEST_TIMEOUT_MILLIS = 5000;

    /** The size of one message between members, and of one batch to apply. */
    private static final long MESSAGE_BYTES_MAX = 1 << 20;

    private final LeaderLines leaderLines;
    final MvccStore store;
    final Cluster cluster;
    final StatusBoard status;
    final RequestIds ids;
    final long timeoutMillis;
    final Surroundings.Peers peers;
    final Proposals proposals;
    final RaftControl control;
    final ReadIndexQueue reads;
    /** Proposes in this member's own name. */
    final Proposer own;

    final Alarms alarms;
    final Quota quota;
    final StoreAdmission admission;
    final Authentication authentication;
    final Lessor lessor;
    final Headers headers;
    final WatchHub watches;
    final LogLoop log;
    final ApplyLoop apply;
    final RaftLoop raftLoop;
    final SnapshotDuty snapshots;
    final IncomingSnapshots incoming;
    final VersionMonitor versions;
    final LeaseRole leases;
    final RaftInbox inbox;

    /** Completes when the cluster has a version. */
    final CompletableFuture<Void> versionDecided = new CompletableFuture<>();

    private final Instruments instruments;
    private final Surroundings surroundings;

    MemberCore(
            ServerConfig config,
            Bootstrap.Result boot,
            TokenProvider tokens,
            SecureRandom random,
            Instruments instruments,
            ServerMetrics metrics,
            Surroundings surroundings,
            long now,
            long wallClockMillis) {
        this.instruments = instruments;
        this.surroundings = surroundings;
        store = boot.store();
        boot.snapshots().reportTo(instruments);
        cluster = new Cluster(boot.identity(), store);
        long memberId = boot.identity().memberId();
        long appliedIndex = store.appliedState().index();
        status = new StatusBoard(appliedIndex);
        ids = new RequestIds(memberId, wallClockMillis);
        timeoutMillis = REQUEST_TIMEOUT_MILLIS + 2 * config.electionTimeoutMillis();
        inbox = new RaftInbox(surroundings::wakeRaft);
        LogHolds holds = new LogHolds();
        incoming = new IncomingSnapshots(
                boot.identity(),
                boot.snapshots(),
                config.memberDir().resolve("snap"),
                config.memberDir(),
                config.quotaBackendBytes(),
                surroundings.storeWork());
        incoming.reportTo(instruments);
        OutgoingSnapshots outgoing =
                new OutgoingSnapshots(boot.identity(), store, holds, surroundings.storeWork(), inbox::snapshotLost);
        peers = surroundings.connect(cluster, inbox, new SnapshotExchange() {
            @Override
            public void send(Message message, Consumer<SnapshotSource> transport) {
                outgoing.send(message, transport);
            }

            @Override
            public SnapshotSink sink(Message message) throws IOException {
                return incoming.receive(message);
            }
        });
        proposals = new Proposals(
                ids,
                status,
                config.maxRequestBytes(),
                timeoutMillis,
                config.isEnabled(FeatureGate.PRIORITY_REQUEST),
                new TimeoutCause(
                        status, config.electionTimeoutMillis(), new QuorumContact(cluster, status, peers)::heldSince),
                surroundings::wakeRaft);
        control = new RaftControl(ids, status, timeoutMillis, surroundings::removed, surroundings::wakeRaft);
        own = new MeteredProposer(proposals, metrics);
        reads = new ReadIndexQueue(status, ids, timeoutMillis, surroundings::home, surroundings::wakeRaft);
        reads.reportTo(instruments);

        alarms = new Alarms(store);
        quota = new Quota(config.quotaBackendBytes(), store::sizeInUse);
        QuotaNotice.write(quota, config.quotaIsDefault());
        admission = new StoreAdmission(quota, alarms, proposals, memberId);
        AuthStore users = Authentication.restore(config, tokens, random, store);
        lessor = new Lessor(
                store,
                leaseOptions(config),
                new LeaseExpiry(
                                new RootProposer(own, users),
                                reads,
                                () -> status.leader() == memberId,
                                surroundings::wakeHouse)
                        .reportTo(metrics.leaseExpiredTotal::increment),
                now);
        lessor.measureBy(instruments);
        lessor.restore();
        leases = new LeaseRole(
                lessor, TimeUnit.MILLISECONDS.toNanos(config.electionTimeoutMillis()), surroundings::wakeHouse);
        store.setLeases(lessor);
        authentication = new Authentication(config, users, tokens, random, store, lessor, status, own, timeoutMillis);
        headers = new Headers(boot.identity().clusterId(), memberId, status::term, store::currentRevision);
        watches = new WatchHub(
                store,
                WatchOptions.of(config.watchProgressNotifyInterval().toNanos(), config.maxRequestBytes()),
                headers);
        watches.onWork(surroundings::wakeHouse);
        store.setListener(watches);

        log = new LogLoop(boot.wal(), boot.hardState(), boot.snapshots(), inbox::durable, surroundings::wakeLog);
        snapshots = new SnapshotDuty(
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
        applier.measureBy(new ApplyMeter(metrics, config.warningApplyDuration()));
        ApplyLoop.EntryListener onEntry = (index, term) -> {
            snapshots.onApplied(index, term);
            incoming.onApplied(index);
            authentication.applied(index);
            leases.applied(term);
        };
        apply = new ApplyLoop(applier, appliedIndex, onEntry, inbox::applied, surroundings::wakeApply);
        apply.installBy(
                instruments.measured(new SnapshotInstaller(
                        new SnapshotInstaller.Parts(store, lessor, users, alarms, cluster, watches, snapshots),
                        incoming,
                        surroundings.storeWork(),
                        surroundings::removed)),
                append -> {
                    inbox.installed(append);
                    surroundings.storeExchanged();
                });
        status.followApplied(apply::appliedIndex);
        versions = new VersionMonitor(
                cluster,
                status,
                own,
                surroundings.versions(),
                config.downgradeCheckTime().toNanos(),
                now);
        // Before the core may want to send to them.
        cluster.setListener(new Following());
        RaftNode raft = new RaftNode(RaftConfig.builder()
                .id(memberId)
                .storage(boot.raftStorage())
                .applied(appliedIndex)
                .electionTicks(config.electionTicks())
                .asyncStorageWrites(true)
                .maxSizePerMessage(MESSAGE_BYTES_MAX)
                .preVote(config.preVote())
                .randomBelow(surroundings::randomBelow)
                .listener(new RaftLog())
                .build());
        RaftLoop.Parts parts =
                new RaftLoop.Parts(status, inbox, proposals, control, reads, log, apply, peers, this::onRole);
        raftLoop = new RaftLoop(
                memberId,
                raft,
                boot.raftStorage(),
                parts,
                config.heartbeatIntervalMillis(),
                config.snapshotCatchupEntries(),
                holds,
                now);
        leaderLines = new LeaderLines(cluster.identity().memberId());
        instruments.follow(boot.identity(), store, status, proposals, watches, quota, alarms);
        instruments.followUsers(authentication::revision);
        instruments.followFeatures(config);
    }

    /** Shows how full the core's queues are. */
    void show(QueueFigures figures) {
        figures.follow("proposals", proposals.queue());
        figures.follow("member-changes", control.queue());
        figures.follow("linearizable-reads", reads.queue());
        figures.follow("raft-messages", inbox.queue());
        figures.follow("log-appends", log.queue());
        figures.follow("apply", apply.queue());
        figures.follow(watches);
        figures.follow(store);
        authentication.show(figures);
    }

    private static LessorOptions leaseOptions(ServerConfig config) {
        LessorOptions options =
                LessorOptions.forElection(config.electionTicks(), (int) config.heartbeatIntervalMillis());
        return config.isEnabled(FeatureGate.LEASE_CHECKPOINT)
                ? options.withCheckpointInterval(LessorOptions.DEFAULT_CHECKPOINT_INTERVAL_SECONDS)
                : options;
    }

    private void onRole(RaftRole role, long leader, long term) {
        if (role == RaftRole.LEADER) {
            versions.elected();
            leases.lead(term);
        } else {
            leases.follow();
        }
        instruments.leaderChanged(role, leader);
        leaderLines.onLeader(leader, term);
    }

    /** Who has to know how the cluster changes. */
    private final class Following implements ClusterListener {
        @Override
        public void member(long id, boolean present) {
            instruments.member(id, present);
        }

        @Override
        public void members(Cluster.View now) {
            peers.follow(now);
        }

        @Override
        public void version(@Nullable String before, String version) {
            instruments.version(before, version);
            versionDecided.complete(null);
        }
    }
}
