package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends messages to a member one request each, on a few connections: while it has opened no stream, and to those who never will. {@link
 * #offer} and {@link #flush} may be called by any thread; the rest is confined to one event loop.
 */
final class Pipeline {
    private static final Logger LOG = LoggerFactory.getLogger(Pipeline.class);

    static final int QUEUE_MESSAGES_MAX = 64;
    private static final int CONNECTIONS = 4;
    private static final String PATH = "/raft";

    private final long peer;
    private final EventLoop loop;
    private final UrlPicker picker;
    private final PeerStatus status;
    private final RaftHost host;
    private final PeerListener listener;
    private final ArrayBlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE_MESSAGES_MAX);
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final List<HttpConnection> connections = new ArrayList<>(CONNECTIONS);
    private boolean stopped;

    Pipeline(
            long peer,
            PeerConfig config,
            EventLoop loop,
            Dialler dialler,
            UrlPicker picker,
            PeerStatus status,
            RaftHost host,
            PeerListener listener) {
        this.peer = peer;
        this.loop = loop;
        this.picker = picker;
        this.status = status;
        this.host = host;
        this.listener = listener;
        for (int i = 0; i < CONNECTIONS; i++) {
            connections.add(new HttpConnection(
                    config, loop, dialler, config.dialTimeout().plus(config.readTimeout())));
        }
    }

    /** Queues a message; false if there is no room. {@link #flush} sends it. */
    boolean offer(Message message) {
        return queue.offer(message);
    }

    /** Sees to it that what is queued is sent. */
    void flush() {
        if (!queue.isEmpty() && scheduled.compareAndSet(false, true)) {
            loop.execute(() -> {
                scheduled.set(false);
                pump();
            });
        }
    }

    void stop() {
        loop.execute(() -> {
            stopped = true;
            queue.clear();
            connections.forEach(HttpConnection::close);
        });
    }

    private void pump() {
        for (HttpConnection connection : connections) {
            while (!stopped && !connection.isBusy()) {
                Message message = queue.poll();
                if (message == null) {
                    return;
                }
                post(connection, message);
            }
        }
    }

    private void post(HttpConnection connection, Message message) {
        PeerUrl url = picker.pick();
        ByteBuf body;
        int bytes;
        try {
            bytes = MessageFormat.sizeOf(message);
            body = PooledByteBufAllocator.DEFAULT.ioBuffer(bytes);
            MessageFormat.write(message, body);
        } catch (IllegalArgumentException e) {
            failed(message, url, Failures.text(e));
            return;
        }
        connection.request(url, HttpMethod.POST, PATH, "application/protobuf", body, result -> {
            if (PostOutcome.saysRemoved(result) && !stopped) {
                host.removedFromCluster(peer);
            }
            String failure = PostOutcome.failure(result);
            if (failure != null) {
                failed(message, url, failure);
            } else {
                status.activate();
                listener.sent(peer, bytes);
                if (message.type() == MessageType.SNAP) {
                    host.reportSnapshot(message.to(), true);
                }
            }
            // Not from within the answer: failures that come at once would nest.
            if (!stopped) {
                flush();
            }
        });
    }

    private void failed(Message message, PeerUrl url, String reason) {
        if (stopped) {
            return;
        }
        picker.unreachable(url);
        status.deactivate("pipeline", "write", reason);
        LOG.atDebug()
                .setMessage("failed to post Raft message")
                .addKeyValue("remote-peer-id", Long.toHexString(peer))
                .addKeyValue("message-type", message.type().wireName())
                .addKeyValue("error", reason)
                .log();
        listener.sendFailed(peer);
        host.reportUnreachable(message.to());
        if (message.type() == MessageType.SNAP) {
            host.reportSnapshot(message.to(), false);
        }
    }
}
