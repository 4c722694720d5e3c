package dev.cairn.server;

import dev.cairn.lease.LeaseMeter;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreMeter;
import dev.cairn.raft.RaftRole;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.EtcdVersion;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.ApplyLoop;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.config.FeatureGate;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HealthPages;
import dev.cairn.server.install.IncomingSnapshots;
import dev.cairn.server.loop.Proposals;
import dev.cairn.server.loop.ReadIndexListener;
import dev.cairn.server.membership.ClusterListener;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Reconfiguration;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.version.ServerVersion;
import dev.cairn.wal.SnapListener;
import dev.cairn.wal.WalListener;
import dev.cairn.watch.WatchHub;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects the parts of the member with the series of its metrics: what the parts tell is counted, what they know is asked
 * for when it is scraped. Thread-safe.
 */
final class Instruments
        implements StoreMeter,
                WalListener,
                HealthPages.HealthCounter,
                ReadIndexListener,
                ClusterListener,
                LeaseMeter,
                SnapListener,
                IncomingSnapshots.Listener,
                Reconfiguration.PromotionListener {
    private static final Logger LOG = LoggerFactory.getLogger(Instruments.class);
    private static final double NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final Metrics metrics;
    private volatile String ownId = "";
    /** Confined to the Raft loop. */
    private long lastLeader;

    Instruments(Metrics metrics) {
        this.metrics = metrics;
    }

    /** Has the gauges follow the member. */
    void follow(
            Identity identity,
            MvccStore store,
            MemberStatus status,
            Proposals proposals,
            WatchHub watches,
            Quota quota,
            Alarms alarms) {
        ownId = Identity.hex(identity.memberId());
        metrics.server.id.with(Identity.hex(identity.memberId())).set(1);
        metrics.server.version.with(EtcdVersion.SERVER).set(1);
        metrics.server.goVersion.with("java" + Runtime.version().feature()).set(1);
        metrics.server.hasLeader.follow(() -> status.hasLeader() ? 1 : 0);
        metrics.server.isLeader.follow(() -> status.leader() == identity.memberId() ? 1 : 0);
        metrics.server.isLearner.follow(() -> status.isLearner() ? 1 : 0);
        metrics.server.proposalsCommittedTotal.follow(status::committedIndex);
        metrics.server.proposalsAppliedTotal.follow(status::appliedIndex);
        metrics.server.proposalsPending.follow(proposals::pending);
        metrics.server.quotaBackendBytes.set(quota.limitBytes());
        alarms.setListener((memberId, type, raised) ->
                metrics.server.alarms.with(Identity.hex(memberId), type.name()).set(raised));
        metrics.mvcc.currentRevision.follow(store::currentRevision);
        // -1 before the first compaction.
        metrics.mvcc.compactRevision.follow(() -> store.compactedRevision() <= 0 ? -1 : store.compactedRevision());
        metrics.mvcc.keysTotal.follow(store::keys);
        metrics.mvcc.dbTotalSizeInBytes.follow(store::sizeOnDisk);
        metrics.mvcc.dbTotalSizeInUseInBytes.follow(store::sizeInUse);
        metrics.mvcc.watchStreamTotal.follow(watches::streams);
        metrics.mvcc.watcherTotal.follow(watches::watchers);
        metrics.mvcc.slowWatcherTotal.follow(watches::slowWatchers);
        metrics.mvcc.pendingEventsTotal.follow(watches::eventsPending);
        metrics.mvcc.eventsTotal.follow(watches::eventsSent);
        metrics.mvcc.dbOpenReadTransactions.follow(() -> store.storage().readers());
    }

    /** Shows which switches are on. */
    void followFeatures(ServerConfig config) {
        for (FeatureGate gate : FeatureGate.values()) {
            metrics.server
                    .featureEnabled
                    .with(gate.gateName(), gate.stage().name())
                    .set(config.isEnabled(gate));
        }
        for (FeatureGate.Stage stage : FeatureGate.Stage.values()) {
            metrics.server.featureEnabled.with(stage.all(), stage.name()).set(config.isEnabled(stage));
        }
    }

    /** The same installation, which is counted while it is under way. */
    ApplyLoop.Installation measured(ApplyLoop.Installation installation) {
        return snapshot -> {
            metrics.server.snapshotApplyInProgressTotal.increment();
            try {
                installation.install(snapshot);
            } finally {
                metrics.server.snapshotApplyInProgressTotal.decrement();
            }
        };
    }

    /**
     * A range was asked for by the member itself.
     *
     * @param read whether it came so far that the store was asked
     */
    void rangeDone(boolean success, long nanos, boolean read) {
        metrics.server
                .requestDurationSeconds
                .with(Boolean.toString(success), "Range")
                .observeNanos(nanos);
        if (read) {
            metrics.server.rangeDurationSeconds.with(Boolean.toString(success)).observeNanos(nanos);
        }
    }

    @Override
    public void onGrant(long ttlSeconds) {
        metrics.server.leaseGrantedTotal.increment();
        metrics.server.leaseTtlTotal.observe(ttlSeconds);
    }

    @Override
    public void onRenew() {
        metrics.server.leaseRenewedTotal.increment();
    }

    @Override
    public void onRevoke() {
        metrics.server.leaseRevokedTotal.increment();
    }

    @Override
    public void snapshotEncoded(long nanos) {
        metrics.disk.snapSaveMarshallingDurationSeconds.observeNanos(nanos);
    }

    @Override
    public void snapshotSynced(long nanos) {
        metrics.disk.snapFsyncDurationSeconds.observeNanos(nanos);
    }

    @Override
    public void snapshotSaved(long nanos) {
        metrics.disk.snapSaveTotalDurationSeconds.observeNanos(nanos);
    }

    @Override
    public void databaseSynced(long nanos) {
        metrics.disk.snapDbFsyncDurationSeconds.observeNanos(nanos);
    }

    @Override
    public void databaseSaved(long nanos) {
        metrics.disk.snapDbSaveTotalDurationSeconds.observeNanos(nanos);
    }

    /** @param revision the auth revision at any moment */
    void followUsers(LongSupplier revision) {
        metrics.server.authRevision.follow(revision::getAsLong);
    }

    /** The member's role, or the leader that it knows of, has changed. */
    void leaderChanged(RaftRole role, long leader) {
        if (leader != 0 && leader != lastLeader) {
            metrics.server.leaderChangesSeenTotal.increment();
        }
        lastLeader = leader;
    }

    @Override
    public void member(long id, boolean present) {
        metrics.network.knownPeers.with(ownId, Identity.hex(id)).set(present ? 1 : 0);
    }

    @Override
    public void version(@Nullable String before, String now) {
        if (before != null) {
            metrics.server
                    .clusterVersion
                    .with(ServerVersion.require(before).shortText())
                    .set(0);
        }
        metrics.server
                .clusterVersion
                .with(ServerVersion.require(now).shortText())
                .set(1);
    }

    @Override
    public void promoted(@Nullable EtcdError error) {
        if (error == null) {
            metrics.server.learnerPromoteSuccesses.increment();
        } else if (error != EtcdError.NO_LEADER) {
            metrics.server.learnerPromoteFailures.with(reason(error)).increment();
        }
    }

    /** Etcd counts under the texts of its inner errors. */
    private static String reason(EtcdError error) {
        return switch (error) {
            case MEMBER_NOT_FOUND -> "membership: ID not found";
            case MEMBER_NOT_LEARNER -> "membership: can only promote a learner member";
            default -> error.message();
        };
    }

    @Override
    public void onPut(long bytes) {
        metrics.mvcc.putTotal.increment();
        metrics.mvcc.totalPutSizeInBytes.add(bytes);
    }

    @Override
    public void onDelete() {
        metrics.mvcc.deleteTotal.increment();
    }

    @Override
    public void onRange() {
        metrics.mvcc.rangeTotal.increment();
    }

    @Override
    public void onTxn() {
        metrics.mvcc.txnTotal.increment();
    }

    @Override
    public void onCommit(long durationNanos, long operations) {
        metrics.disk.backendCommitDurationSeconds.observeNanos(durationNanos);
    }

    @Override
    public void onBackendCommit(long durationNanos) {
        metrics.disk.backendCommitWriteDurationSeconds.observeNanos(durationNanos);
    }

    @Override
    public void onDefragmenting(boolean underWay) {
        metrics.disk.defragInflight.set(underWay);
    }

    @Override
    public void onCompactionStep(long durationNanos, long revisionsRemoved) {
        metrics.mvcc.dbCompactionKeysTotal.add(revisionsRemoved);
        metrics.mvcc.dbCompactionPauseDurationMilliseconds.observe(durationNanos / NANOS_PER_MILLI);
    }

    @Override
    public void onCompactionScheduled(long durationNanos) {
        metrics.mvcc.indexCompactionPauseDurationMilliseconds.observe(durationNanos / NANOS_PER_MILLI);
    }

    @Override
    public void onHash(long durationNanos) {
        metrics.mvcc.hashDurationSeconds.observeNanos(durationNanos);
    }

    @Override
    public void onHashKv(long durationNanos) {
        metrics.mvcc.hashRevDurationSeconds.observeNanos(durationNanos);
    }

    @Override
    public void onCompactionFinished(long revision, long durationNanos, long revisionsRemoved) {
        LOG.atInfo()
                .setMessage("finished scheduled compaction")
                .addKeyValue("compact-revision", revision)
                .addKeyValue("took", Duration.ofNanos(durationNanos))
                .addKeyValue("number-of-keys-compacted", revisionsRemoved)
                .log();
        metrics.mvcc.dbCompactionTotalDurationMilliseconds.observe(durationNanos / NANOS_PER_MILLI);
        metrics.mvcc.dbCompactionLast.set(TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis()));
    }

    /** A client has got a whole snapshot. */
    void snapshotSent(long nanos) {
        metrics.disk.backendSnapshotDurationSeconds.observeNanos(nanos);
    }

    @Override
    public void onDefragment(long durationNanos, long pauseNanos) {
        metrics.disk.backendDefragDurationSeconds.observeNanos(durationNanos);
    }

    @Override
    public void written(long bytes, long nanos) {
        metrics.disk.walWriteBytesTotal.add(bytes);
        metrics.disk.walWriteDurationSeconds.observeNanos(nanos);
    }

    @Override
    public void synced(long nanos) {
        metrics.disk.walFsyncDurationSeconds.observeNanos(nanos);
    }

    @Override
    public void slow() {
        metrics.server.slowReadIndexesTotal.increment();
    }

    @Override
    public void failed() {
        metrics.server.readIndexesFailedTotal.increment();
    }

    @Override
    public void health(boolean healthy) {
        (healthy ? metrics.server.healthSuccess : metrics.server.healthFailures).increment();
    }

    @Override
    public void check(String page, String name, boolean passed) {
        metrics.server.healthcheck.with(name, page).set(passed);
        metrics.server
                .healthchecksTotal
                .with(name, passed ? "success" : "error", page)
                .increment();
    }
}
