package dev.cairn.server.net;

import dev.cairn.server.config.EtcdUrl;
import io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Map;
import java.util.function.Consumer;

/** Sockets that listen for a URL of the configuration. */
final class ListeningSocket {
    /** So many connections may wait to be accepted. */
    static final int BACKLOG = 4096;

    private ListeningSocket() {}

    /**
     * Binds the address.
     *
     * @param options of the listening socket, beside those that all have
     * @param initialize puts the first handler into the pipeline of each connection, on its event loop
     * @throws IOException when the address cannot be bound; the message is etcd's and names the address
     */
    static Channel open(
            EtcdUrl url, EventLoops loops, Map<ChannelOption<?>, Object> options, Consumer<Channel> initialize)
            throws IOException {
        SocketAddress address = ListenAddress.resolve(url, loops);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops.group())
                .channel(url.unixSocket() ? loops.unix() : loops.tcp())
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        initialize.accept(channel);
                    }
                });
        options.forEach((option, value) -> set(bootstrap, option, value));
        if (!url.unixSocket()) {
            bootstrap.option(ChannelOption.SO_BACKLOG, BACKLOG).childOption(ChannelOption.SO_KEEPALIVE, true);
            TcpKeepAlive.times(loops.epoll()).forEach(bootstrap::childOption);
        }
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        Throwable failure = bound.cause();
        if (failure != null) {
            throw ListenAddress.bindError(url, address, failure);
        }
        return bound.channel();
    }

    @SuppressWarnings("unchecked") // The map's values are of their options' types.
    private static <T> void set(ServerBootstrap bootstrap, ChannelOption<T> option, Object value) {
        bootstrap.option(option, (T) value);
    }
}
