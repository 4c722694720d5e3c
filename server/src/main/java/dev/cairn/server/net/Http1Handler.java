package dev.cairn.server.net;

import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.HttpRequest;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufUtil;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelDuplexHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObjectAggregator;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpServerCodec;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpUtil;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Confined to the connection's event loop. One request is in work at a time; a client that sends more before it has its answer
 * (pipelining) is not read from meanwhile, and the few requests that were already decoded wait in order.
 *
 * <p>A connection that is between requests for longer than the idle limit, or that takes longer than that to send one, is closed. A
 * request in work has no limit here: the handler sets its own. When the port stops, an answer in work is still sent.
 */
final class Http1Handler extends ChannelDuplexHandler {
    private static final Logger LOG = LoggerFactory.getLogger(Http1Handler.class);

    /** Requests decoded from what one read brought; a client with more is not well-meaning. */
    private static final int PIPELINED_MAX = 1024;

    private static final int LINE_BYTES_MAX = 64 << 10;
    private static final int HEADER_BYTES_MAX = 1 << 20;
    private static final int CHUNK_BYTES_MAX = 8192;
    private static final long IDLE_LIMIT_MILLIS = TimeUnit.MINUTES.toMillis(10);
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

    private final HttpHandler handler;
    private final ArrayDeque<FullHttpRequest> waiting = new ArrayDeque<>();
    private boolean inWork;
    private boolean lastAnswer;
    private @Nullable ChannelPromise closing;
    private @Nullable Future<?> idleTimer;

    private Http1Handler(HttpHandler handler) {
        this.handler = handler;
    }

    /** Puts the codec and a handler of this class behind the given context. */
    static void install(ChannelHandlerContext after, HttpHandler handler, int bodyBytesMax) {
        install(after, handler, bodyBytesMax, null);
    }

    /** @param inParts takes the requests that it knows before their bodies are complete, and passes on the others; may be null */
    static void install(
            ChannelHandlerContext after, HttpHandler handler, int bodyBytesMax, @Nullable ChannelHandler inParts) {
        // Added from the back, each directly behind the given one.
        String name = after.name();
        after.pipeline().addAfter(name, null, new Http1Handler(handler));
        after.pipeline().addAfter(name, null, new HttpObjectAggregator(bodyBytesMax));
        if (inParts != null) {
            after.pipeline().addAfter(name, null, inParts);
        }
        after.pipeline().addAfter(name, null, new HttpServerCodec(LINE_BYTES_MAX, HEADER_BYTES_MAX, CHUNK_BYTES_MAX));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        restartIdleTimer(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        stopIdleTimer();
        while (!waiting.isEmpty()) {
            waiting.poll().release();
        }
        super.channelInactive(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof FullHttpRequest request)) {
            ReferenceCountUtil.release(message);
            return;
        }
        if (lastAnswer) {
            request.release();
            return;
        }
        if (!inWork) {
            work(ctx, request);
            return;
        }
        ctx.channel().config().setAutoRead(false);
        if (waiting.size() >= PIPELINED_MAX) {
            request.release();
            ctx.close();
            return;
        }
        waiting.add(request);
    }

    private void work(ChannelHandlerContext ctx, FullHttpRequest request) {
        inWork = true;
        stopIdleTimer();
        boolean keepAlive;
        boolean head = request.method().equals(HttpMethod.HEAD);
        HttpVersion version = request.protocolVersion();
        HttpAnswer refused = refusal(request);
        HttpRequest decoded;
        try {
            keepAlive = refused == null && HttpUtil.isKeepAlive(request);
            decoded = HttpRequest.of(
                    request.method().name(),
                    request.uri(),
                    headers(request),
                    ByteBufUtil.getBytes(request.content()),
                    ctx.pipeline().get(SslHandler.class) != null);
        } finally {
            request.release();
        }
        if (refused != null) {
            answer(ctx, refused, version, false, head);
            return;
        }
        handler.handle(decoded).whenComplete((answer, failure) -> {
            HttpAnswer sent = answer;
            if (failure != null || sent == null) {
                LOG.atError()
                        .setMessage("HTTP request failed")
                        .addKeyValue("path", decoded.path())
                        .setCause(failure)
                        .log();
                sent = HttpAnswer.plain(500, "Internal Server Error\n");
            }
            HttpAnswer complete = sent;
            if (ctx.executor().inEventLoop()) {
                answer(ctx, complete, version, keepAlive, head);
            } else {
                ctx.executor().execute(() -> answer(ctx, complete, version, keepAlive, head));
            }
        });
    }

    private static @Nullable HttpAnswer refusal(FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            return HttpAnswer.text(400, "400 Bad Request");
        }
        if (request.protocolVersion().equals(HttpVersion.HTTP_1_1)
                && !request.headers().contains("host")) {
            return HttpAnswer.text(400, "400 Bad Request: missing required Host header");
        }
        return null;
    }

    private static Map<String, List<String>> headers(FullHttpRequest request) {
        Map<String, List<String>> headers = new HashMap<>();
        for (Map.Entry<String, String> header : request.headers()) {
            headers.computeIfAbsent(header.getKey().toLowerCase(Locale.ROOT), name -> new ArrayList<>(1))
                    .add(header.getValue());
        }
        return headers;
    }

    private void answer(
            ChannelHandlerContext ctx, HttpAnswer answer, HttpVersion version, boolean keepAlive, boolean head) {
        inWork = false;
        FullHttpResponse response = new DefaultFullHttpResponse(
                version,
                HttpResponseStatus.valueOf(answer.status()),
                head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(answer.body()),
                DefaultHttpHeadersFactory.headersFactory().withValidation(false),
                DefaultHttpHeadersFactory.trailersFactory());
        for (Map.Entry<String, String> header : answer.headers().entrySet()) {
            response.headers().add(header.getKey(), header.getValue());
        }
        response.headers().add("Date", DATE.format(ZonedDateTime.now(ZoneOffset.UTC)));
        response.headers().add("Content-Length", answer.body().length);
        boolean close = !keepAlive || closing != null;
        if (close && version.equals(HttpVersion.HTTP_1_1)) {
            response.headers().add("Connection", "close");
        } else if (!close && version.equals(HttpVersion.HTTP_1_0)) {
            response.headers().add("Connection", "keep-alive");
        }
        if (close) {
            lastAnswer = true;
            var written = ctx.writeAndFlush(response);
            ChannelPromise promise = closing;
            if (promise == null) {
                written.addListener(ChannelFutureListener.CLOSE);
            } else {
                written.addListener(done -> ctx.close(promise));
            }
            return;
        }
        ctx.writeAndFlush(response);
        FullHttpRequest next = waiting.poll();
        if (next != null) {
            work(ctx, next);
            return;
        }
        restartIdleTimer(ctx);
        ctx.channel().config().setAutoRead(true);
    }

    /** The port stops: an answer in work goes out first. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) throws Exception {
        if (inWork && closing == null && ctx.channel().isActive()) {
            closing = promise;
            return;
        }
        super.close(ctx, promise);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // A client that resets its connection is no event worth a line.
        ctx.close();
    }

    private void restartIdleTimer(ChannelHandlerContext ctx) {
        stopIdleTimer();
        idleTimer = ctx.executor().schedule(() -> ctx.close(), IDLE_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void stopIdleTimer() {
        Future<?> running = idleTimer;
        idleTimer = null;
        if (running != null) {
            running.cancel(false);
        }
    }
}
