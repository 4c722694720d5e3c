package dev.cairn.server.version;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.membershippb.ClusterVersionSetRequest;
import dev.cairn.proto.membershippb.DowngradeInfoSetRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.thread.Duty;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides the cluster version while this member leads: at once when none was ever decided, else in intervals. The version is
 * that of the oldest member, and while a downgrade is enabled its target; a downgrade ends when every member runs the target.
 *
 * <p>A duty of the housekeeping thread. One question or proposal is under way at most.
 */
public final class VersionMonitor implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(VersionMonitor.class);
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** Finds out the releases of all members. Must not block. */
    public interface MemberVersions {
        /**
         * Asks every member.
         *
         * @param answer hears once, on any thread, the release of the oldest member; null when one of them cannot be asked
         */
        void oldest(Cluster.View members, Consumer<@Nullable ServerVersion> answer);
    }

    private final Cluster cluster;
    private final MemberStatus status;
    private final Proposer proposer;
    private final MemberVersions versions;
    private final long downgradeCheckNanos;
    /** From a question to the members until what followed from it is decided. */
    private final AtomicBoolean busy = new AtomicBoolean();
    /** This member has come to lead and looks at once. */
    private final AtomicBoolean elected = new AtomicBoolean();

    private long nextNanos;
    private long nextDowngradeNanos;

    /** @param downgradeCheckNanos how often is looked whether a downgrade is done; 0 for never */
    public VersionMonitor(
            Cluster cluster,
            MemberStatus status,
            Proposer proposer,
            MemberVersions versions,
            long downgradeCheckNanos,
            long nowNanos) {
        this.cluster = cluster;
        this.status = status;
        this.proposer = proposer;
        this.versions = versions;
        this.downgradeCheckNanos = downgradeCheckNanos;
        this.nextNanos = nowNanos + INTERVAL_NANOS;
        this.nextDowngradeNanos = nowNanos + downgradeCheckNanos;
    }

    /** This member has come to lead. Any thread; the housekeeping thread has to be woken. */
    public void elected() {
        elected.set(true);
    }

    @Override
    public int doWork(long nowNanos) {
        int work = 0;
        Cluster.View now = cluster.view();
        if (elected.getAndSet(false) || nowNanos - nextNanos >= 0) {
            nextNanos = nowNanos + INTERVAL_NANOS;
            work += decide(now);
        }
        if (downgradeCheckNanos > 0 && nowNanos - nextDowngradeNanos >= 0) {
            nextDowngradeNanos = nowNanos + downgradeCheckNanos;
            work += endDowngrade(now);
        }
        return work;
    }

    @Override
    public long nextDeadlineNanos() {
        return downgradeCheckNanos > 0 && nextDowngradeNanos - nextNanos < 0 ? nextDowngradeNanos : nextNanos;
    }

    private int decide(Cluster.View now) {
        if (!leads() || !busy.compareAndSet(false, true)) {
            return 0;
        }
        versions.oldest(now, oldest -> decide(now, oldest));
        return 1;
    }

    private void decide(Cluster.View now, @Nullable ServerVersion oldest) {
        ServerVersion next = decision(now, oldest);
        if (next == null || !leads()) {
            busy.set(false);
            return;
        }
        String current = now.version();
        if (current == null) {
            LOG.atInfo()
                    .setMessage("setting up initial cluster version using v3 API")
                    .addKeyValue("cluster-version", next.shortText())
                    .log();
        } else {
            LOG.atInfo()
                    .setMessage("updating cluster version using v3 API")
                    .addKeyValue("from", ServerVersion.require(current).shortText())
                    .addKeyValue("to", next.shortText())
                    .log();
        }
        ClusterVersionSetRequest set =
                ClusterVersionSetRequest.newBuilder().setVer(next.toString()).build();
        propose(InternalRaftRequest.newBuilder().setClusterVersionSet(set), "failed to update cluster version");
    }

    /** What the cluster version has to become; null when it is right. */
    private static @Nullable ServerVersion decision(Cluster.View now, @Nullable ServerVersion oldest) {
        String decided = now.version();
        if (decided == null) {
            return oldest != null ? oldest : ServerVersion.OLDEST;
        }
        if (oldest == null) {
            return null;
        }
        ServerVersion current = ServerVersion.require(decided);
        String downgrade = now.downgradeTarget();
        if (downgrade == null) {
            return current.isOlderThan(oldest) && current.major() == oldest.major() ? oldest : null;
        }
        ServerVersion target = ServerVersion.require(downgrade);
        if (target.equals(current)) {
            return null;
        }
        if (!current.mayDowngradeTo(target) || !oldest.mayDowngradeTo(target)) {
            LOG.atError()
                    .setMessage("Failed to monitor cluster version: invalid downgrade target")
                    .addKeyValue("downgrade-target", target)
                    .addKeyValue("cluster-version", current)
                    .addKeyValue("minimal-server-version", oldest)
                    .log();
            return null;
        }
        return target;
    }

    private int endDowngrade(Cluster.View now) {
        String target = now.downgradeTarget();
        if (target == null || !leads() || !busy.compareAndSet(false, true)) {
            return 0;
        }
        versions.oldest(now, oldest -> endDowngrade(target, oldest));
        return 1;
    }

    private void endDowngrade(String target, @Nullable ServerVersion oldest) {
        if (!ServerVersion.require(target).equals(oldest)) {
            LOG.atWarn()
                    .setMessage("remotes server has mismatching etcd version")
                    .addKeyValue("current-server-version", oldest)
                    .addKeyValue("target-version", target)
                    .log();
            busy.set(false);
            return;
        }
        LOG.atInfo()
                .setMessage("the cluster has been downgraded")
                .addKeyValue("cluster-version", target)
                .log();
        DowngradeInfoSetRequest set =
                DowngradeInfoSetRequest.newBuilder().setEnabled(false).build();
        propose(InternalRaftRequest.newBuilder().setDowngradeInfoSet(set), "failed to cancel downgrade");
    }

    private boolean leads() {
        return status.leader() == cluster.identity().memberId();
    }

    private void propose(InternalRaftRequest.Builder request, String failure) {
        proposer.propose(request, new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                busy.set(false);
            }

            @Override
            public void fail(EtcdError error) {
                // The next interval tries again.
                busy.set(false);
                LOG.atWarn()
                        .setMessage(failure)
                        .addKeyValue("error", error.message())
                        .log();
            }
        });
    }
}
