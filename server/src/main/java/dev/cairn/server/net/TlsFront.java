package dev.cairn.server.net;

import dev.cairn.server.tls.PeerCertificate;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.ByteToMessageDecoder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/**
 * Confined to the connection's event loop. Stands first in the pipeline of a connection with TLS until the gate is open and its
 * engine is made, then gives its place to TLS. The engine is made on a thread that may read files, and the handshake's arithmetic is
 * done there too, so that a crowd of new connections does not delay the calls of the others.
 *
 * <p>Nothing is read meanwhile but what may slip in before reading is off.
 */
final class TlsFront extends ByteToMessageDecoder {
    /** As etcd's: a connection whose handshake is not over by then is closed. */
    private static final Duration HANDSHAKE_LIMIT = Duration.ofSeconds(10);

    private final ServingGate gate;
    private final Supplier<SSLEngine> engines;
    private final Executor handshakes;
    private final ChannelHandler behind;
    private final TlsRefusals refusals;
    private final @Nullable ChannelHandler admission;

    /** @param behind handles the decrypted bytes */
    TlsFront(ServingGate gate, Supplier<SSLEngine> engines, Executor handshakes, ChannelHandler behind) {
        this(gate, engines, handshakes, behind, new TlsRefusals("client"), null);
    }

    /** @param admission stands between TLS and what is behind until it lets the other side in; null for everybody */
    TlsFront(
            ServingGate gate,
            Supplier<SSLEngine> engines,
            Executor handshakes,
            ChannelHandler behind,
            TlsRefusals refusals,
            @Nullable ChannelHandler admission) {
        this.refusals = refusals;
        this.admission = admission;
        this.gate = gate;
        this.engines = engines;
        this.handshakes = handshakes;
        this.behind = behind;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline().addAfter(ctx.name(), null, behind);
        if (admission != null) {
            ctx.pipeline().addAfter(ctx.name(), null, admission);
        }
        ctx.channel().config().setAutoRead(false);
        gate.whenOpen(() -> prepare(ctx));
    }

    private void prepare(ChannelHandlerContext ctx) {
        try {
            handshakes.execute(() -> {
                SSLEngine engine = engines.get();
                ctx.executor().execute(() -> install(ctx, engine));
            });
        } catch (RejectedExecutionException e) {
            // More handshakes wait than can be done in time: the client tries again.
            ctx.close();
        }
    }

    private void install(ChannelHandlerContext ctx, SSLEngine engine) {
        if (ctx.isRemoved() || !ctx.channel().isOpen()) {
            return;
        }
        SslHandler tls = new SslHandler(engine, false, handshakes);
        tls.setHandshakeTimeoutMillis(HANDSHAKE_LIMIT.toMillis());
        tls.handshakeFuture().addListener(done -> {
            if (!done.isSuccess()) {
                rejected(ctx, engine, done.cause());
            }
        });
        // What slipped in goes on to TLS.
        ctx.pipeline().replace(this, null, tls);
        ctx.channel().config().setAutoRead(true);
    }

    private void rejected(ChannelHandlerContext ctx, SSLEngine engine, Throwable failure) {
        X509Certificate shown = PeerCertificate.of(engine.getSession());
        Throwable reason = failure;
        while (reason.getCause() != null && reason.getCause().getMessage() != null) {
            reason = reason.getCause();
        }
        String text = String.valueOf(reason.getMessage());
        if (failure instanceof java.nio.channels.ClosedChannelException) {
            refusals.logEnd(ctx.channel(), shown, text);
        } else {
            refusals.log(ctx.channel(), shown, text);
        }
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        // The handler behind may have switched reading on when the gate opened; TLS switches it on for good.
        ctx.channel().config().setAutoRead(false);
    }
}
