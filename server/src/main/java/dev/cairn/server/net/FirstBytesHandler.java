package dev.cairn.server.net;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Confined to the connection's event loop. Looks at the first bytes of a connection, without taking any, and puts the handlers of the
 * protocol in its own place: the HTTP/2 preface leads to gRPC, a request line of HTTP/1 to the HTTP handlers. Anything else, or
 * nothing within the time limit, closes the connection, as in etcd.
 *
 * <p>States: waiting for the gate, waiting for enough bytes, decided. The limit runs from the moment the gate is open. What arrives
 * is bounded by the length of a request line.
 */
final class FirstBytesHandler extends ByteToMessageDecoder {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HTTP1 = " HTTP/1.".getBytes(StandardCharsets.US_ASCII);
    private static final int LINE_BYTES_MAX = 4096;

    private final ServingGate gate;
    private final Duration limit;
    private final @Nullable Protocol http2;
    private final @Nullable Protocol http1;
    private @Nullable Future<?> timer;
    private boolean decided;

    /** Puts the handlers of one protocol behind the given one; the bytes follow when that one is removed. */
    @FunctionalInterface
    interface Protocol {
        void install(ChannelHandlerContext after);
    }

    /** A protocol that is null is not served. */
    FirstBytesHandler(ServingGate gate, Duration limit, @Nullable Protocol http2, @Nullable Protocol http1) {
        this.gate = gate;
        this.limit = limit;
        this.http2 = http2;
        this.http1 = http1;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (gate.isOpen()) {
            startTimer(ctx);
            return;
        }
        ctx.channel().config().setAutoRead(false);
        gate.whenOpen(() -> ctx.executor().execute(() -> begin(ctx)));
    }

    private void begin(ChannelHandlerContext ctx) {
        if (ctx.isRemoved() || !ctx.channel().isOpen()) {
            return;
        }
        startTimer(ctx);
        ctx.channel().config().setAutoRead(true);
        try {
            // Bytes that slipped in before reading was switched off are looked at now.
            channelRead(ctx, Unpooled.EMPTY_BUFFER);
        } catch (Exception e) {
            ctx.fireExceptionCaught(e);
        }
    }

    private void startTimer(ChannelHandlerContext ctx) {
        timer = ctx.executor().schedule(() -> expire(ctx), limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void expire(ChannelHandlerContext ctx) {
        if (!decided) {
            ctx.close();
        }
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) {
        stopTimer();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        stopTimer();
        super.channelInactive(ctx);
    }

    private void stopTimer() {
        Future<?> running = timer;
        timer = null;
        if (running != null) {
            running.cancel(false);
        }
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (decided || !gate.isOpen()) {
            return;
        }
        int available = in.readableBytes();
        if (available == 0) {
            return;
        }
        int same = samePrefix(in, available);
        if (same == PREFACE.length) {
            decide(ctx, in, http2);
        } else if (same < available) {
            decideByLine(ctx, in);
        }
        // Otherwise all that has come so far is a part of the preface.
    }

    private static int samePrefix(ByteBuf in, int available) {
        int length = Math.min(available, PREFACE.length);
        int at = in.readerIndex();
        for (int i = 0; i < length; i++) {
            if (in.getByte(at + i) != PREFACE[i]) {
                return i;
            }
        }
        return length;
    }

    private void decideByLine(ChannelHandlerContext ctx, ByteBuf in) {
        int start = in.readerIndex();
        if (in.getByte(start) < ' ') {
            // No request begins with a control byte, as TLS does, or beyond ASCII: bytes are signed.
            decide(ctx, in, null);
            return;
        }
        int length = Math.min(in.readableBytes(), LINE_BYTES_MAX);
        int end = in.indexOf(start, start + length, (byte) '\n');
        if (end >= 0) {
            decide(ctx, in, endsWithHttp1(in, start, end) ? http1 : null);
        } else if (length == LINE_BYTES_MAX) {
            // No line of a request is this long.
            decide(ctx, in, null);
        }
    }

    private static boolean endsWithHttp1(ByteBuf in, int start, int end) {
        int last = end > start && in.getByte(end - 1) == '\r' ? end - 1 : end;
        int version = last - 1 - HTTP1.length;
        if (version <= start || in.getByte(last - 1) < '0' || in.getByte(last - 1) > '1') {
            return false;
        }
        for (int i = 0; i < HTTP1.length; i++) {
            if (in.getByte(version + i) != HTTP1[i]) {
                return false;
            }
        }
        return true;
    }

    private void decide(ChannelHandlerContext ctx, ByteBuf in, @Nullable Protocol protocol) {
        decided = true;
        stopTimer();
        if (protocol == null) {
            in.skipBytes(in.readableBytes());
            ctx.close();
            return;
        }
        protocol.install(ctx);
        // The unread bytes go on to the handlers behind.
        ctx.pipeline().remove(this);
    }
}
