package dev.cairn.server.net;

import dev.cairn.server.tls.CertificateAddress;
import dev.cairn.server.tls.PeerCertificate;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.ByteToMessageDecoder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Confined to the connection's event loop. Stands right behind TLS and lets nothing through until the certificate that the other side has
 * shown is known to belong to its address; then it goes away. Names are looked up on threads that may wait for them.
 *
 * <p>Nothing is read meanwhile but what came together with the end of the handshake.
 */
final class AddressGate extends ByteToMessageDecoder {
    private final CertificateAddress addresses;
    private final Executor lookups;
    private final TlsRefusals refusals;

    AddressGate(CertificateAddress addresses, Executor lookups, TlsRefusals refusals) {
        this.addresses = addresses;
        this.lookups = lookups;
        this.refusals = refusals;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        super.userEventTriggered(ctx, event);
        if (event instanceof SslHandshakeCompletionEvent completed && completed.isSuccess()) {
            check(ctx);
        }
    }

    private void check(ChannelHandlerContext ctx) {
        SslHandler tls = ctx.pipeline().get(SslHandler.class);
        X509Certificate shown = PeerCertificate.of(tls.engine().getSession());
        if (shown == null || !(ctx.channel().remoteAddress() instanceof InetSocketAddress from)) {
            pass(ctx);
        } else if (CertificateAddress.isPlain(shown, from.getAddress())) {
            decide(ctx, shown, addresses.refusal(shown, from.getAddress()));
        } else {
            ctx.channel().config().setAutoRead(false);
            try {
                lookups.execute(() -> {
                    String refusal = addresses.refusal(shown, from.getAddress());
                    ctx.executor().execute(() -> decide(ctx, shown, refusal));
                });
            } catch (RejectedExecutionException e) {
                // More names wait than are looked up in time: the other side tries again.
                ctx.close();
            }
        }
    }

    private void decide(ChannelHandlerContext ctx, X509Certificate shown, @Nullable String refusal) {
        if (ctx.isRemoved() || !ctx.channel().isOpen()) {
            return;
        }
        if (refusal == null) {
            pass(ctx);
        } else {
            refusals.log(ctx.channel(), shown, refusal);
            ctx.close();
        }
    }

    private void pass(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(true);
        // What was held goes on to the handlers behind.
        ctx.pipeline().remove(this);
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        // Held until it is known who sends it.
    }
}
