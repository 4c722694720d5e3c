package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.WriteBufferWaterMark;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpContent;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpHeaders;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpUtil;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.handler.codec.http.LastHttpContent;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves what is under {@code /raft} on one connection to a peer URL, and passes all other requests on. Confined to the connection's event
 * loop. Goes behind an {@code HttpServerCodec}, and takes requests in parts, because snapshots have no length.
 *
 * <p>Members do not send a request before the last one is answered; a connection that does so is none of theirs, and may be closed.
 */
final class RaftHttpHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(RaftHttpHandler.class);

    private static final String PIPELINE = "/raft";

    /** A stream takes so much before the rest waits in its queue. */
    private static final WriteBufferWaterMark STREAM_WATER_MARK = new WriteBufferWaterMark(256 << 10, 1 << 20);

    /** Of a body that does not matter so much is read, so that the sender gets to see the answer. */
    private static final int IGNORED_BODY_BYTES_MAX = 1 << 20;

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

    /** What is done with the rest of a request. */
    interface Body {
        /** A part; the reference is taken over. */
        void take(ByteBuf part);

        /** The request is complete. */
        void end();

        /** The connection is gone, or was damaged on the way. */
        default void lost() {}
    }

    private final PeerTransport transport;
    private final PeerConfig config;
    private final Executor blocking;
    private final RaftHost host;
    private final Inbox inbox;
    private final PeerListener listener;
    private final AtomicInteger receiving;

    private @Nullable Body body;
    private boolean passingOn;
    private boolean keepAlive;
    private boolean withClusterId;
    private boolean withVersion;
    private String allowed = "";
    private StreamWriter.@Nullable Connection stream;

    RaftHttpHandler(
            PeerTransport transport,
            PeerConfig config,
            Executor blocking,
            RaftHost host,
            Inbox inbox,
            PeerListener listener,
            AtomicInteger receiving) {
        this.transport = transport;
        this.config = config;
        this.blocking = blocking;
        this.host = host;
        this.inbox = inbox;
        this.listener = listener;
        this.receiving = receiving;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof HttpRequest request) {
            begin(ctx, request);
        }
        if (passingOn) {
            if (message instanceof LastHttpContent) {
                passingOn = false;
            }
            ctx.fireChannelRead(message);
            return;
        }
        if (!(message instanceof HttpContent content)) {
            ReferenceCountUtil.release(message);
            return;
        }
        Body current = body;
        if (current == null) {
            content.release();
            return;
        }
        if (content.decoderResult().isFailure()) {
            content.release();
            body = null;
            current.lost();
            ctx.close();
            return;
        }
        boolean last = message instanceof LastHttpContent;
        current.take(content.content());
        // The part may have shown what the answer is: then the rest is another's.
        Body next = body;
        if (last && next != null) {
            body = null;
            next.end();
        }
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest request) {
        String uri = request.uri();
        int query = uri.indexOf('?');
        String path = query < 0 ? uri : uri.substring(0, query);
        boolean ours = path.equals(PIPELINE)
                || path.equals(SnapshotSender.PATH)
                || path.equals(Prober.PATH)
                || path.startsWith(StreamKind.PATH_PREFIX);
        if (!ours || request.decoderResult().isFailure()) {
            passingOn = true;
            return;
        }
        if (stream != null || body != null) {
            ctx.close();
            return;
        }
        keepAlive = HttpUtil.isKeepAlive(request);
        withClusterId = false;
        withVersion = false;
        if (path.equals(Prober.PATH)) {
            body = new Reply(
                    ctx, 200, "{\"OK\":true,\"Now\":\"" + Instant.now() + "\"}\n", "text/plain; charset=utf-8");
            return;
        }
        boolean post = !path.startsWith(StreamKind.PATH_PREFIX);
        HttpMethod method = post ? HttpMethod.POST : HttpMethod.GET;
        if (!request.method().equals(method)) {
            allowed = method.name();
            refuse(ctx, path, 405, "Method Not Allowed");
            return;
        }
        withClusterId = true;
        withVersion = !post;
        HttpHeaders headers = request.headers();
        String incompatible = PeerHeaders.refusal(headers, config);
        if (incompatible != null) {
            LOG.atWarn()
                    .setMessage("refused a request of another member")
                    .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                    .addKeyValue("remote-peer-server-name", headers.get(PeerHeaders.FROM))
                    .addKeyValue("remote-peer-server-version", headers.get(PeerHeaders.VERSION))
                    .addKeyValue("remote-peer-cluster-id", headers.get(PeerHeaders.CLUSTER_ID))
                    .addKeyValue("error", incompatible)
                    .log();
            refuse(ctx, path, 412, incompatible);
            return;
        }
        if (!post) {
            stream(ctx, path, headers);
            return;
        }
        registerRemote(PeerHeaders.memberId(headers.get(PeerHeaders.FROM)), headers);
        body = path.equals(PIPELINE)
                ? new PipelineBody(ctx)
                : new SnapshotReceiver(ctx, blocking, host, inbox, listener, receiving, this::answerSnapshot);
    }

    private void registerRemote(long id, HttpHeaders headers) {
        String urls = headers.get(PeerHeaders.PEER_URLS);
        if (id != Message.NONE && urls != null && !urls.isEmpty() && !host.isRemoved(id)) {
            transport.addRemote(id, Arrays.asList(urls.split(",", -1)));
        }
    }

    private void stream(ChannelHandlerContext ctx, String path, HttpHeaders headers) {
        int slash = path.lastIndexOf('/');
        StreamKind kind = StreamKind.ofDirectory(path.substring(0, slash));
        if (kind == null) {
            refuse(ctx, path, 404, "invalid path");
            return;
        }
        long from = PeerHeaders.memberId(path.substring(slash + 1));
        if (from == Message.NONE) {
            refuse(ctx, path, 404, "invalid from");
            return;
        }
        if (host.isRemoved(from)) {
            LOG.atWarn()
                    .setMessage("rejected stream from remote peer because it was removed")
                    .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                    .addKeyValue("remote-peer-id-from", Long.toHexString(from))
                    .log();
            refuse(ctx, path, 410, "removed member");
            return;
        }
        Peer peer = transport.peer(from);
        if (peer == null) {
            registerRemote(from, headers);
            LOG.atDebug()
                    .setMessage("failed to find remote peer in cluster")
                    .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                    .addKeyValue("remote-peer-id-from", Long.toHexString(from))
                    .log();
            refuse(ctx, path, 404, "error sender not found");
            return;
        }
        if (!Long.toHexString(config.localId()).equals(headers.get(PeerHeaders.TO))) {
            LOG.atWarn()
                    .setMessage("ignored streaming request; ID mismatch")
                    .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                    .addKeyValue("remote-peer-id-header", headers.get(PeerHeaders.TO))
                    .addKeyValue("remote-peer-id-from", Long.toHexString(from))
                    .log();
            refuse(ctx, path, 412, "to field mismatch");
            return;
        }
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        introduce(response);
        response.headers().set("Transfer-Encoding", "chunked");
        ctx.channel().config().setWriteBufferWaterMark(STREAM_WATER_MARK);
        ctx.writeAndFlush(response);
        stream = peer.attach(kind, ctx.channel());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) throws Exception {
        StreamWriter.Connection current = stream;
        if (current != null && ctx.channel().isWritable()) {
            current.drain();
        }
        super.channelWritabilityChanged(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        StreamWriter.Connection current = stream;
        if (current != null) {
            current.closed("connection closed");
        }
        Body unfinished = body;
        body = null;
        if (unfinished != null) {
            unfinished.lost();
        }
        super.channelInactive(ctx);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) throws Exception {
        StreamWriter.Connection current = stream;
        if (current != null) {
            current.closed(Failures.text(cause));
        }
        if (current != null || body != null) {
            ctx.close();
            return;
        }
        super.exceptionCaught(ctx, cause);
    }

    // Answers.

    private void answerSnapshot(ChannelHandlerContext ctx, SnapshotReceiver.Result result) {
        Body unread = body;
        if (result.status() == 204) {
            answer(ctx, 204, "", null);
        } else if (unread == null) {
            answer(ctx, result.status(), result.text(), null);
        } else {
            body = new Reply(ctx, result.status(), result.text(), null);
        }
    }

    /** Refuses as Go's HTTP library does it. */
    private void refuse(ChannelHandlerContext ctx, String path, int status, String text) {
        if (path.equals(SnapshotSender.PATH)) {
            listener.snapshotRefused();
        }
        body = new Reply(ctx, status, text + "\n", null);
    }

    private void answer(ChannelHandlerContext ctx, int status, String text, @Nullable String contentType) {
        ByteBuf content = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), content);
        introduce(response);
        if (status == 405) {
            response.headers().set("Allow", allowed);
        }
        if (status != 204) {
            response.headers().set("Content-Length", content.readableBytes());
            response.headers().set("Content-Type", contentType == null ? "text/plain; charset=utf-8" : contentType);
            if (contentType == null) {
                response.headers().set("X-Content-Type-Options", "nosniff");
            }
        }
        if (!keepAlive) {
            response.headers().set("Connection", "close");
        }
        ChannelFuture written = ctx.writeAndFlush(response);
        if (!keepAlive) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void introduce(HttpResponse response) {
        if (withVersion) {
            response.headers().set(PeerHeaders.VERSION, config.version());
        }
        if (withClusterId) {
            response.headers().set(PeerHeaders.CLUSTER_ID, Long.toHexString(config.clusterId()));
        }
        response.headers().set("Date", DATE.format(ZonedDateTime.now(ZoneOffset.UTC)));
    }

    /** An answer that does not depend on the body: given when the body has been read, or is too long to read. */
    private final class Reply implements Body {
        private final ChannelHandlerContext ctx;
        private final int status;
        private final String text;
        private final @Nullable String contentType;
        private int bytes;

        Reply(ChannelHandlerContext ctx, int status, String text, @Nullable String contentType) {
            this.ctx = ctx;
            this.status = status;
            this.text = text;
            this.contentType = contentType;
        }

        @Override
        public void take(ByteBuf part) {
            bytes += part.readableBytes();
            part.release();
            if (bytes > IGNORED_BODY_BYTES_MAX) {
                body = null;
                keepAlive = false;
                end();
            }
        }

        @Override
        public void end() {
            answer(ctx, status, text, contentType);
        }
    }

    /** One message. */
    private final class PipelineBody implements Body {
        private final ChannelHandlerContext ctx;
        private final Accumulator bytes;

        PipelineBody(ChannelHandlerContext ctx) {
            this.ctx = ctx;
            this.bytes = new Accumulator(ctx.alloc());
        }

        @Override
        public void take(ByteBuf part) {
            bytes.add(part);
            if (bytes.size() > MessageFormat.MESSAGE_BYTES_MAX) {
                bytes.release();
                failed("error reading raft message");
                body = new Reply(ctx, 400, "error reading raft message\n", null);
            }
        }

        @Override
        public void end() {
            Message message;
            int size = bytes.size();
            try {
                ByteBuf all = bytes.bytes();
                message = MessageFormat.readAll(all == null ? Unpooled.EMPTY_BUFFER : all);
            } catch (MalformedMessageException e) {
                failed(Failures.text(e));
                answer(ctx, 400, "error unmarshalling raft message\n", null);
                return;
            } finally {
                bytes.release();
            }
            listener.received(message.from(), size);
            if (inbox.deliver(message) == Inbox.Delivery.TAKEN) {
                answer(ctx, 204, "", null);
                return;
            }
            // Etcd has words and a status for a wrong sender or receiver, but they do not reach the other side.
            keepAlive = false;
            answer(ctx, 500, "error processing raft message\n", null);
        }

        @Override
        public void lost() {
            bytes.release();
        }

        private void failed(String reason) {
            String remote = String.valueOf(ctx.channel().remoteAddress());
            listener.receiveFailed(remote);
            LOG.atWarn()
                    .setMessage("failed to read Raft message")
                    .addKeyValue("local-member-id", Long.toHexString(config.localId()))
                    .addKeyValue("remote", remote)
                    .addKeyValue("error", reason)
                    .log();
        }
    }
}
