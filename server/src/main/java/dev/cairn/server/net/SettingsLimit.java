package dev.cairn.server.net;

import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Thread-safe; what belongs to one connection runs on its event loop. Closes connections whose client has sent the preface of HTTP/2 but
 * not its settings, which have to follow at once, within the time limit. The RPC library has a limit of its own for that, but it counts from the
 * start of the connection and knows nothing of those that speak HTTP/1.
 */
final class SettingsLimit extends ServerTransportFilter {
    private static final Attributes.Key<Future<?>> TIMER = Attributes.Key.create("dev.cairn.settings-limit");

    private final Duration limit;

    SettingsLimit(Duration limit) {
        this.limit = limit;
    }

    /** From now on the time runs; it stops when the library tells of the transport by these attributes. */
    void start(ChannelHandlerContext ctx, Attributes.Builder attributes) {
        Channel channel = ctx.channel();
        // Past the handlers: the library's would first ask the client whether it agrees, and wait for an answer.
        Runnable end = () -> channel.unsafe().close(channel.newPromise());
        Future<?> timer = ctx.executor().schedule(end, limit.toMillis(), TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> timer.cancel(false));
        attributes.set(TIMER, timer);
    }

    /** The settings have come. */
    @Override
    public Attributes transportReady(Attributes attributes) {
        Future<?> timer = attributes.get(TIMER);
        if (timer == null) {
            return attributes;
        }
        timer.cancel(false);
        return attributes.toBuilder().discard(TIMER).build();
    }
}
