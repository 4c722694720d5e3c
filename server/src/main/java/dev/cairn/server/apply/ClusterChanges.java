package dev.cairn.server.apply;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.membershippb.ClusterMemberAttrSetRequest;
import dev.cairn.proto.membershippb.DowngradeInfoSetRequest;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.server.membership.ChangeListener;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import dev.cairn.server.version.ServerVersion;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what the log says about the cluster itself: configuration changes, published attributes, the cluster version
 * and downgrades. Confined to the apply loop.
 */
public final class ClusterChanges {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterChanges.class);

    private final Cluster cluster;
    private final int learnersMax;
    private final ChangeListener listener;
    private final Runnable snapshotForced;

    /**
     * @param learnersMax how many learners the cluster may have
     * @param snapshotForced asks for a Raft snapshot behind the entry that is just applied
     */
    public ClusterChanges(Cluster cluster, int learnersMax, ChangeListener listener, Runnable snapshotForced) {
        this.cluster = cluster;
        this.learnersMax = learnersMax;
        this.listener = listener;
        this.snapshotForced = snapshotForced;
    }

    /** The members as the log has made them so far. */
    Cluster.View view() {
        return cluster.view();
    }

    /** @return the answer; null when the request concerns something else */
    @Nullable
    MessageLite carryOut(InternalRaftRequest request) {
        if (request.hasClusterVersionSet()) {
            setVersion(request.getClusterVersionSet().getVer());
            return request.getClusterVersionSet();
        }
        if (request.hasClusterMemberAttrSet()) {
            ClusterMemberAttrSetRequest set = request.getClusterMemberAttrSet();
            cluster.updateAttributes(
                    set.getMemberID(),
                    set.getMemberAttributes().getName(),
                    set.getMemberAttributes().getClientUrlsList());
            return set;
        }
        if (request.hasDowngradeInfoSet()) {
            DowngradeInfoSetRequest set = request.getDowngradeInfoSet();
            cluster.setDowngrade(set.getEnabled() ? set.getVer() : null);
            return set;
        }
        if (request.hasDowngradeVersionTest()) {
            // Tests put it into a log to make the log look like a newer one's; it means nothing else.
            return request.getDowngradeVersionTest();
        }
        return null;
    }

    private void setVersion(String version) {
        ServerVersion next = ServerVersion.require(version);
        if (ServerVersion.own().isOlderThan(next)) {
            throw new IllegalStateException(
                    "invalid downgrade; server version is lower than determined cluster version: " + ServerVersion.own()
                            + " < " + next);
        }
        String before = cluster.view().version();
        cluster.setVersion(version);
        if (before != null && next.isOlderThan(ServerVersion.require(before))) {
            // The older release must not find in the log what only the newer one can write.
            LOG.atInfo()
                    .setMessage("Cluster version downgrade detected, forcing snapshot")
                    .addKeyValue("prev-cluster-version", before)
                    .addKeyValue("new-cluster-version", version)
                    .log();
            snapshotForced.run();
        }
    }

    /** @return the change as the core has to make it: of nobody when it is refused */
    ConfChange apply(Entry entry) {
        if (entry.type() != EntryType.CONF_CHANGE) {
            throw new IllegalStateException("entry " + entry.index() + " of the log changes several members at once;"
                    + " neither etcd nor this server proposes that");
        }
        ConfChange change = ConfChangeFormat.decode(entry.data());
        Cluster.Refusal refusal = apply(change);
        listener.applied(change.id(), cluster.view(), refusal == null ? null : refusal.error());
        if (refusal == null) {
            return change;
        }
        LOG.atError()
                .setMessage("Validation on configuration change failed")
                .addKeyValue("member", Long.toHexString(change.nodeId()))
                .addKeyValue("reason", refusal)
                .log();
        return new ConfChange(change.id(), change.type(), 0, change.context());
    }

    private Cluster.@Nullable Refusal apply(ConfChange change) {
        if (change.nodeId() == 0) {
            return null;
        }
        switch (change.type()) {
            case ADD_NODE, ADD_LEARNER_NODE -> {
                MemberFormat.Change described = decodeMember(change);
                Cluster.Refusal refusal = cluster.check(described, learnersMax);
                if (refusal != null) {
                    return refusal;
                }
                if (described.promote()) {
                    cluster.promote(change.nodeId());
                } else {
                    cluster.add(described.member());
                }
            }
            case REMOVE_NODE -> {
                Cluster.Refusal refusal = cluster.checkRemove(change.nodeId());
                if (refusal != null) {
                    return refusal;
                }
                cluster.remove(change.nodeId());
                if (change.nodeId() == cluster.identity().memberId()) {
                    listener.removedSelf();
                }
            }
            case UPDATE_NODE -> {
                Member member = decodeMember(change).member();
                Cluster.Refusal refusal = cluster.checkUpdate(change.nodeId(), member.peerUrls());
                if (refusal != null) {
                    return refusal;
                }
                cluster.updatePeerUrls(change.nodeId(), member.peerUrls());
            }
        }
        return null;
    }

    private static MemberFormat.Change decodeMember(ConfChange change) {
        try {
            MemberFormat.Change described = MemberFormat.decodeChange(change.context());
            if (described.member().id() != change.nodeId()) {
                throw new IllegalStateException("a configuration change of member "
                        + Long.toHexString(change.nodeId()) + " describes member "
                        + Long.toHexString(described.member().id()));
            }
            return described;
        } catch (IOException e) {
            throw new IllegalStateException("a configuration change describes no member", e);
        }
    }
}
