package dev.cairn.server.net;

import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How a new connection becomes one of HTTP/2 or HTTP/1.
 *
 * @param gate until it opens, connections are accepted but not heard
 * @param firstBytesLimit after which a connection that has not said what it speaks is closed
 * @param http1 null where that is not served
 * @param front puts TLS in front of a connection's first handler; null for a listener without
 */
record GrpcBeginning(
        ServingGate gate,
        Duration firstBytesLimit,
        FirstBytesHandler.@Nullable Protocol http1,
        @Nullable UnaryOperator<ChannelHandler> front) {
    /** The first handler of a connection. */
    ChannelHandler handler(FirstBytesHandler.Protocol http2) {
        ChannelHandler first = new FirstBytesHandler(gate, firstBytesLimit, http2, http1);
        return front == null ? first : front.apply(first);
    }
}
