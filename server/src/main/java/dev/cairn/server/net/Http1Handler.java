package dev.cairn.server.net;

import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpConnection;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.HttpStream;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufUtil;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelDuplexHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpContent;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObject;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpObjectAggregator;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpServerCodec;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpUtil;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.handler.codec.http.LastHttpContent;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.grpc.netty.shaded.io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import java.net.SocketAddress;
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
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Confined to the connection's event loop. One request is in work at a time; a client that sends more before it has its answer
 * (pipelining) is not read from meanwhile, and the few requests that were already decoded wait in order.
 *
 * <p>A connection that is between requests for longer than the idle limit, or that takes longer than that to send one, is closed. A
 * request in work has no limit here: the handler sets its own. When the port stops, an answer in work is still sent, but one that
 * comes in parts is cut, as its handler is told.
 *
 * <p>An answer in parts goes out chunked, and a reader that does not keep up is told to whoever makes the parts. A request that becomes a
 * web socket takes the connection over for good.
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

    /** What sends the answer in work in parts. */
    private @Nullable HttpStream stream;

    private boolean webSocket;

    /** What the handler wants done when the connection ends before the answer. */
    private @Nullable Runnable lost;

    private final int messageBytesMax;

    private Http1Handler(HttpHandler handler, int messageBytesMax) {
        this.handler = handler;
        this.messageBytesMax = messageBytesMax;
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
        after.pipeline().addAfter(name, null, new Http1Handler(handler, bodyBytesMax));
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
        tellLost();
        super.channelInactive(ctx);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) throws Exception {
        HttpStream held = stream;
        if (held != null && ctx.channel().isWritable()) {
            // Not from inside of a write, which may be what made it writable again.
            ctx.executor().execute(() -> {
                if (stream == held) {
                    held.onWritable();
                }
            });
        }
        super.channelWritabilityChanged(ctx);
    }

    private void tellLost() {
        Runnable task = lost;
        lost = null;
        stream = null;
        if (task != null) {
            task.run();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof WebSocketFrame frame) {
            try {
                received(ctx, frame);
            } finally {
                frame.release();
            }
            return;
        }
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
                    ctx.pipeline().get(SslHandler.class) != null,
                    new Connection(ctx));
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
        if (answer.stream() != null) {
            begin(ctx, answer, answer.stream(), version, keepAlive);
            return;
        }
        inWork = false;
        lost = null;
        FullHttpResponse response = new DefaultFullHttpResponse(
                version,
                HttpResponseStatus.valueOf(answer.status()),
                head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(answer.body()),
                DefaultHttpHeadersFactory.headersFactory().withValidation(false),
                DefaultHttpHeadersFactory.trailersFactory());
        boolean close = !keepAlive || closing != null;
        addHeaders(response, answer);
        response.headers().add("Content-Length", answer.body().length);
        addConnection(response, version, close);
        sendLast(ctx, response, close);
    }

    private static void addHeaders(HttpResponse response, HttpAnswer answer) {
        for (Map.Entry<String, String> header : answer.headers().entrySet()) {
            response.headers().add(header.getKey(), header.getValue());
        }
        response.headers().add("Date", DATE.format(ZonedDateTime.now(ZoneOffset.UTC)));
    }

    private static void addConnection(HttpResponse response, HttpVersion version, boolean close) {
        if (close && version.equals(HttpVersion.HTTP_1_1)) {
            response.headers().add("Connection", "close");
        } else if (!close && version.equals(HttpVersion.HTTP_1_0)) {
            response.headers().add("Connection", "keep-alive");
        }
    }

    /** Sends an answer, or its end, and turns to the next request. */
    private void sendLast(ChannelHandlerContext ctx, HttpObject end, boolean close) {
        if (close) {
            lastAnswer = true;
            var written = ctx.writeAndFlush(end);
            ChannelPromise promise = closing;
            if (promise == null) {
                written.addListener(ChannelFutureListener.CLOSE);
            } else {
                written.addListener(done -> ctx.close(promise));
            }
            return;
        }
        ctx.writeAndFlush(end);
        FullHttpRequest next = waiting.poll();
        if (next != null) {
            work(ctx, next);
            return;
        }
        restartIdleTimer(ctx);
        ctx.channel().config().setAutoRead(true);
    }

    private void begin(
            ChannelHandlerContext ctx, HttpAnswer answer, HttpStream body, HttpVersion version, boolean keepAlive) {
        if (closing != null || !ctx.channel().isActive()) {
            tellLost();
            ChannelPromise promise = closing;
            closing = null;
            ctx.close(promise == null ? ctx.newPromise() : promise);
            return;
        }
        stream = body;
        if (answer.isWebSocket()) {
            becomeWebSocket(ctx, answer);
        } else {
            boolean chunked = version.equals(HttpVersion.HTTP_1_1);
            boolean close = !keepAlive || !chunked;
            HttpResponse response = new DefaultHttpResponse(
                    version,
                    HttpResponseStatus.valueOf(answer.status()),
                    DefaultHttpHeadersFactory.headersFactory().withValidation(false));
            addHeaders(response, answer);
            if (chunked) {
                response.headers().add("Transfer-Encoding", "chunked");
            }
            addConnection(response, version, close);
            ctx.writeAndFlush(response);
            body.begin(new ChunkedBody(ctx, body, close));
        }
    }

    private void becomeWebSocket(ChannelHandlerContext ctx, HttpAnswer answer) {
        if (!waiting.isEmpty()) {
            // What came before the upgrade was answered was read as requests.
            ctx.close();
            return;
        }
        HttpResponse response = new DefaultHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.SWITCHING_PROTOCOLS,
                DefaultHttpHeadersFactory.headersFactory().withValidation(false));
        answer.headers().forEach((name, value) -> response.headers().add(name, value));
        ctx.writeAndFlush(response);
        webSocket = true;
        ctx.pipeline().remove(HttpObjectAggregator.class);
        ctx.pipeline().addBefore(ctx.name(), null, new WebSocket13FrameEncoder(false));
        ctx.pipeline().addBefore(ctx.name(), null, new WebSocket13FrameDecoder(true, false, messageBytesMax));
        ctx.pipeline().addBefore(ctx.name(), null, new WebSocketFrameAggregator(messageBytesMax));
        // Bytes that it has not read yet go on to the frames.
        ctx.pipeline().remove(HttpServerCodec.class);
        HttpStream body = stream;
        if (body != null) {
            body.begin(new WebSocketBody(ctx));
        }
    }

    private void received(ChannelHandlerContext ctx, WebSocketFrame frame) {
        if (frame instanceof PingWebSocketFrame) {
            ctx.writeAndFlush(new PongWebSocketFrame(frame.content().retain()));
        } else if (frame instanceof CloseWebSocketFrame end) {
            tellLost();
            int code = end.statusCode();
            ctx.writeAndFlush(code < 0 ? new CloseWebSocketFrame() : new CloseWebSocketFrame(code, ""))
                    .addListener(ChannelFutureListener.CLOSE);
        } else if (frame instanceof TextWebSocketFrame || frame instanceof BinaryWebSocketFrame) {
            HttpStream open = stream;
            if (open != null) {
                open.onMessage(ByteBufUtil.getBytes(frame.content()));
            }
        }
    }

    /** A body in chunks; without them, for a client of HTTP/1.0, the connection's end is the body's. */
    private final class ChunkedBody implements HttpStream.Sink {
        private final ChannelHandlerContext ctx;
        private final HttpStream body;
        private final boolean close;

        ChunkedBody(ChannelHandlerContext ctx, HttpStream body, boolean close) {
            this.ctx = ctx;
            this.body = body;
            this.close = close;
        }

        @Override
        public boolean isWritable() {
            return ctx.channel().isWritable();
        }

        @Override
        public void write(byte[] part) {
            if (stream == body && part.length > 0) {
                ctx.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(part)));
            }
        }

        @Override
        public void end() {
            if (stream == body) {
                stream = null;
                lost = null;
                inWork = false;
                sendLast(ctx, LastHttpContent.EMPTY_LAST_CONTENT, close || closing != null);
            }
        }

        @Override
        public void read(boolean more) {
            // The request came as a whole.
        }
    }

    private final class WebSocketBody implements HttpStream.Sink {
        private final ChannelHandlerContext ctx;

        WebSocketBody(ChannelHandlerContext ctx) {
            this.ctx = ctx;
        }

        @Override
        public boolean isWritable() {
            return ctx.channel().isWritable();
        }

        @Override
        public void write(byte[] part) {
            if (stream != null) {
                ctx.writeAndFlush(new TextWebSocketFrame(Unpooled.wrappedBuffer(part)));
            }
        }

        @Override
        public void end() {
            if (stream != null) {
                stream = null;
                lost = null;
                ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void read(boolean more) {
            ctx.channel().config().setAutoRead(more);
        }
    }

    /** The connection as its handler sees it. */
    private final class Connection implements HttpConnection {
        private final ChannelHandlerContext ctx;

        Connection(ChannelHandlerContext ctx) {
            this.ctx = ctx;
        }

        @Override
        public ScheduledExecutorService eventLoop() {
            return ctx.executor();
        }

        @Override
        public SocketAddress remoteAddress() {
            return ctx.channel().remoteAddress();
        }

        @Override
        public SocketAddress localAddress() {
            return ctx.channel().localAddress();
        }

        @Override
        public @Nullable SSLSession session() {
            SslHandler tls = ctx.pipeline().get(SslHandler.class);
            return tls == null ? null : tls.engine().getSession();
        }

        @Override
        public void whenLost(Runnable task) {
            lost = task;
        }
    }

    /** The port stops: an answer in work goes out first, unless it comes in parts. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) throws Exception {
        if (stream != null || webSocket) {
            tellLost();
            super.close(ctx, promise);
            return;
        }
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
