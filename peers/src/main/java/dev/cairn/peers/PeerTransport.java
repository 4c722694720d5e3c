package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects the local member with the others, as etcd does. Thread-safe.
 *
 * <p>The host tells who the peers are and what to send; what comes from them goes to its {@link RaftHost}. Connections to the peers are made
 * from here; for those that the peers make, the host puts a {@link #newHandler} into the pipeline of each connection to its peer URLs.
 *
 * <p>{@link #send} is meant for the thread that drives the core: it puts references into bounded queues and wakes event loops. Messages are
 * encoded and written there.
 */
public final class PeerTransport implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PeerTransport.class);

    /** Snapshots that are on their way or wait to be, over all peers. */
    static final int SNAPSHOTS_MAX = 16;

    /** Strangers that are answered. A cluster has few members that join at a time. */
    static final int REMOTES_MAX = 64;

    private final PeerConfig config;
    private final PeerNetwork network;
    private final RaftHost host;
    private final PeerListener listener;
    private final Dialler dialler;
    private final Inbox inbox;
    private final AtomicInteger snapshots = new AtomicInteger();
    private final AtomicInteger receiving = new AtomicInteger();

    /** Guards changes of the lists, which are replaced and never changed; readers take what there is. */
    private final Object lock = new Object();

    private volatile List<Peer> peers = List.of();
    private volatile List<Remote> remotes = List.of();
    private boolean closed;

    public PeerTransport(PeerConfig config, PeerNetwork network, RaftHost host, PeerListener listener) {
        this.config = config;
        this.network = network;
        this.host = host;
        this.listener = listener;
        dialler = new Dialler(network, config.dialTimeout());
        inbox = new Inbox(config.localId(), host, listener);
    }

    /** A handler for one connection to a peer URL, to be put behind the {@code HttpServerCodec}. */
    public ChannelHandler newHandler() {
        return new RaftHttpHandler(this, config, network.blocking(), host, inbox, listener, receiving);
    }

    /**
     * Begins to talk with a member; does nothing if that is so.
     *
     * @throws IllegalArgumentException if there are no URLs, or if one is none
     */
    public void addPeer(long id, List<String> urls) {
        List<PeerUrl> parsed = PeerUrl.parseAll(urls);
        Peer peer;
        Remote before;
        synchronized (lock) {
            if (closed || id == config.localId() || peer(id) != null) {
                return;
            }
            peer = new Peer(id, parsed, config, network, dialler, host, inbox, listener, snapshots::decrementAndGet);
            List<Peer> more = new ArrayList<>(peers);
            more.add(peer);
            peers = List.copyOf(more);
            before = takeRemote(id);
        }
        if (before != null) {
            before.stop();
        }
        peer.start();
        log("added remote peer", id, urls);
    }

    /** Makes it possible to answer a member that is no peer yet; does nothing if it is known, or if there are too many of them. */
    public void addRemote(long id, List<String> urls) {
        if (id == Message.NONE || id == config.localId() || peer(id) != null || remote(id) != null) {
            return;
        }
        List<PeerUrl> parsed;
        try {
            parsed = PeerUrl.parseAll(urls);
        } catch (IllegalArgumentException e) {
            LOG.atWarn()
                    .setMessage("ignored remote peer with bad URLs")
                    .addKeyValue("remote-peer-id", Long.toHexString(id))
                    .addKeyValue("remote-peer-urls", urls)
                    .log();
            return;
        }
        synchronized (lock) {
            if (closed || peer(id) != null || remote(id) != null || remotes.size() == REMOTES_MAX) {
                return;
            }
            List<Remote> more = new ArrayList<>(remotes);
            more.add(new Remote(id, parsed, config, network, dialler, host, listener));
            remotes = List.copyOf(more);
        }
        log("added new remote peer", id, urls);
    }

    /**
     * A member has other URLs now. Connections that work stay as they are.
     *
     * @throws IllegalArgumentException if there are no URLs, or if one is none
     */
    public void updatePeer(long id, List<String> urls) {
        Peer peer = peer(id);
        if (peer != null) {
            peer.update(PeerUrl.parseAll(urls));
            log("updated remote peer", id, urls);
        }
    }

    /** Ends all connections with a member. */
    public void removePeer(long id) {
        Peer removed;
        Remote remote;
        synchronized (lock) {
            removed = peer(id);
            if (removed != null) {
                List<Peer> fewer = new ArrayList<>(peers);
                fewer.remove(removed);
                peers = List.copyOf(fewer);
            }
            remote = takeRemote(id);
        }
        if (remote != null) {
            remote.stop();
        }
        if (removed != null) {
            removed.stop();
            log("removed remote peer", id, List.of());
        }
    }

    /** Ends all connections with all members; they can be added again. */
    public void removeAllPeers() {
        for (Peer peer : peers) {
            removePeer(peer.id());
        }
    }

    /**
     * Sends each message to the member in its {@code to}. Messages to unknown members are dropped. What cannot be queued is dropped and
     * reported to the host as unreachable, from within this call.
     */
    public void send(List<Message> messages) {
        for (int i = 0; i < messages.size(); i++) {
            Message message = messages.get(i);
            Peer peer = peer(message.to());
            if (peer != null) {
                peer.offer(message);
                continue;
            }
            Remote remote = remote(message.to());
            if (remote != null) {
                remote.offer(message);
            }
        }
        List<Peer> currentPeers = peers;
        for (int i = 0; i < currentPeers.size(); i++) {
            currentPeers.get(i).flush();
        }
        List<Remote> currentRemotes = remotes;
        for (int i = 0; i < currentRemotes.size(); i++) {
            currentRemotes.get(i).flush();
        }
    }

    /**
     * Sends a snapshot. If the member is unknown, or if too many are waiting, it is dropped and reported as failed from within this call.
     *
     * @throws IllegalArgumentException if the message is of another type
     */
    public void sendSnapshot(SnapshotSource source) {
        Message message = source.message();
        if (message.type() != MessageType.SNAP) {
            throw new IllegalArgumentException("not a snapshot: " + message.type());
        }
        Peer peer = peer(message.to());
        boolean room = snapshots.incrementAndGet() <= SNAPSHOTS_MAX;
        if (peer != null && room) {
            peer.sendSnapshot(source);
            return;
        }
        snapshots.decrementAndGet();
        source.release(false);
        listener.sendFailed(message.to());
        host.reportSnapshot(message.to(), false);
    }

    /** Since when a member has been active; null if it is not, or is no peer. */
    public @Nullable Instant activeSince(long id) {
        Peer peer = peer(id);
        return peer == null ? null : peer.activeSince();
    }

    /** The number of peers that are active. */
    public int activePeers() {
        int count = 0;
        for (Peer peer : peers) {
            if (peer.activeSince() != null) {
                count++;
            }
        }
        return count;
    }

    /** Ends all connections that were made from here, and all streams. Returns at once; the event loops must run for a while. */
    @Override
    public void close() {
        List<Peer> lastPeers;
        List<Remote> lastRemotes;
        synchronized (lock) {
            closed = true;
            lastPeers = peers;
            lastRemotes = remotes;
            peers = List.of();
            remotes = List.of();
        }
        lastPeers.forEach(Peer::stop);
        lastRemotes.forEach(Remote::stop);
    }

    @Nullable
    Peer peer(long id) {
        List<Peer> current = peers;
        for (int i = 0; i < current.size(); i++) {
            if (current.get(i).id() == id) {
                return current.get(i);
            }
        }
        return null;
    }

    private @Nullable Remote remote(long id) {
        List<Remote> current = remotes;
        for (int i = 0; i < current.size(); i++) {
            if (current.get(i).id() == id) {
                return current.get(i);
            }
        }
        return null;
    }

    /** Under the lock. */
    private @Nullable Remote takeRemote(long id) {
        Remote remote = remote(id);
        if (remote != null) {
            List<Remote> fewer = new ArrayList<>(remotes);
            fewer.remove(remote);
            remotes = List.copyOf(fewer);
        }
        return remote;
    }

    private void log(String text, long id, List<String> urls) {
        LOG.atInfo()
                .setMessage(text)
                .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                .addKeyValue("remote-peer-id", Long.toHexString(id))
                .addKeyValue("remote-peer-urls", urls)
                .log();
    }
}
