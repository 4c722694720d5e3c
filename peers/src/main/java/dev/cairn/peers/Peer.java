package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All channels with one other member. Thread-safe.
 *
 * <p>Which channel a message takes: appends the append stream; everything, and appends without an append stream, the message stream; without
 * a stream the pipeline. So a heartbeat or a vote never waits behind entries, and nothing waits behind a snapshot, which has a connection of
 * its own.
 */
final class Peer {
    private final long id;
    private final RaftHost host;
    private final PeerListener listener;
    private final UrlPicker picker;
    private final UrlPicker probePicker;
    private final PeerStatus status;
    private final StreamWriter appendWriter;
    private final StreamWriter messageWriter;
    private final StreamReader appendReader;
    private final StreamReader messageReader;
    private final Pipeline pipeline;
    private final SnapshotSender snapshots;
    private final Prober prober;

    Peer(
            long id,
            List<PeerUrl> urls,
            PeerConfig config,
            PeerNetwork network,
            Dialler dialler,
            RaftHost host,
            Inbox inbox,
            PeerListener listener,
            Runnable snapshotEnded) {
        this.id = id;
        this.host = host;
        this.listener = listener;
        picker = new UrlPicker(urls);
        probePicker = new UrlPicker(urls);
        status = new PeerStatus(id, listener);
        EventLoop loop = network.loops().next();
        appendWriter = new StreamWriter(StreamKind.APPEND, id, config, status, host, listener);
        messageWriter = new StreamWriter(StreamKind.MESSAGE, id, config, status, host, listener);
        appendReader =
                new StreamReader(StreamKind.APPEND, id, config, loop, dialler, picker, status, host, inbox, listener);
        messageReader =
                new StreamReader(StreamKind.MESSAGE, id, config, loop, dialler, picker, status, host, inbox, listener);
        pipeline = new Pipeline(id, config, loop, dialler, picker, status, host, listener);
        snapshots = new SnapshotSender(
                id, config, loop, dialler, network.blocking(), picker, status, host, listener, snapshotEnded);
        prober = new Prober(id, config, loop, dialler, probePicker, listener);
    }

    long id() {
        return id;
    }

    void start() {
        appendReader.start();
        messageReader.start();
        prober.start();
    }

    void stop() {
        appendReader.stop();
        messageReader.stop();
        appendWriter.stop();
        messageWriter.stop();
        pipeline.stop();
        snapshots.stop();
        prober.stop();
        status.end();
    }

    void update(List<PeerUrl> urls) {
        picker.update(urls);
        probePicker.update(urls);
    }

    /** Queues a message; {@link #flush} sends it. */
    void offer(Message message) {
        if (pick(message)) {
            return;
        }
        listener.sendFailed(id);
        host.reportUnreachable(id);
        if (message.type() == MessageType.SNAP) {
            host.reportSnapshot(id, false);
        }
    }

    private boolean pick(Message message) {
        MessageType type = message.type();
        if (type == MessageType.SNAP) {
            return pipeline.offer(message);
        }
        if (type == MessageType.APP && appendWriter.isAttached()) {
            return appendWriter.offer(message);
        }
        return messageWriter.isAttached() ? messageWriter.offer(message) : pipeline.offer(message);
    }

    void flush() {
        messageWriter.flush();
        appendWriter.flush();
        pipeline.flush();
    }

    void sendSnapshot(SnapshotSource source) {
        snapshots.submit(source);
    }

    /** The peer has asked for a stream on this channel. Called on the channel's event loop. */
    StreamWriter.Connection attach(StreamKind kind, Channel channel) {
        return writer(kind).attach(channel);
    }

    /** Whether the peer has opened a stream. */
    boolean isAttached(StreamKind kind) {
        return writer(kind).isAttached();
    }

    private StreamWriter writer(StreamKind kind) {
        return kind == StreamKind.APPEND ? appendWriter : messageWriter;
    }

    @Nullable
    Instant activeSince() {
        return status.activeSince();
    }
}
