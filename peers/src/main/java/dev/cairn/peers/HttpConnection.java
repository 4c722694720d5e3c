package dev.cairn.peers;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.SimpleChannelInboundHandler;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObjectAggregator;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpUtil;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection that is kept for one request after the other; made, and made again, when a request needs it. Confined to one event loop.
 *
 * <p>A server may close a kept connection at the moment a request is sent on it. Such a request is sent once more on a new connection.
 */
final class HttpConnection {
    private static final int ANSWER_BYTES_MAX = 64 << 10;

    /** How a request ended. */
    sealed interface Result {
        /** There was an answer. */
        record Answer(int status, String body) implements Result {}

        /** There was none. */
        record Failure(String reason) implements Result {}
    }

    /** Hears the result of one request; called once. */
    @FunctionalInterface
    interface Callback {
        void ended(Result result);
    }

    /** A request under way. The body is its own reference, kept for a second attempt. */
    private record Exchange(
            PeerUrl url,
            HttpMethod method,
            String path,
            @Nullable String contentType,
            ByteBuf body,
            Callback callback) {}

    private final PeerConfig config;
    private final EventLoop loop;
    private final Dialler dialler;
    private final Duration answerTimeout;

    private @Nullable Channel channel;
    private @Nullable PeerUrl channelUrl;
    private @Nullable Exchange exchange;
    private @Nullable Future<?> timer;
    private boolean reused;
    private boolean closed;

    HttpConnection(PeerConfig config, EventLoop loop, Dialler dialler, Duration answerTimeout) {
        this.config = config;
        this.loop = loop;
        this.dialler = dialler;
        this.answerTimeout = answerTimeout;
    }

    boolean isBusy() {
        return exchange != null;
    }

    /**
     * Sends a request; there must be none under way.
     *
     * @param body the reference is taken over
     */
    void request(
            PeerUrl url,
            HttpMethod method,
            String path,
            @Nullable String contentType,
            ByteBuf body,
            Callback callback) {
        if (exchange != null) {
            throw new IllegalStateException("a request is under way");
        }
        Exchange fresh = new Exchange(url, method, path, contentType, body, callback);
        exchange = fresh;
        if (closed) {
            end(new Result.Failure("stopped"));
            return;
        }
        Channel kept = channel;
        reused = kept != null && kept.isActive() && url.equals(channelUrl);
        if (reused && kept != null) {
            send(kept, fresh);
            return;
        }
        dropChannel();
        connect(fresh);
    }

    /** Ends the connection for good; a request under way fails. */
    void close() {
        closed = true;
        dropChannel();
        end(new Result.Failure("stopped"));
    }

    private void connect(Exchange current) {
        dialler.connect(
                        loop,
                        current.url(),
                        pipeline -> pipeline.addLast(new HttpObjectAggregator(ANSWER_BYTES_MAX), new AnswerHandler()))
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        if (exchange == current) {
                            end(new Result.Failure(Failures.text(done.cause())));
                        }
                        return;
                    }
                    Channel connected = (Channel) done.getNow();
                    if (exchange != current) {
                        connected.close();
                        return;
                    }
                    channel = connected;
                    channelUrl = current.url();
                    send(connected, current);
                });
    }

    private void send(Channel to, Exchange current) {
        FullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1,
                current.method(),
                current.path(),
                current.body().retainedDuplicate());
        request.headers().set("Host", current.url().authority());
        String contentType = current.contentType();
        if (contentType != null) {
            request.headers().set("Content-Type", contentType);
            request.headers().set("Content-Length", current.body().readableBytes());
            PeerHeaders.introduce(request.headers(), config);
        }
        timer = loop.schedule(
                () -> {
                    dropChannel();
                    end(new Result.Failure("no answer within " + answerTimeout.toMillis() + " ms"));
                },
                answerTimeout.toNanos(),
                TimeUnit.NANOSECONDS);
        to.writeAndFlush(request).addListener((ChannelFutureListener) written -> {
            if (!written.isSuccess() && channel == to) {
                lost(Failures.text(written.cause()));
            }
        });
    }

    /** The connection ended before the answer. */
    private void lost(String reason) {
        dropChannel();
        Exchange current = exchange;
        if (current == null) {
            return;
        }
        stopTimer();
        if (reused && !closed) {
            reused = false;
            connect(current);
            return;
        }
        end(new Result.Failure(reason));
    }

    private void end(Result result) {
        stopTimer();
        Exchange current = exchange;
        exchange = null;
        if (current != null) {
            current.body().release();
            current.callback().ended(result);
        }
    }

    private void dropChannel() {
        Channel current = channel;
        channel = null;
        channelUrl = null;
        if (current != null) {
            current.close();
        }
    }

    private void stopTimer() {
        Future<?> running = timer;
        timer = null;
        if (running != null) {
            running.cancel(false);
        }
    }

    private final class AnswerHandler extends SimpleChannelInboundHandler<FullHttpResponse> {
        private @Nullable String failure;

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse response) {
            if (channel != ctx.channel()) {
                return;
            }
            if (response.decoderResult().isFailure()) {
                failure = "malformed answer";
                ctx.close();
                return;
            }
            if (!HttpUtil.isKeepAlive(response)) {
                dropChannel();
            }
            end(new Result.Answer(response.status().code(), response.content().toString(StandardCharsets.UTF_8)));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            failure = Failures.text(cause);
            ctx.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (channel == ctx.channel()) {
                String reason = failure;
                lost(reason == null ? "EOF" : reason);
            }
        }
    }
}
