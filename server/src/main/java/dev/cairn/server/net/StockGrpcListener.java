package dev.cairn.server.net;

import dev.cairn.http2.GrpcSettings;
import dev.cairn.server.config.EtcdUrl;
import io.grpc.HandlerRegistry;
import io.grpc.Server;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Listens with grpc-java's own transport: what {@link LeanGrpcListener} is compared with, and what can take its place. */
final class StockGrpcListener implements GrpcListener {
    private final Server server;

    private StockGrpcListener(Server server) {
        this.server = server;
    }

    /** @throws IOException when the address cannot be bound; the message is etcd's and names the address */
    static StockGrpcListener bind(
            EtcdUrl url,
            EventLoops loops,
            GrpcBeginning beginning,
            GrpcSettings settings,
            HandlerRegistry methods,
            ServerStreamTracer.Factory tracers,
            Map<ChannelOption<?>, Object> options)
            throws IOException {
        SocketAddress address = ListenAddress.resolve(url, loops);
        SettingsLimit settingsLimit = new SettingsLimit(settings.settingsLimit());
        GrpcNegotiator negotiator = new GrpcNegotiator(beginning, settingsLimit, settings.messageBytesMax());
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        address, InternalNettyServerCredentials.create(negotiator))
                .bossEventLoopGroup(loops.group())
                .workerEventLoopGroup(loops.group())
                .channelType(url.unixSocket() ? loops.unix() : loops.tcp())
                .directExecutor()
                .maxInboundMessageSize(settings.messageBytesMax())
                .maxInboundMetadataSize(settings.metadataBytesMax())
                .maxConcurrentCallsPerConnection(settings.concurrentStreamsMax())
                .permitKeepAliveTime(settings.pingIntervalMin().toNanos(), TimeUnit.NANOSECONDS)
                .permitKeepAliveWithoutCalls(false)
                .addTransportFilter(settingsLimit)
                // The library's own timer would also cut connections that turned out to be HTTP/1.
                .handshakeTimeout(Long.MAX_VALUE, TimeUnit.MILLISECONDS)
                .fallbackHandlerRegistry(methods)
                .addStreamTracerFactory(tracers);
        InternalNettyServerBuilder.setStatsEnabled(builder, false);
        InternalNettyServerBuilder.setTracingEnabled(builder, false);
        if (settings.keepsAlive()) {
            builder.keepAliveTime(settings.keepAlive().toNanos(), TimeUnit.NANOSECONDS)
                    .keepAliveTimeout(settings.keepAliveTimeout().toNanos(), TimeUnit.NANOSECONDS);
        }
        options.forEach((option, value) -> set(builder, option, value));
        if (!url.unixSocket()) {
            builder.withOption(ChannelOption.SO_BACKLOG, ListeningSocket.BACKLOG);
            TcpKeepAlive.times(loops.epoll()).forEach(builder::withChildOption);
        }
        Server server = builder.build();
        try {
            server.start();
        } catch (IOException e) {
            throw ListenAddress.bindError(url, address, e);
        }
        return new StockGrpcListener(server);
    }

    @SuppressWarnings("unchecked") // The map's values are of their options' types.
    private static <T> void set(NettyServerBuilder builder, ChannelOption<T> option, Object value) {
        builder.withOption(option, (T) value);
    }

    @Override
    public SocketAddress address() {
        return server.getListenSockets().get(0);
    }

    @Override
    public void drain() {
        server.shutdown();
    }

    @Override
    public boolean awaitNone(long nanos) throws InterruptedException {
        return server.awaitTermination(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void cut() {
        server.shutdownNow();
    }
}
