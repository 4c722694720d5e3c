package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpContent;
import io.grpc.netty.shaded.io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending end of one stream to one peer: a bounded queue, and the connection on which the peer has asked for the stream, if it has.
 *
 * <p>{@link #offer} and {@link #flush} may be called by any thread; each connection is confined to its event loop. A newer connection
 * replaces the one before.
 *
 * <p>Everything that waits goes into few large writes and one flush. Nothing is encoded while the connection is not writable, so at most
 * its water mark and one message lie in its buffers, and the rest waits in the queue as references to what the log holds anyway. A
 * connection that has not taken a byte of what was written for the write timeout is closed: its other end is gone without a word.
 */
final class StreamWriter {
    private static final Logger LOG = LoggerFactory.getLogger(StreamWriter.class);

    static final int QUEUE_MESSAGES_MAX = 4096;

    /** A write has about this size when much is waiting. */
    private static final int WRITE_BYTES = 256 << 10;

    private static final int FIRST_BYTES = 1024;

    private final StreamKind kind;
    private final long peer;
    private final PeerConfig config;
    private final PeerStatus status;
    private final RaftHost host;
    private final PeerListener listener;
    private final ArrayBlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE_MESSAGES_MAX);
    private final Object lock = new Object();
    private volatile @Nullable Connection attached;
    private boolean stopped;

    StreamWriter(
            StreamKind kind, long peer, PeerConfig config, PeerStatus status, RaftHost host, PeerListener listener) {
        this.kind = kind;
        this.peer = peer;
        this.config = config;
        this.status = status;
        this.host = host;
        this.listener = listener;
    }

    /** Whether the peer has opened the stream. */
    boolean isAttached() {
        return attached != null;
    }

    /** Queues a message; false if there is no room. {@link #flush} sends it. */
    boolean offer(Message message) {
        return queue.offer(message);
    }

    /** Sees to it that what is queued is sent. */
    void flush() {
        Connection current = attached;
        if (current != null && !queue.isEmpty()) {
            current.wake();
        }
    }

    /**
     * Begins to write into the answer on this channel, whose head has been sent. Called on the channel's event loop.
     *
     * @return what the channel's handler has to tell of the connection
     */
    Connection attach(Channel channel) {
        Connection connection = new Connection(channel);
        Connection before;
        boolean refused;
        boolean lost;
        synchronized (lock) {
            refused = stopped;
            before = attached;
            lost = dropQueue();
            if (!refused) {
                attached = connection;
            }
        }
        if (refused) {
            connection.end();
            return connection;
        }
        reportLost(lost);
        if (before != null) {
            LOG.atWarn()
                    .setMessage("closed TCP streaming connection with remote peer")
                    .addKeyValue("stream-writer-type", kind.title())
                    .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                    .addKeyValue("remote-peer-id", Long.toHexString(peer))
                    .log();
            before.end();
        }
        connection.start();
        status.activate();
        LOG.atInfo()
                .setMessage("established TCP streaming connection with remote peer")
                .addKeyValue("stream-writer-type", kind.title())
                .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                .addKeyValue("remote-peer-id", Long.toHexString(peer))
                .log();
        return connection;
    }

    /** Ends the stream for good. */
    void stop() {
        Connection current;
        synchronized (lock) {
            stopped = true;
            current = attached;
            attached = null;
            queue.clear();
        }
        if (current != null) {
            current.end();
        }
    }

    private void detach(Connection connection, String reason) {
        boolean lost;
        synchronized (lock) {
            if (attached != connection) {
                return;
            }
            attached = null;
            lost = dropQueue();
        }
        reportLost(lost);
        status.deactivate(kind.title(), "write", reason);
        LOG.atWarn()
                .setMessage("lost TCP streaming connection with remote peer")
                .addKeyValue("stream-writer-type", kind.title())
                .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                .addKeyValue("remote-peer-id", Long.toHexString(peer))
                .addKeyValue("error", reason)
                .log();
    }

    /** What was queued for one connection does not go to the next: the core is told, and sends again what matters. */
    private void reportLost(boolean lost) {
        if (lost) {
            host.reportUnreachable(peer);
        }
    }

    private boolean dropQueue() {
        boolean lost = !queue.isEmpty();
        queue.clear();
        return lost;
    }

    /** One attached connection. Confined to the channel's event loop, but for {@link #wake} and {@link #end}. */
    final class Connection implements Runnable {
        private final Channel channel;
        private final StreamEncoder encoder = kind.encoder();
        private final AtomicBoolean scheduled = new AtomicBoolean();
        private @Nullable Future<?> heartbeat;
        private int writesUnderWay;
        private long progressNanos;

        private Connection(Channel channel) {
            this.channel = channel;
        }

        private void start() {
            long interval = config.heartbeatInterval().toNanos();
            heartbeat =
                    channel.eventLoop().scheduleAtFixedRate(this::heartbeat, interval, interval, TimeUnit.NANOSECONDS);
        }

        private void wake() {
            if (scheduled.compareAndSet(false, true)) {
                channel.eventLoop().execute(this);
            }
        }

        /** Work of {@link #wake}. */
        @Override
        public void run() {
            scheduled.set(false);
            drain();
        }

        /** The channel has become writable, or there is something to write. */
        void drain() {
            boolean written = false;
            while (attached == this && channel.isWritable()) {
                Message message = queue.poll();
                if (message == null) {
                    break;
                }
                ByteBuf out = channel.alloc().ioBuffer(FIRST_BYTES);
                long bytes = 0;
                try {
                    do {
                        int before = out.readableBytes();
                        encoder.encode(message, out);
                        bytes += out.readableBytes() - before;
                        message = out.readableBytes() < WRITE_BYTES ? queue.poll() : null;
                    } while (message != null);
                } catch (IllegalArgumentException e) {
                    // A message that no member would take; the connection is in the middle of it.
                    out.release();
                    failed(Failures.text(e));
                    return;
                }
                write(out, bytes);
                written = true;
            }
            if (written) {
                channel.flush();
            }
        }

        private void heartbeat() {
            if (attached != this) {
                return;
            }
            if (writesUnderWay > 0) {
                if (System.nanoTime() - progressNanos > config.writeTimeout().toNanos()) {
                    failed("no write completed within " + config.writeTimeout().toMillis() + " ms");
                }
                // What waits is a sign of life as soon as it gets through.
                return;
            }
            ByteBuf out = channel.alloc().ioBuffer(32);
            encoder.encode(LinkHeartbeat.MESSAGE, out);
            write(out, out.readableBytes());
            channel.flush();
        }

        private void write(ByteBuf out, long bytes) {
            if (writesUnderWay++ == 0) {
                progressNanos = System.nanoTime();
            }
            ChannelFuture write = channel.write(new DefaultHttpContent(out));
            write.addListener((ChannelFutureListener) done -> {
                writesUnderWay--;
                progressNanos = System.nanoTime();
                if (done.isSuccess()) {
                    listener.sent(peer, bytes);
                } else {
                    failed(Failures.text(done.cause()));
                }
            });
        }

        private void failed(String reason) {
            if (attached == this) {
                listener.sendFailed(peer);
                host.reportUnreachable(peer);
            }
            closed(reason);
            channel.close();
        }

        /** The channel is closed, or is going to be. */
        void closed(String reason) {
            stopHeartbeat();
            detach(this, reason);
        }

        /** Ends the stream from this side. */
        private void end() {
            channel.eventLoop().execute(() -> {
                stopHeartbeat();
                channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
                // A peer that takes nothing any more must not keep the connection.
                channel.eventLoop()
                        .schedule(() -> channel.close(), config.writeTimeout().toNanos(), TimeUnit.NANOSECONDS);
            });
        }

        private void stopHeartbeat() {
            Future<?> running = heartbeat;
            heartbeat = null;
            if (running != null) {
                running.cancel(false);
            }
        }
    }
}
