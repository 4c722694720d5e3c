package dev.cairn.server;

import com.google.protobuf.MessageLite;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.membershippb.Attributes;
import dev.cairn.proto.membershippb.ClusterMemberAttrSetRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.membership.Cluster;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a member tells the cluster when it starts, through the log: its name and client URLs. Only then does it serve clients,
 * however long it takes until there is a quorum.
 */
final class Publication {
    private static final Logger LOG = LoggerFactory.getLogger(Publication.class);

    private final ServerConfig config;
    private final Cluster cluster;
    private final Proposer proposer;
    private final Runnable published;

    /** @param published runs once, when it is applied here */
    Publication(ServerConfig config, Cluster cluster, Proposer proposer, Runnable published) {
        this.config = config;
        this.cluster = cluster;
        this.proposer = proposer;
        this.published = published;
    }

    void start() {
        Attributes.Builder attributes = Attributes.newBuilder().setName(config.name());
        config.advertiseClientUrls().stream().map(EtcdUrl::text).forEach(attributes::addClientUrls);
        long memberId = cluster.identity().memberId();
        ClusterMemberAttrSetRequest request = ClusterMemberAttrSetRequest.newBuilder()
                .setMemberID(memberId)
                .setMemberAttributes(attributes)
                .build();
        FailPoint.BEFORE_PUBLISHING.hit();
        untilApplied(InternalRaftRequest.newBuilder().setClusterMemberAttrSet(request), () -> {
            LOG.atInfo()
                    .setMessage("published local member to cluster through raft")
                    .addKeyValue("local-member-id", Long.toHexString(memberId))
                    .addKeyValue("local-member-attributes", request.getMemberAttributes())
                    .addKeyValue(
                            "cluster-id", Long.toHexString(cluster.identity().clusterId()))
                    .log();
            published.run();
        });
    }

    private void untilApplied(InternalRaftRequest.Builder request, Runnable next) {
        proposer.propose(request, new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                next.run();
            }

            @Override
            public void fail(EtcdError error) {
                if (error == EtcdError.STOPPED) {
                    return;
                }
                LOG.atWarn()
                        .setMessage("failed to publish local member to cluster through raft")
                        .addKeyValue("error", error.message())
                        .log();
                untilApplied(request, next);
            }
        });
    }
}
