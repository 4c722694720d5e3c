package dev.cairn.server;

import com.google.protobuf.MessageLite;
import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.api.StartException;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.apply.SpaceRelief;
import dev.cairn.server.compact.PeriodicCompaction;
import dev.cairn.server.compact.RevisionCompaction;
import dev.cairn.server.config.FeatureGate;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.corruption.CorruptionCheck;
import dev.cairn.server.corruption.CorruptionDuty;
import dev.cairn.server.corruption.OwnHashes;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.peer.PeerClient;
import dev.cairn.server.peer.PeerHashClient;
import dev.cairn.server.thread.Duty;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the leader does from time to time without being asked: compacting, comparing members, lifting the alarm about space. Made and
 * closed by the thread that starts the server; the duties run on the housekeeping thread.
 */
final class Housekeeping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    private final ServerConfig config;
    private final MvccStore store;
    private final Proposer proposer;
    private final SpaceRelief relief;
    private final CorruptionCheck check;
    private final long memberId;
    private final BooleanSupplier leading;
    private final ExecutorService checks = Threads.pool("etcd-check", 1);

    Housekeeping(
            ServerConfig config,
            MvccStore store,
            Cluster cluster,
            MemberStatus status,
            Proposer proposer,
            ReadGate reads,
            Alarms alarms,
            Quota quota,
            PeerClient peers,
            Duration requestLimit,
            long nowNanos) {
        this.config = config;
        this.store = store;
        this.proposer = proposer;
        this.memberId = cluster.identity().memberId();
        this.leading = () -> status.leader() == memberId;
        this.relief = new SpaceRelief(quota, alarms, proposer, memberId, leading, nowNanos);
        this.check = new CorruptionCheck(
                memberId,
                requestLimit,
                hashesOf(store),
                new PeerHashClient(cluster, peers, requestLimit),
                reads,
                this::raiseCorrupt);
    }

    /** The digests of the store. */
    static OwnHashes hashesOf(MvccStore store) {
        return new OwnHashes() {
            @Override
            public HashKv at(long revision) throws KvException {
                return store.hashKv(revision);
            }

            @Override
            public List<HashKv> ofCompactions() {
                return store.compactionHashes();
            }
        };
    }

    /**
     * Compares a restarted member with its peers, when the operator wants that; before any thread changes the store.
     *
     * @throws StartException when the member differs
     */
    void checkBeforeServing() throws StartException {
        if (!config.isEnabled(FeatureGate.INITIAL_CORRUPT_CHECK)) {
            return;
        }
        try {
            check.initial();
        } catch (CorruptionCheck.CheckException e) {
            LOG.atError()
                    .setMessage("checkInitialHashKV failed")
                    .addKeyValue("error", e.getMessage())
                    .log();
            throw new StartException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Shows how much waits to be compared. */
    void show(QueueFigures figures) {
        figures.follow("etcd-check", checks);
    }

    /** @param wake wakes the housekeeping thread */
    List<Duty> duties(Runnable wake, long nowNanos) {
        List<Duty> duties = new ArrayList<>();
        duties.add(relief);
        addCompaction(duties, wake, nowNanos);
        Duration period = config.corruptCheckTime();
        if (!period.isZero()) {
            LOG.atInfo()
                    .setMessage("enabled corruption checking")
                    .addKeyValue("local-member-id", Identity.hex(memberId))
                    .addKeyValue("interval", period)
                    .log();
            duties.add(new CorruptionDuty(period, leading, check::periodic, checks, nowNanos));
        }
        if (config.isEnabled(FeatureGate.COMPACT_HASH_CHECK)) {
            duties.add(
                    new CorruptionDuty(config.compactHashCheckTime(), leading, check::ofCompactions, checks, nowNanos));
        }
        return duties;
    }

    private void addCompaction(List<Duty> duties, Runnable wake, long nowNanos) {
        switch (config.autoCompactionMode()) {
            case PERIODIC -> {
                Duration period = config.autoCompactionPeriod();
                if (!period.isZero() && !period.isNegative()) {
                    duties.add(
                            new PeriodicCompaction(period, store::currentRevision, leading, proposer, wake, nowNanos));
                }
            }
            case REVISION -> {
                long retention = config.autoCompactionRevisions();
                if (retention > 0) {
                    duties.add(new RevisionCompaction(
                            retention, store::currentRevision, leading, proposer, wake, nowNanos));
                }
            }
        }
    }

    private void raiseCorrupt(long wrongMember) {
        AlarmRequest raise = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.ACTIVATE)
                .setMemberID(wrongMember)
                .setAlarm(AlarmType.CORRUPT)
                .build();
        proposer.propose(InternalRaftRequest.newBuilder().setAlarm(raise), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                // The alarm speaks for itself.
            }

            @Override
            public void fail(EtcdError error) {
                // The next check finds the same again.
                LOG.atWarn()
                        .setMessage("failed to raise the CORRUPT alarm")
                        .addKeyValue("member-id", Identity.hex(wrongMember))
                        .addKeyValue("error", error.message())
                        .log();
            }
        });
    }

    /** Checks that run are interrupted; nothing is checked any more. */
    @Override
    public void close() {
        checks.shutdownNow();
    }
}
