package dev.cairn.peers;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.handler.codec.DecoderResult;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpContent;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObject;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.handler.codec.http.LastHttpContent;
import io.grpc.netty.shaded.io.netty.handler.timeout.ReadTimeoutException;
import io.grpc.netty.shaded.io.netty.handler.timeout.ReadTimeoutHandler;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of one stream from one peer: dials, asks for the stream, gives what comes to the host, and dials again when it ends, for as
 * long as the peer is a peer. Confined to one event loop, which is also that of its connections, but for {@link #start} and {@link #stop}.
 */
final class StreamReader {
    private static final Logger LOG = LoggerFactory.getLogger(StreamReader.class);

    private static final int REFUSAL_BYTES_MAX = 4096;

    /** A peer that refuses does so ten times a second; it is enough to say it so often. */
    private static final long REPEATED_WARNING_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final StreamKind kind;
    private final long peer;
    private final PeerConfig config;
    private final EventLoop loop;
    private final Dialler dialler;
    private final UrlPicker picker;
    private final PeerStatus status;
    private final RaftHost host;
    private final Inbox inbox;
    private final PeerListener listener;

    private boolean stopped;
    private @Nullable Channel channel;
    private long dialledNanos;
    private String lastWarning = "";
    private long lastWarningNanos;

    StreamReader(
            StreamKind kind,
            long peer,
            PeerConfig config,
            EventLoop loop,
            Dialler dialler,
            UrlPicker picker,
            PeerStatus status,
            RaftHost host,
            Inbox inbox,
            PeerListener listener) {
        this.kind = kind;
        this.peer = peer;
        this.config = config;
        this.loop = loop;
        this.dialler = dialler;
        this.picker = picker;
        this.status = status;
        this.host = host;
        this.inbox = inbox;
        this.listener = listener;
    }

    void start() {
        loop.execute(this::dial);
    }

    void stop() {
        loop.execute(() -> {
            stopped = true;
            Channel current = channel;
            if (current != null) {
                current.close();
            }
        });
    }

    private void dial() {
        if (stopped) {
            return;
        }
        dialledNanos = System.nanoTime();
        PeerUrl url = picker.pick();
        dialler.connect(
                        loop,
                        url,
                        pipeline -> pipeline.addLast(
                                new ReadTimeoutHandler(config.readTimeout().toNanos(), TimeUnit.NANOSECONDS),
                                new Answer(url)))
                .addListener(done -> {
                    if (done.isSuccess()) {
                        ask(url, (Channel) done.getNow());
                    } else {
                        notEstablished(url, Failures.text(done.cause()));
                        redial();
                    }
                });
    }

    private void ask(PeerUrl url, Channel connected) {
        if (stopped) {
            connected.close();
            return;
        }
        channel = connected;
        if (!connected.isActive()) {
            // Closed before it was looked at: its handler has dialled again.
            channel = null;
            return;
        }
        FullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.GET, kind.path(config.localId()), Unpooled.EMPTY_BUFFER);
        request.headers().set("Host", url.authority());
        PeerHeaders.introduce(request.headers(), config);
        request.headers().set(PeerHeaders.TO, Long.toHexString(peer));
        connected.writeAndFlush(request);
    }

    private void notEstablished(PeerUrl url, String reason) {
        picker.unreachable(url);
        status.deactivate(kind.title(), "dial", reason);
    }

    private void redial() {
        channel = null;
        if (stopped) {
            return;
        }
        long wait = dialledNanos + config.redialInterval().toNanos() - System.nanoTime();
        loop.schedule(this::dial, Math.max(0, wait), TimeUnit.NANOSECONDS);
    }

    private void warn(String text) {
        long now = System.nanoTime();
        if (text.equals(lastWarning) && now - lastWarningNanos < REPEATED_WARNING_NANOS) {
            return;
        }
        lastWarning = text;
        lastWarningNanos = now;
        LOG.atWarn()
                .setMessage(text)
                .addKeyValue("stream-reader-type", kind.title())
                .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                .addKeyValue("remote-peer-id", Long.toHexString(peer))
                .log();
    }

    /** What comes on one connection. */
    private final class Answer extends ChannelInboundHandlerAdapter {
        private final PeerUrl url;
        private final StreamDecoder decoder = kind.decoder(config.localId(), peer);
        private final StringBuilder refusal = new StringBuilder();
        private @Nullable Accumulator accumulator;
        private int code;
        private @Nullable String failure;

        Answer(PeerUrl url) {
            this.url = url;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
            if (!(message instanceof HttpObject object)) {
                ReferenceCountUtil.release(message);
                return;
            }
            DecoderResult result = object.decoderResult();
            if (result.isFailure()) {
                ReferenceCountUtil.release(message);
                fail(ctx, "malformed answer: " + Failures.text(result.cause()));
                return;
            }
            if (message instanceof HttpResponse response) {
                begin(ctx, response);
            }
            if (message instanceof HttpContent content) {
                if (accumulator != null) {
                    take(ctx, accumulator, content.content());
                } else {
                    ByteBuf text = content.content();
                    refusal.append(text.toString(
                            text.readerIndex(),
                            Math.min(
                                    text.readableBytes(),
                                    REFUSAL_BYTES_MAX - Math.min(refusal.length(), REFUSAL_BYTES_MAX)),
                            StandardCharsets.UTF_8));
                    content.release();
                }
                if (message instanceof LastHttpContent) {
                    if (accumulator == null) {
                        refused();
                    }
                    ctx.close();
                }
            }
        }

        private void begin(ChannelHandlerContext ctx, HttpResponse response) {
            code = response.status().code();
            if (code != 200 || stopped) {
                return;
            }
            accumulator = new Accumulator(ctx.alloc());
            status.activate();
            LOG.atInfo()
                    .setMessage("established TCP streaming connection with remote peer")
                    .addKeyValue("stream-reader-type", kind.title())
                    .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                    .addKeyValue("remote-peer-id", Long.toHexString(peer))
                    .log();
        }

        private void take(ChannelHandlerContext ctx, Accumulator pending, ByteBuf more) {
            pending.add(more);
            if (stopped || failure != null) {
                return;
            }
            int before = pending.size();
            try {
                for (ByteBuf in = pending.bytes(); in != null && in.isReadable(); ) {
                    Message message = decoder.decode(in);
                    if (message == null) {
                        // Part of a message may have been taken; see the decoder of appends.
                        break;
                    }
                    if (!FailPoint.RAFT_DROP_HEARTBEAT.returns() && !LinkHeartbeat.is(message)) {
                        inbox.deliver(message);
                    }
                }
                listener.received(peer, before - pending.size());
                pending.discardRead();
            } catch (MalformedMessageException e) {
                fail(ctx, Failures.text(e));
            }
        }

        private void refused() {
            String text = refusal.toString().strip();
            switch (code) {
                case 410 -> {
                    failure = "the member has been permanently removed from the cluster";
                    host.removedFromCluster(peer);
                }
                case 404 ->
                    failure = "peer " + Long.toHexString(peer) + " failed to find local node "
                            + Long.toHexString(config.localId());
                case 412 -> {
                    failure = text;
                    if (text.equals(PeerHeaders.INCOMPATIBLE_VERSION)) {
                        warn("request sent was ignored by remote peer due to server version incompatibility");
                    } else if (text.equals(PeerHeaders.CLUSTER_ID_MISMATCH)) {
                        warn("request sent was ignored by remote peer due to cluster ID mismatch");
                    }
                }
                default -> failure = "unhandled http status " + code;
            }
        }

        private void fail(ChannelHandlerContext ctx, String reason) {
            if (failure == null) {
                failure = reason;
            }
            ctx.close();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            fail(ctx, cause instanceof ReadTimeoutException ? "i/o timeout" : Failures.text(cause));
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            Accumulator pending = accumulator;
            if (pending != null) {
                pending.release();
            }
            String reason = failure;
            if (stopped) {
                redial();
                return;
            }
            if (pending == null) {
                notEstablished(url, reason == null ? "EOF" : reason);
            } else {
                LOG.atWarn()
                        .setMessage("lost TCP streaming connection with remote peer")
                        .addKeyValue("stream-reader-type", kind.title())
                        .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                        .addKeyValue("remote-peer-id", Long.toHexString(peer))
                        .addKeyValue("error", reason == null ? "EOF" : reason)
                        .log();
                if (reason != null) {
                    status.deactivate(kind.title(), "read", reason);
                }
            }
            redial();
        }
    }
}
