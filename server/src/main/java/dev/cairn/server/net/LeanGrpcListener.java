package dev.cairn.server.net;

import dev.cairn.http2.GrpcConnections;
import dev.cairn.http2.GrpcSettings;
import dev.cairn.server.config.EtcdUrl;
import io.grpc.HandlerRegistry;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.group.ChannelGroup;
import io.grpc.netty.shaded.io.netty.channel.group.DefaultChannelGroup;
import io.grpc.netty.shaded.io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Listens with our own HTTP/2, see {@link dev.cairn.http2}. */
final class LeanGrpcListener implements GrpcListener {
    /** For a listener that does not even take its end. */
    private static final Duration STOP_LIMIT = Duration.ofSeconds(2);

    private final Channel listener;
    private final GrpcConnections calls;

    /** All connections that are not, or not yet, of HTTP/2. */
    private final ChannelGroup others;

    private LeanGrpcListener(Channel listener, GrpcConnections calls, ChannelGroup others) {
        this.listener = listener;
        this.calls = calls;
        this.others = others;
    }

    /** @throws IOException when the address cannot be bound; the message is etcd's and names the address */
    static LeanGrpcListener bind(
            EtcdUrl url,
            EventLoops loops,
            GrpcBeginning beginning,
            GrpcSettings settings,
            HandlerRegistry methods,
            ServerStreamTracer.Factory tracers,
            Map<ChannelOption<?>, Object> options)
            throws IOException {
        GrpcConnections calls = new GrpcConnections(settings, ReflectedServer.context(methods), methods, tracers);
        ChannelGroup others = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
        Channel listener = ListeningSocket.open(url, loops, options, channel -> {
            others.add(channel);
            channel.pipeline().addLast(beginning.handler(after -> {
                others.remove(after.channel());
                install(after, calls);
            }));
        });
        return new LeanGrpcListener(listener, calls, others);
    }

    private static void install(ChannelHandlerContext after, GrpcConnections calls) {
        ChannelHandler connection =
                calls.newConnection(ConnectionAttributes.of(after).build());
        after.pipeline().addAfter(after.name(), null, connection);
    }

    @Override
    public SocketAddress address() {
        return listener.localAddress();
    }

    @Override
    public void drain() {
        listener.close().awaitUninterruptibly(STOP_LIMIT.toMillis());
        calls.drain();
        // Those of HTTP/1 end when what is in work has been answered.
        others.close();
    }

    @Override
    public boolean awaitNone(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        return calls.awaitNone(nanos)
                & others.newCloseFuture().await(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    @Override
    public void cut() {
        calls.cut();
        // Past the handlers, which would still wait for answers.
        others.forEach(
                channel -> channel.eventLoop().execute(() -> channel.unsafe().close(channel.newPromise())));
    }
}
