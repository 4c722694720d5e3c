package dev.cairn.server.net;

import io.grpc.Attributes;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.util.AsciiString;

/**
 * Thread-safe. Stands where the RPC library negotiates the protocol of a new connection, and lets the first bytes decide instead.
 * A connection that speaks HTTP/1 never becomes one of the library's; the library only counts it and closes it when it stops.
 *
 * <p>TLS goes in front of {@link FirstBytesHandler}: the same decision on the decrypted bytes.
 */
final class GrpcNegotiator implements InternalProtocolNegotiator.ProtocolNegotiator {
    private final GrpcBeginning beginning;
    private final SettingsLimit settingsLimit;
    private final long messageBytesMax;

    GrpcNegotiator(GrpcBeginning beginning, SettingsLimit settingsLimit, long messageBytesMax) {
        this.beginning = beginning;
        this.settingsLimit = settingsLimit;
        this.messageBytesMax = messageBytesMax;
    }

    @Override
    public AsciiString scheme() {
        return AsciiString.of(beginning.front() == null ? "http" : "https");
    }

    @Override
    public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpc) {
        return beginning.handler(after -> install(after, grpc));
    }

    private void install(ChannelHandlerContext after, GrpcHttp2ConnectionHandler grpc) {
        MessageLimit.install(grpc, messageBytesMax);
        after.pipeline().addAfter(after.name(), null, InternalProtocolNegotiators.grpcNegotiationHandler(grpc));
        Attributes.Builder attributes = ConnectionAttributes.of(after);
        settingsLimit.start(after, attributes);
        after.fireUserEventTriggered(InternalProtocolNegotiationEvent.withAttributes(
                InternalProtocolNegotiationEvent.getDefault(), attributes.build()));
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
