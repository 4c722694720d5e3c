package dev.cairn.server.net;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.SecurityLevel;
import io.grpc.internal.GrpcAttributes;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;

/** What calls get to know of their connection. */
final class ConnectionAttributes {
    private ConnectionAttributes() {}

    /** Of a connection whose TLS handshake, if there is one, is over. */
    static Attributes.Builder of(ChannelHandlerContext ctx) {
        SslHandler encrypted = ctx.pipeline().get(SslHandler.class);
        Attributes.Builder attributes = Attributes.newBuilder()
                .set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, ctx.channel().localAddress())
                .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, ctx.channel().remoteAddress())
                .set(EventLoops.OF_CONNECTION, ctx.channel().eventLoop())
                .set(
                        GrpcAttributes.ATTR_SECURITY_LEVEL,
                        encrypted == null ? SecurityLevel.NONE : SecurityLevel.PRIVACY_AND_INTEGRITY);
        if (encrypted != null) {
            attributes.set(Grpc.TRANSPORT_ATTR_SSL_SESSION, encrypted.engine().getSession());
        }
        return attributes;
    }
}
