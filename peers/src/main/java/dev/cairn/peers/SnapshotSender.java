package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.SimpleChannelInboundHandler;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpContent;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObjectAggregator;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends snapshots to one peer, one after the other, each on a connection of its own so that nothing else waits behind it. {@link #submit}
 * and {@link #stop} may be called by any thread; the rest is confined to one event loop. How many may wait is bounded by the transport.
 *
 * <p>At most one chunk of a database is in memory: it is read by a job on the host's executor, written, and the next is read when the
 * connection has taken it.
 */
final class SnapshotSender {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotSender.class);

    static final String PATH = "/raft/snapshot";
    private static final int CHUNK_BYTES = 256 << 10;
    private static final int ANSWER_BYTES_MAX = 64 << 10;

    /** A peer that takes no chunk for so long is given up. */
    private static final Duration STALL_LIMIT = Duration.ofSeconds(30);

    /** The peer syncs gigabytes to its disk before it answers. */
    private static final Duration ANSWER_LIMIT = Duration.ofMinutes(5);

    private final long peer;
    private final PeerConfig config;
    private final EventLoop loop;
    private final Dialler dialler;
    private final Executor blocking;
    private final UrlPicker picker;
    private final PeerStatus status;
    private final RaftHost host;
    private final PeerListener listener;
    private final Runnable ended;
    private final ArrayDeque<SnapshotSource> waiting = new ArrayDeque<>();
    private @Nullable Transfer current;
    private boolean stopped;

    /** {@code ended} is run once for each snapshot submitted. */
    SnapshotSender(
            long peer,
            PeerConfig config,
            EventLoop loop,
            Dialler dialler,
            Executor blocking,
            UrlPicker picker,
            PeerStatus status,
            RaftHost host,
            PeerListener listener,
            Runnable ended) {
        this.peer = peer;
        this.config = config;
        this.loop = loop;
        this.dialler = dialler;
        this.blocking = blocking;
        this.picker = picker;
        this.status = status;
        this.host = host;
        this.listener = listener;
        this.ended = ended;
    }

    void submit(SnapshotSource source) {
        loop.execute(() -> {
            waiting.add(source);
            next();
        });
    }

    void stop() {
        loop.execute(() -> {
            stopped = true;
            Transfer running = current;
            if (running != null) {
                running.fail("stopped");
            }
            next();
        });
    }

    private void next() {
        while (current == null) {
            SnapshotSource source = waiting.poll();
            if (source == null) {
                return;
            }
            Transfer transfer = new Transfer(source);
            current = transfer;
            if (stopped) {
                transfer.fail("stopped");
            } else {
                transfer.start();
            }
        }
    }

    /** One snapshot on its way. */
    private final class Transfer {
        private final SnapshotSource source;
        private final Message message;
        private final PeerUrl url = picker.pick();
        private final byte[] chunk = new byte[CHUNK_BYTES];
        private final long begunNanos = System.nanoTime();
        private @Nullable Channel channel;
        private @Nullable Future<?> timer;
        private long sentBytes;
        private boolean begun;
        private boolean over;
        private boolean delivered;

        /** Touched by jobs only, of which there is one at a time. */
        private @Nullable InputStream database;

        private boolean jobUnderWay;

        Transfer(SnapshotSource source) {
            this.source = source;
            this.message = source.message();
        }

        void start() {
            begun = true;
            listener.snapshotSendBegun(peer);
            LOG.atInfo()
                    .setMessage("sending database snapshot")
                    .addKeyValue("snapshot-index", index())
                    .addKeyValue("remote-peer-id", Long.toHexString(peer))
                    .log();
            dialler.connect(
                            loop,
                            url,
                            pipeline ->
                                    pipeline.addLast(new HttpObjectAggregator(ANSWER_BYTES_MAX), new AnswerHandler()))
                    .addListener(done -> {
                        if (!done.isSuccess()) {
                            fail(Failures.text(done.cause()));
                            return;
                        }
                        Channel connected = (Channel) done.getNow();
                        if (over) {
                            connected.close();
                            return;
                        }
                        channel = connected;
                        writeHead(connected);
                    });
        }

        private long index() {
            var snapshot = message.snapshot();
            return snapshot == null ? 0 : snapshot.metadata().index();
        }

        private void writeHead(Channel to) {
            HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, PATH);
            request.headers().set("Host", url.authority());
            request.headers().set("Content-Type", "application/octet-stream");
            request.headers().set("Transfer-Encoding", "chunked");
            PeerHeaders.introduce(request.headers(), config);
            to.write(request);
            ByteBuf head = to.alloc().ioBuffer();
            MessageStreamFormat.write(message, head);
            write(to, head);
        }

        /** Writes a part of the body and goes on when it has left. */
        private void write(Channel to, ByteBuf part) {
            int bytes = part.readableBytes();
            limit(STALL_LIMIT, "no progress");
            to.writeAndFlush(new DefaultHttpContent(part)).addListener((ChannelFutureListener) written -> {
                if (!written.isSuccess()) {
                    fail(Failures.text(written.cause()));
                    return;
                }
                sentBytes += bytes;
                listener.sent(peer, bytes);
                long wait = throttleNanos();
                if (wait > 0) {
                    loop.schedule(() -> readChunk(to), wait, TimeUnit.NANOSECONDS);
                } else {
                    readChunk(to);
                }
            });
        }

        private long throttleNanos() {
            long max = config.snapshotBytesPerSecondMax();
            if (max <= 0) {
                return 0;
            }
            double due = (double) sentBytes / max * TimeUnit.SECONDS.toNanos(1);
            return (long) due - (System.nanoTime() - begunNanos);
        }

        private void readChunk(Channel to) {
            if (over) {
                return;
            }
            jobUnderWay = true;
            try {
                blocking.execute(() -> {
                    int count = 0;
                    String failure = null;
                    try {
                        InputStream in = database;
                        if (in == null) {
                            in = source.open();
                            database = in;
                        }
                        count = in.readNBytes(chunk, 0, chunk.length);
                    } catch (IOException | RuntimeException e) {
                        failure = Failures.text(e);
                    }
                    int bytes = count;
                    String reason = failure;
                    loop.execute(() -> chunkRead(to, bytes, reason));
                });
            } catch (RejectedExecutionException e) {
                jobUnderWay = false;
                fail(Failures.text(e));
            }
        }

        private void chunkRead(Channel to, int bytes, @Nullable String failure) {
            jobUnderWay = false;
            if (over) {
                release();
            } else if (failure != null) {
                fail(failure);
            } else if (bytes > 0) {
                write(to, Unpooled.wrappedBuffer(chunk, 0, bytes));
            } else {
                limit(ANSWER_LIMIT, "no answer");
                to.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
            }
        }

        private void limit(Duration limit, String what) {
            stopTimer();
            timer = loop.schedule(
                    () -> fail(what + " within " + limit.toSeconds() + " s"), limit.toNanos(), TimeUnit.NANOSECONDS);
        }

        private void stopTimer() {
            Future<?> running = timer;
            timer = null;
            if (running != null) {
                running.cancel(false);
            }
        }

        void answered(HttpConnection.Result result) {
            if (PostOutcome.saysRemoved(result)) {
                host.removedFromCluster(peer);
            }
            String failure = PostOutcome.failure(result);
            if (failure == null) {
                delivered = true;
                end("");
            } else {
                fail(failure);
            }
        }

        void fail(String reason) {
            if (!over) {
                end(reason);
            }
        }

        private void end(String failure) {
            over = true;
            stopTimer();
            Channel used = channel;
            if (used != null) {
                used.close();
            }
            if (begun) {
                listener.snapshotSendEnded(peer, delivered, System.nanoTime() - begunNanos);
            }
            if (delivered) {
                status.activate();
                LOG.atInfo()
                        .setMessage("sent database snapshot")
                        .addKeyValue("snapshot-index", index())
                        .addKeyValue("remote-peer-id", Long.toHexString(peer))
                        .addKeyValue("bytes", sentBytes)
                        .log();
            } else {
                LOG.atWarn()
                        .setMessage("failed to send database snapshot")
                        .addKeyValue("snapshot-index", index())
                        .addKeyValue("remote-peer-id", Long.toHexString(peer))
                        .addKeyValue("bytes", sentBytes)
                        .addKeyValue("error", failure)
                        .log();
                picker.unreachable(url);
                status.deactivate("sendMsgSnap", "post", failure);
                listener.sendFailed(peer);
                host.reportUnreachable(message.to());
            }
            host.reportSnapshot(message.to(), delivered);
            if (!jobUnderWay) {
                release();
            }
        }

        /** Closes the database where it was read; only when no job uses it any more. */
        private void release() {
            boolean was = delivered;
            Runnable closing = () -> {
                InputStream in = database;
                if (in != null) {
                    try {
                        in.close();
                    } catch (IOException e) {
                        LOG.atWarn()
                                .setMessage("failed to close a sent database snapshot")
                                .addKeyValue("error", Failures.text(e))
                                .log();
                    }
                }
                source.release(was);
            };
            try {
                blocking.execute(closing);
            } catch (RejectedExecutionException e) {
                // The host is stopping.
                closing.run();
            }
            ended.run();
            current = null;
            next();
        }

        private final class AnswerHandler extends SimpleChannelInboundHandler<FullHttpResponse> {
            private @Nullable String failure;

            @Override
            protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse response) {
                if (!over) {
                    answered(new HttpConnection.Result.Answer(
                            response.status().code(), response.content().toString(StandardCharsets.UTF_8)));
                }
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                failure = Failures.text(cause);
                ctx.close();
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                String reason = failure;
                fail(reason == null ? "EOF" : reason);
            }
        }
    }
}
