package dev.cairn.server.version;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.membershippb.DowngradeInfoSetRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.membership.Cluster;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Validates, enables and cancels a downgrade of the cluster, with etcd's checks in its order. Each completes with the cluster
 * version of that moment, such as {@code 3.7}. Thread-safe; never blocks.
 */
public final class Downgrades {
    private static final Logger LOG = LoggerFactory.getLogger(Downgrades.class);

    private final Cluster cluster;
    private final ReadGate reads;
    private final Proposer proposer;

    public Downgrades(Cluster cluster, ReadGate reads, Proposer proposer) {
        this.cluster = cluster;
        this.reads = reads;
        this.proposer = proposer;
    }

    /** Whether the cluster could be downgraded to the version now. */
    public void validate(String version, Completion<String> completion) {
        checked(version, completion, target -> answer(completion));
    }

    /** Has the leader take the cluster version back. */
    public void enable(String version, Completion<String> completion) {
        Completion<String> told = new Completion<>() {
            @Override
            public void complete(String clusterVersion) {
                completion.complete(clusterVersion);
            }

            @Override
            public void fail(EtcdError error) {
                LOG.atWarn()
                        .setMessage("reject downgrade request")
                        .addKeyValue("error", error.message())
                        .log();
                completion.fail(error);
            }
        };
        checked(
                version,
                told,
                target -> propose(
                        DowngradeInfoSetRequest.newBuilder().setEnabled(true).setVer(target.toString()),
                        () -> answer(told),
                        told::fail));
    }

    /** Ends a downgrade. That there is none, or that it cannot be ended, is not an error: the log tells. */
    public void cancel(Completion<String> completion) {
        Consumer<String> failed = why -> {
            LOG.atWarn()
                    .setMessage("failed to cancel downgrade")
                    .addKeyValue("error", why)
                    .log();
            answer(completion);
        };
        reads.await(new Completion<>() {
            @Override
            public void complete(Long index) {
                if (cluster.view().downgradeTarget() == null) {
                    failed.accept("etcdserver: no inflight downgrade job");
                    return;
                }
                propose(
                        DowngradeInfoSetRequest.newBuilder().setEnabled(false),
                        () -> answer(completion),
                        error -> failed.accept(error.message()));
            }

            @Override
            public void fail(EtcdError error) {
                failed.accept(error.message());
            }
        });
    }

    private void checked(String version, Completion<String> completion, Consumer<ServerVersion> next) {
        ServerVersion target = ServerVersion.parseShort(version);
        if (target == null) {
            completion.fail(EtcdError.DOWNGRADE_BAD_VERSION_FORMAT);
            return;
        }
        if (cluster.view().version() == null) {
            completion.fail(EtcdError.DOWNGRADE_NO_CLUSTER_VERSION);
            return;
        }
        // What is judged must not be older than this request.
        reads.await(new Completion<>() {
            @Override
            public void complete(Long index) {
                Cluster.View now = cluster.view();
                String current = now.version();
                if (current == null || !ServerVersion.require(current).mayDowngradeTo(target)) {
                    completion.fail(EtcdError.DOWNGRADE_INVALID_TARGET);
                } else if (now.downgradeTarget() != null) {
                    completion.fail(EtcdError.DOWNGRADE_IN_PROGRESS);
                } else {
                    next.accept(target);
                }
            }

            @Override
            public void fail(EtcdError error) {
                completion.fail(error);
            }
        });
    }

    private void propose(DowngradeInfoSetRequest.Builder set, Runnable done, Consumer<EtcdError> failed) {
        proposer.propose(InternalRaftRequest.newBuilder().setDowngradeInfoSet(set), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                done.run();
            }

            @Override
            public void fail(EtcdError error) {
                failed.accept(error);
            }
        });
    }

    private void answer(Completion<String> completion) {
        String version = cluster.view().version();
        if (version == null) {
            completion.fail(EtcdError.DOWNGRADE_NO_CLUSTER_VERSION);
        } else {
            completion.complete(ServerVersion.require(version).shortText());
        }
    }
}
