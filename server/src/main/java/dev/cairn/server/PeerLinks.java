package dev.cairn.server;

import dev.cairn.peers.PeerConfig;
import dev.cairn.peers.PeerNetwork;
import dev.cairn.raft.message.Message;
import dev.cairn.server.api.LeaderLessor;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.LeaderPromotion;
import dev.cairn.server.membership.Member;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.peer.AppendTraffic;
import dev.cairn.server.peer.ForwardedLeases;
import dev.cairn.server.peer.ForwardedPromotion;
import dev.cairn.server.peer.HeartbeatWatch;
import dev.cairn.server.peer.PeerClient;
import dev.cairn.server.peer.PeerConnections;
import dev.cairn.server.peer.PeerMeter;
import dev.cairn.server.peer.PeerQuestions;
import dev.cairn.server.peer.PeerVersions;
import dev.cairn.server.peer.SnapshotExchange;
import dev.cairn.server.tls.PeerTls;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * All ways from this member to the others: Raft's messages and plain questions. Made before the data directory is opened, because a
 * member that joins has to ask first. Made and closed by the thread that starts the server; what it hands out is thread-safe.
 */
final class PeerLinks implements AutoCloseable {
    /** Answers of members are read here, and names of hosts are looked up. */
    private static final int ASKING_THREADS = 2;

    /** How long a member may take to tell its version. */
    private static final Duration VERSION_LIMIT = Duration.ofSeconds(2);

    private final ServerConfig config;
    private final EventLoops loops;
    private final PeerTls tls;
    private final Metrics metrics;
    private final Runnable onRemoved;
    private final ExecutorService asking = Threads.pool("etcd-ask", ASKING_THREADS);
    private final ExecutorService moving = Threads.pool("etcd-peer-file", ASKING_THREADS);
    private final PeerClient client;
    private final PeerQuestions questions;
    private final AppendTraffic traffic = new AppendTraffic();
    private @Nullable PeerConnections connections;

    /** @param onRemoved hears, maybe more than once, that other members know this one as removed */
    PeerLinks(ServerConfig config, EventLoops loops, PeerTls tls, Metrics metrics, Runnable onRemoved) {
        this.config = config;
        this.loops = loops;
        this.tls = tls;
        this.client = new PeerClient(asking, tls::context, tls.parameters());
        this.questions = new PeerQuestions(client);
        this.metrics = metrics;
        this.onRemoved = onRemoved;
    }

    /** Shows how much waits for this member's questions and files. */
    void show(QueueFigures figures) {
        figures.follow("etcd-ask", asking);
        figures.follow("etcd-peer-file", moving);
    }

    /** What goes between leader and followers. */
    AppendTraffic traffic() {
        return traffic;
    }

    PeerClient client() {
        return client;
    }

    PeerQuestions questions() {
        return questions;
    }

    PeerVersions versions(long self) {
        return new PeerVersions(questions, self, VERSION_LIMIT);
    }

    /** The leader's lessor, wherever it is. */
    LeaderLessor leases(MemberCore core) {
        return new ForwardedLeases(
                core.cluster, core.status, core.lessor, client, asking, Duration.ofMillis(core.timeoutMillis));
    }

    /** Promotions by the leader. */
    LeaderPromotion promotion(MemberCore core) {
        return new ForwardedPromotion(core.cluster, core.status, client, asking, Duration.ofMillis(core.timeoutMillis));
    }

    /** Of these members the one that has been connected for longest; null when none is. */
    @Nullable
    Member longestActive(List<Member> members) {
        return connected().longestActive(members);
    }

    /** Makes the connections of this member, once it is known who it is. Nobody is talked to yet. */
    Surroundings.Peers connect(Cluster cluster, RaftInbox inbox, SnapshotExchange snapshots) {
        long self = cluster.identity().memberId();
        PeerConfig standard = PeerConfig.of(
                self,
                cluster.identity().clusterId(),
                config.initialAdvertisePeerUrls().stream().map(EtcdUrl::text).toList(),
                Duration.ofMillis(config.electionTimeoutMillis()));
        PeerConfig peerConfig = standard.withTimes(config.raftReadTimeout(), standard.probeInterval())
                .withWriteTimeout(config.raftWriteTimeout());
        PeerNetwork network =
                new PeerNetwork(loops.group(), loops.tcpClient(), loops.unixClient(), moving, tls::nettyContext);
        PeerConnections made = new PeerConnections(
                peerConfig,
                network,
                cluster,
                inbox,
                snapshots,
                new PeerMeter(metrics.network, metrics.disk.backendSnapshotDurationSeconds, self),
                traffic,
                onRemoved);
        HeartbeatWatch heartbeats =
                new HeartbeatWatch(config.heartbeatIntervalMillis(), metrics.server.heartbeatSendFailuresTotal);
        connections = made;
        return new Surroundings.Peers() {
            @Override
            public int activePeers() {
                return made.activePeers();
            }

            @Override
            public void follow(Cluster.View view) {
                made.follow(view);
            }

            @Override
            public void send(List<Message> messages) {
                long now = System.nanoTime();
                heartbeats.sending(messages, now);
                traffic.sending(messages, now);
                made.send(messages);
            }

            @Override
            public boolean isActive(long memberId) {
                return made.isActive(memberId);
            }

            @Override
            public boolean isActiveSince(long memberId, long nanos) {
                return made.isActiveSince(memberId, nanos);
            }
        };
    }

    /** Makes it possible to answer members before the log has told who they are. */
    void introduce(List<Member> members) {
        connected().introduce(members);
    }

    ChannelHandler newHandler() {
        return connected().newHandler();
    }

    private PeerConnections connected() {
        PeerConnections made = connections;
        if (made == null) {
            throw new IllegalStateException("the member does not know yet who it is");
        }
        return made;
    }

    /** Ends all connections that were made from here, and all streams. */
    @Override
    public void close() {
        if (connections != null) {
            connections.close();
        }
        asking.shutdownNow();
        moving.shutdownNow();
    }
}
