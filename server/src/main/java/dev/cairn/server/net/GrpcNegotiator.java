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
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. Stands where the RPC library negotiates the protocol of a new connection, and lets the first bytes decide instead.
 * A connection that speaks HTTP/1 never becomes one of the library's; the library only counts it and closes it when it stops.
 *
 * <p>TLS will go in front of {@link FirstBytesHandler}: the same decision on the decrypted bytes.
 */
final class GrpcNegotiator implements InternalProtocolNegotiator.ProtocolNegotiator {
    private static final AsciiString SCHEME = AsciiString.of("http");

    private final ServingGate gate;
    private final Duration limit;
    private final FirstBytesHandler.@Nullable Protocol http1;

    GrpcNegotiator(ServingGate gate, Duration limit, FirstBytesHandler.@Nullable Protocol http1) {
        this.gate = gate;
        this.limit = limit;
        this.http1 = http1;
    }

    @Override
    public AsciiString scheme() {
        return SCHEME;
    }

    @Override
    public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpc) {
        return new FirstBytesHandler(gate, limit, after -> install(after, grpc), http1);
    }

    private static void install(ChannelHandlerContext after, GrpcHttp2ConnectionHandler grpc) {
        after.pipeline().addAfter(after.name(), null, InternalProtocolNegotiators.grpcNegotiationHandler(grpc));
        Attributes attributes = Attributes.newBuilder()
                .set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, after.channel().localAddress())
                .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, after.channel().remoteAddress())
                .set(EventLoops.OF_CONNECTION, after.channel().eventLoop())
                .set(GrpcAttributes.ATTR_SECURITY_LEVEL, SecurityLevel.NONE)
                .build();
        after.fireUserEventTriggered(InternalProtocolNegotiationEvent.withAttributes(
                InternalProtocolNegotiationEvent.getDefault(), attributes));
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
