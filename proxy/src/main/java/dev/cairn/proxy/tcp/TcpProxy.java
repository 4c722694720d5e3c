package dev.cairn.proxy.tcp;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.names.Names;
import dev.cairn.server.names.UnknownNameException;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.net.ListenAddress;
import io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap;
import io.grpc.netty.shaded.io.netty.bootstrap.ServerBootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Passes each connection on to one backend. A backend that cannot be reached is left out until an attempt to reach it succeeds, which is
 * made at every retry delay; the connection goes to the next one meanwhile, and is closed when there is none.
 *
 * <p>Connections are bounded by the descriptors of the process, their lookups of names by {@link #LOOKUPS_MAX}: what comes then is closed.
 */
public final class TcpProxy {
    static final int LOOKUPS_MAX = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(TcpProxy.class);
    private static final int BACKLOG = 4096;
    private static final int LOOKUP_THREADS = 2;
    private static final Duration DIAL_LIMIT = Duration.ofSeconds(10);
    private static final Duration RETRY_DELAY_STANDARD = Duration.ofMinutes(5);

    private final EventLoops loops;
    private final Names names;
    private final Backends backends;
    private final Duration retryDelay;
    private final ThreadPoolExecutor lookups;
    private @Nullable Channel listener;

    /** @param retryDelay zero or less for five minutes */
    public TcpProxy(EventLoops loops, Names names, Backends backends, Duration retryDelay) {
        this.loops = loops;
        this.names = names;
        this.backends = backends;
        this.retryDelay = retryDelay.isZero() || retryDelay.isNegative() ? RETRY_DELAY_STANDARD : retryDelay;
        this.lookups = new ThreadPoolExecutor(
                LOOKUP_THREADS, LOOKUP_THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(LOOKUPS_MAX), task -> {
                    Thread thread = new Thread(task, "etcd-dial");
                    thread.setDaemon(true);
                    return thread;
                });
        lookups.allowCoreThreadTimeOut(true);
    }

    /**
     * Listens, and serves from then on.
     *
     * @return the address with its real port
     * @throws IOException when the address cannot be bound; the message is etcd's
     */
    public SocketAddress bind(InetSocketAddress address) throws IOException {
        ChannelFuture bound = new ServerBootstrap()
                .group(loops.group())
                .channel(loops.tcp())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel client) {
                        serve(client);
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        Throwable failure = bound.cause();
        if (failure != null) {
            String host = address.getAddress().getHostAddress();
            throw ListenAddress.bindError(
                    new EtcdUrl("http", host, address.getPort(), host + ":" + address.getPort()), address, failure);
        }
        listener = bound.channel();
        LOG.atInfo()
                .setMessage("ready to proxy client requests")
                .addKeyValue(
                        "endpoints",
                        backends.all().stream().map(Backend::toString).toList())
                .log();
        loops.group()
                .next()
                .scheduleWithFixedDelay(this::retry, retryDelay.toNanos(), retryDelay.toNanos(), TimeUnit.NANOSECONDS);
        return bound.channel().localAddress();
    }

    /** Waits until the listener is closed. */
    public void awaitEnd() throws InterruptedException {
        Channel current = listener;
        if (current != null) {
            current.closeFuture().sync();
        }
    }

    /** Accepts nothing more; connections that are open go on. */
    public void close() {
        Channel current = listener;
        if (current != null) {
            current.close().awaitUninterruptibly(DIAL_LIMIT.toMillis());
        }
        lookups.shutdownNow();
    }

    private void serve(Channel client) {
        Backend backend = backends.next();
        if (backend == null) {
            client.close();
            return;
        }
        dial(backend, client.eventLoop(), new Consumer<>() {
            @Override
            public void accept(Object outcome) {
                if (outcome instanceof Channel reached) {
                    join(client, reached);
                } else if (outcome instanceof RejectedExecutionException) {
                    client.close();
                } else {
                    deactivate(backend, String.valueOf(outcome));
                    serve(client);
                }
            }
        });
    }

    private void deactivate(Backend backend, String error) {
        backend.setActive(false);
        LOG.atWarn()
                .setMessage("deactivated endpoint")
                .addKeyValue("address", backend)
                .addKeyValue("interval", ServerConfig.format(retryDelay))
                .addKeyValue("error", error)
                .log();
    }

    /** Both are on one event loop, and neither is read from yet. */
    private static void join(Channel client, Channel backend) {
        if (!client.isActive()) {
            backend.close();
            return;
        }
        client.pipeline().addLast(new Relay(backend));
        backend.pipeline().addLast(new Relay(client));
        client.config().setAutoRead(true);
        backend.config().setAutoRead(true);
    }

    /**
     * Tries the addresses of a backend one after the other.
     *
     * @param done told on the event loop: a {@link Channel} that is not read from, a {@link RejectedExecutionException} when too many dial
     *     at a time, or the text of the last failure
     */
    private void dial(Backend backend, EventLoop loop, Consumer<Object> done) {
        try {
            lookups.execute(() -> {
                try {
                    List<InetAddress> addresses = names.addresses(backend.host());
                    loop.execute(() -> dial(addresses, 0, backend.port(), loop, done));
                } catch (UnknownNameException e) {
                    loop.execute(() -> done.accept("dial tcp: " + e.getMessage()));
                }
            });
        } catch (RejectedExecutionException e) {
            loop.execute(() -> done.accept(e));
        }
    }

    private void dial(List<InetAddress> addresses, int at, int port, EventLoop loop, Consumer<Object> done) {
        InetSocketAddress address = new InetSocketAddress(addresses.get(at), port);
        new Bootstrap()
                .group(loop)
                .channel(loops.tcpClient())
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) DIAL_LIMIT.toMillis())
                .handler(new ChannelInboundHandlerAdapter())
                .connect(address)
                .addListener((ChannelFuture connected) -> {
                    if (connected.isSuccess()) {
                        done.accept(connected.channel());
                    } else if (at + 1 < addresses.size()) {
                        dial(addresses, at + 1, port, loop, done);
                    } else {
                        done.accept("dial tcp " + ListenAddress.text(address) + ": "
                                + connected.cause().getMessage());
                    }
                });
    }

    private void retry() {
        for (Backend backend : backends.all()) {
            if (!backend.isActive()) {
                dial(backend, loops.group().next(), outcome -> {
                    if (outcome instanceof Channel reached) {
                        reached.close();
                        backend.setActive(true);
                        LOG.atInfo()
                                .setMessage("activated")
                                .addKeyValue("address", backend)
                                .log();
                    } else {
                        LOG.atWarn()
                                .setMessage("failed to activate endpoint (stay inactive for another interval)")
                                .addKeyValue("address", backend)
                                .addKeyValue("interval", ServerConfig.format(retryDelay))
                                .addKeyValue("error", String.valueOf(outcome))
                                .log();
                    }
                });
            }
        }
    }
}
