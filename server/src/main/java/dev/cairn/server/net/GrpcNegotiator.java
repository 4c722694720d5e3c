package dev.cairn.server.net;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.SecurityLevel;
import io.grpc.internal.GrpcAttributes;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. Stands where the RPC library negotiates the protocol of a new connection, and lets the first bytes decide instead.
 * A connection that speaks HTTP/1 never becomes one of the library's; the library only counts it and closes it when it stops.
 *
 * <p>TLS goes in front of {@link FirstBytesHandler}: the same decision on the decrypted bytes.
 */
final class GrpcNegotiator implements InternalProtocolNegotiator.ProtocolNegotiator {
    private final ServingGate gate;
    private final Duration limit;
    private final FirstBytesHandler.@Nullable Protocol http1;
    private final SettingsLimit settingsLimit;
    private final long messageBytesMax;
    private final @Nullable UnaryOperator<ChannelHandler> tls;

    /** @param tls puts TLS in front of a handler; null for a listener without */
    GrpcNegotiator(
            ServingGate gate,
            Duration limit,
            FirstBytesHandler.@Nullable Protocol http1,
            SettingsLimit settingsLimit,
            long messageBytesMax,
            @Nullable UnaryOperator<ChannelHandler> tls) {
        this.settingsLimit = settingsLimit;
        this.messageBytesMax = messageBytesMax;
        this.gate = gate;
        this.limit = limit;
        this.http1 = http1;
        this.tls = tls;
    }

    @Override
    public AsciiString scheme() {
        return AsciiString.of(tls == null ? "http" : "https");
    }

    @Override
    public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpc) {
        ChannelHandler first = new FirstBytesHandler(gate, limit, after -> install(after, grpc), http1);
        return tls == null ? first : tls.apply(first);
    }

    private void install(ChannelHandlerContext after, GrpcHttp2ConnectionHandler grpc) {
        MessageLimit.install(grpc, messageBytesMax);
        after.pipeline().addAfter(after.name(), null, InternalProtocolNegotiators.grpcNegotiationHandler(grpc));
        SslHandler encrypted = after.pipeline().get(SslHandler.class);
        Attributes.Builder attributes = Attributes.newBuilder()
                .set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, after.channel().localAddress())
                .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, after.channel().remoteAddress())
                .set(EventLoops.OF_CONNECTION, after.channel().eventLoop())
                .set(
                        GrpcAttributes.ATTR_SECURITY_LEVEL,
                        encrypted == null ? SecurityLevel.NONE : SecurityLevel.PRIVACY_AND_INTEGRITY);
        if (encrypted != null) {
            attributes.set(Grpc.TRANSPORT_ATTR_SSL_SESSION, encrypted.engine().getSession());
        }
        settingsLimit.start(after, attributes);
        after.fireUserEventTriggered(InternalProtocolNegotiationEvent.withAttributes(
                InternalProtocolNegotiationEvent.getDefault(), attributes.build()));
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
