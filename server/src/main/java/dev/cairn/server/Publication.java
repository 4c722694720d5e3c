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
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a member tells the cluster when it starts, through the log: its name and client URLs. Only then does it serve clients,
 * however long it takes until there is a quorum.
 *
 * <p>One that has missed much gets the leader's store, in which its own proposal may be already. It is not applied here then, and nobody would hear of it before
 * the time for a proposal is over; so it is told once more. It does no harm if both are applied.
 *
 * <p>Thread-safe.
 */
final class Publication {
    private static final Logger LOG = LoggerFactory.getLogger(Publication.class);

    private final long clusterId;
    private final ClusterMemberAttrSetRequest request;
    private final Proposer proposer;
    private final Runnable published;
    private final AtomicBoolean over = new AtomicBoolean();

    /** @param published runs once, when it is applied here */
    Publication(long clusterId, ClusterMemberAttrSetRequest request, Proposer proposer, Runnable published) {
        this.clusterId = clusterId;
        this.request = request;
        this.proposer = proposer;
        this.published = published;
    }

    static ClusterMemberAttrSetRequest request(long memberId, ServerConfig config) {
        Attributes.Builder attributes = Attributes.newBuilder().setName(config.name());
        config.advertiseClientUrls().stream().map(EtcdUrl::text).forEach(attributes::addClientUrls);
        return ClusterMemberAttrSetRequest.newBuilder()
                .setMemberID(memberId)
                .setMemberAttributes(attributes)
                .build();
    }

    void start() {
        FailPoint.BEFORE_PUBLISHING.hit();
        propose();
    }

    /** What was proposed may never be applied here. */
    void again() {
        if (!over.get()) {
            propose();
        }
    }

    private void propose() {
        proposer.propose(
                InternalRaftRequest.newBuilder().setClusterMemberAttrSet(request), new Completion<MessageLite>() {
                    @Override
                    public void complete(MessageLite ignored) {
                        if (over.compareAndSet(false, true)) {
                            applied();
                        }
                    }

                    @Override
                    public void fail(EtcdError error) {
                        if (error == EtcdError.STOPPED || over.get()) {
                            return;
                        }
                        LOG.atWarn()
                                .setMessage("failed to publish local member to cluster through raft")
                                .addKeyValue("error", error.message())
                                .log();
                        propose();
                    }
                });
    }

    private void applied() {
        LOG.atInfo()
                .setMessage("published local member to cluster through raft")
                .addKeyValue("local-member-id", Long.toHexString(request.getMemberID()))
                .addKeyValue("local-member-attributes", request.getMemberAttributes())
                .addKeyValue("cluster-id", Long.toHexString(clusterId))
                .log();
        published.run();
    }
}
