package dev.cairn.peers;

import io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelInitializer;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.ChannelPipeline;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpClientCodec;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;
import io.grpc.netty.shaded.io.netty.util.NetUtil;
import io.grpc.netty.shaded.io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes connections to peer URLs, with TLS and an HTTP codec in front. Thread-safe. */
final class Dialler {
    private static final int LINE_BYTES_MAX = 64 << 10;
    private static final int HEADER_BYTES_MAX = 1 << 20;
    private static final int CHUNK_BYTES_MAX = 64 << 10;

    private final PeerNetwork network;
    private final Duration timeout;

    Dialler(PeerNetwork network, Duration timeout) {
        this.network = network;
        this.timeout = timeout;
    }

    /**
     * Connects.
     *
     * @param loop where the connection will live, and the answer is given
     * @param handlers adds what comes behind the codec
     * @return the connection, whose TLS handshake may still be under way, or why there is none
     */
    Promise<Channel> connect(EventLoop loop, PeerUrl url, Consumer<ChannelPipeline> handlers) {
        Promise<Channel> connected = loop.newPromise();
        if (url.unixSocket()) {
            Class<? extends Channel> unix = network.unix();
            if (unix == null) {
                return connected.setFailure(new UnsupportedOperationException("no unix sockets here: " + url));
            }
            SocketAddress path = unix == NioDomainSocketChannel.class
                    ? UnixDomainSocketAddress.of(Path.of(url.host()))
                    : new DomainSocketAddress(url.host());
            connect(loop, url, unix, path, handlers, connected);
        } else if (NetUtil.createByteArrayFromIpAddressString(url.host()) != null) {
            resolve(loop, url, handlers, connected);
        } else {
            // Asking for a name may take seconds.
            try {
                network.blocking().execute(() -> resolve(loop, url, handlers, connected));
            } catch (RejectedExecutionException e) {
                connected.setFailure(e);
            }
        }
        return connected;
    }

    private void resolve(EventLoop loop, PeerUrl url, Consumer<ChannelPipeline> handlers, Promise<Channel> connected) {
        try {
            SocketAddress address = new InetSocketAddress(InetAddress.getByName(url.host()), url.port());
            connect(loop, url, network.tcp(), address, handlers, connected);
        } catch (UnknownHostException e) {
            connected.setFailure(e);
        }
    }

    private void connect(
            EventLoop loop,
            PeerUrl url,
            Class<? extends Channel> type,
            SocketAddress address,
            Consumer<ChannelPipeline> handlers,
            Promise<Channel> connected) {
        SslContext tls = null;
        if (url.tls()) {
            @Nullable Supplier<SslContext> contexts = network.tls();
            if (contexts == null) {
                connected.setFailure(new UnsupportedOperationException("no TLS configured: " + url));
                return;
            }
            try {
                tls = contexts.get();
            } catch (RuntimeException e) {
                // A certificate that is being exchanged may be unreadable for a moment.
                connected.setFailure(e);
                return;
            }
        }
        SslContext context = tls;
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(type)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(timeout.toMillis()))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        ChannelPipeline pipeline = channel.pipeline();
                        if (context != null) {
                            SslHandler handler = context.newHandler(channel.alloc(), url.host(), url.port());
                            handler.setHandshakeTimeoutMillis(timeout.toMillis());
                            pipeline.addLast(handler);
                        }
                        pipeline.addLast(new HttpClientCodec(LINE_BYTES_MAX, HEADER_BYTES_MAX, CHUNK_BYTES_MAX));
                        handlers.accept(pipeline);
                    }
                });
        if (!url.unixSocket()) {
            bootstrap.option(ChannelOption.TCP_NODELAY, true).option(ChannelOption.SO_KEEPALIVE, true);
        }
        ChannelFuture attempt = bootstrap.connect(address);
        attempt.addListener((ChannelFutureListener) done -> {
            Throwable failure = done.cause();
            if (failure != null) {
                connected.setFailure(failure);
            } else {
                connected.setSuccess(done.channel());
            }
        });
    }
}
