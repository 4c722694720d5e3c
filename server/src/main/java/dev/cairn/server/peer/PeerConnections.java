package dev.cairn.server.peer;

import dev.cairn.peers.PeerConfig;
import dev.cairn.peers.PeerListener;
import dev.cairn.peers.PeerNetwork;
import dev.cairn.peers.PeerTransport;
import dev.cairn.peers.RaftHost;
import dev.cairn.peers.SnapshotSink;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.server.loop.PeerSender;
import dev.cairn.server.loop.RaftInbox;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.PeerActivity;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Between the loops and the transport: what the Raft loop sends goes out, what comes goes into its inbox, and who is talked to
 * follows the membership as it is applied.
 *
 * <p>Thread-safe and never blocking, but for {@link #follow}, which the apply loop alone calls once the loops run.
 */
public final class PeerConnections implements PeerSender, PeerActivity, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PeerConnections.class);

    private final Cluster cluster;
    private final RaftInbox inbox;
    private final SnapshotExchange snapshots;
    private final Runnable onRemoved;
    private final AppendTraffic traffic;
    private final PeerTransport transport;
    /** The URLs of each peer, as the transport knows them. Confined to {@link #follow}. */
    private final Map<Long, List<String>> known = new HashMap<>();

    /**
     * @param traffic hears of every message that comes
     * @param onRemoved hears, maybe more than once, that other members know this one as removed
     */
    public PeerConnections(
            PeerConfig config,
            PeerNetwork network,
            Cluster cluster,
            RaftInbox inbox,
            SnapshotExchange snapshots,
            PeerListener listener,
            AppendTraffic traffic,
            Runnable onRemoved) {
        this.cluster = cluster;
        this.inbox = inbox;
        this.snapshots = snapshots;
        this.onRemoved = onRemoved;
        this.traffic = traffic;
        this.transport = new PeerTransport(config, network, new Host(), listener);
    }

    /** Takes what other members send to {@code /raft}, on one connection to a peer URL. */
    public ChannelHandler newHandler() {
        return transport.newHandler();
    }

    /** Makes it possible to answer members before the log has told who they are: for a member that joins. */
    public void introduce(List<Member> members) {
        members.forEach(member -> transport.addRemote(member.id(), member.peerUrls()));
    }

    /** Talks with these members from now on, and with nobody else. */
    public void follow(Cluster.View view) {
        long self = cluster.identity().memberId();
        for (Long id : List.copyOf(known.keySet())) {
            if (view.member(id) == null) {
                known.remove(id);
                transport.removePeer(id);
            }
        }
        for (Member member : view.members()) {
            if (member.id() == self) {
                continue;
            }
            List<String> before = known.get(member.id());
            try {
                if (before == null) {
                    transport.addPeer(member.id(), member.peerUrls());
                } else if (!before.equals(member.peerUrls())) {
                    transport.updatePeer(member.id(), member.peerUrls());
                }
                known.put(member.id(), member.peerUrls());
            } catch (IllegalArgumentException e) {
                // The log of an etcd may hold URLs that nobody can use; they can be corrected by another update.
                LOG.atWarn()
                        .setMessage("a member cannot be reached at its peer URLs")
                        .addKeyValue("remote-peer-id", Long.toHexString(member.id()))
                        .addKeyValue("remote-peer-urls", member.peerUrls())
                        .addKeyValue("error", e.getMessage())
                        .log();
            }
        }
    }

    @Override
    public void send(List<Message> messages) {
        List<Message> plain = messages;
        for (Message message : messages) {
            if (message.type() == MessageType.SNAP) {
                if (plain == messages) {
                    plain = new ArrayList<>(messages);
                    plain.removeIf(other -> other.type() == MessageType.SNAP);
                }
                snapshots.send(message, transport::sendSnapshot);
            }
        }
        if (!plain.isEmpty()) {
            transport.send(plain);
        }
    }

    @Override
    public boolean isActive(long memberId) {
        return transport.activeSince(memberId) != null;
    }

    @Override
    public boolean isActiveSince(long memberId, long nanos) {
        Instant since = transport.activeSince(memberId);
        return since != null && Duration.between(since, Instant.now()).toNanos() >= System.nanoTime() - nanos;
    }

    /** How many other members are connected. */
    public int activePeers() {
        return transport.activePeers();
    }

    /** Of these members the one that has been connected for longest; null when none is connected. */
    public @Nullable Member longestActive(List<Member> members) {
        Member best = null;
        Instant bestSince = Instant.MAX;
        for (Member member : members) {
            Instant since = transport.activeSince(member.id());
            if (since != null && since.isBefore(bestSince)) {
                best = member;
                bestSince = since;
            }
        }
        return best;
    }

    @Override
    public void close() {
        transport.close();
    }

    /** The transport's view of this member. */
    private final class Host implements RaftHost {
        @Override
        public boolean process(Message message) {
            traffic.received(message, System.nanoTime());
            return inbox.deliver(message);
        }

        @Override
        public boolean isRemoved(long id) {
            return cluster.view().removed().contains(id);
        }

        @Override
        public void reportUnreachable(long id) {
            traffic.lost(id);
            inbox.unreachable(id);
        }

        @Override
        public void reportSnapshot(long id, boolean delivered) {
            if (delivered) {
                inbox.snapshotDelivered(id);
            } else {
                inbox.snapshotLost(id);
            }
        }

        @Override
        public SnapshotSink receiveSnapshot(Message message) throws IOException {
            return snapshots.sink(message);
        }

        @Override
        public void removedFromCluster(long toldBy) {
            LOG.atWarn()
                    .setMessage("the local member has been permanently removed from the cluster")
                    .addKeyValue("told-by", Long.toHexString(toldBy))
                    .log();
            onRemoved.run();
        }
    }
}
