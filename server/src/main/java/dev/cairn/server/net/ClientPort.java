package dev.cairn.server.net;

import dev.cairn.http2.GrpcSettings;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.tls.ClientTls;
import dev.cairn.server.tls.ServerTls;
import io.grpc.Metadata;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollChannelOption;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioChannelOption;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners of a member for its clients: the client URLs (gRPC, and HTTP unless that has URLs of its own), the HTTP URLs and the
 * metrics URLs of the configuration.
 *
 * <p>States, in this order: bound (connections are accepted, but unanswered, so that an address in use is found before anything is
 * written to disk), serving, stopping (nothing new is accepted, calls in work may end), stopped. Driven by one thread, main's; the
 * connections live on the {@link EventLoops}.
 */
public final class ClientPort {
    private static final Logger LOG = LoggerFactory.getLogger(ClientPort.class);

    /** What a message may be longer than a request, for its envelope. */
    private static final int MESSAGE_OVERHEAD_BYTES = 512 << 10;

    private static final int METADATA_BYTES_MAX = 1 << 20;

    /** Whether grpc-java's own transport carries the calls instead of ours. */
    private static final boolean STOCK = "stock".equals(System.getProperty("cairn.net.grpc"));

    /** A connection that has not said what it speaks by then is closed. */
    private static final Duration FIRST_BYTES_LIMIT = Duration.ofMinutes(2);

    /** Shutting down ends with force; this is for connections that do not even take the end. */
    private static final Duration LAST_WORD_LIMIT = Duration.ofMillis(500);

    private static final Duration FORCED_STOP_LIMIT = Duration.ofSeconds(2);

    private final ServingGate gate = new ServingGate();
    private final List<GrpcListener> servers = new ArrayList<>();
    private final HttpListeners http;
    private final List<Path> socketFiles = new ArrayList<>();
    private final List<SocketAddress> addresses = new ArrayList<>();
    private final List<EtcdUrl> urls = new ArrayList<>();
    private final ServerConfig config;
    private final EventLoops loops;
    private final Duration firstBytesLimit;
    private final @Nullable ServerTls tls;

    private ClientPort(ServerConfig config, EventLoops loops, Duration firstBytesLimit, @Nullable ServerTls tls) {
        this.tls = tls;
        this.config = config;
        this.loops = loops;
        this.firstBytesLimit = firstBytesLimit;
        this.http = new HttpListeners(gate, loops, firstBytesLimit);
    }

    /**
     * What is served.
     *
     * @param services the gRPC services
     * @param interceptors around every call, the first one outermost
     * @param tracer told of every stream
     * @param http pages for clients
     * @param metrics pages for the metrics URLs
     */
    public record Content(
            List<ServerServiceDefinition> services,
            List<ServerInterceptor> interceptors,
            ServerStreamTracer.Factory tracer,
            HttpHandler http,
            HttpHandler metrics) {
        public Content {
            services = List.copyOf(services);
            interceptors = List.copyOf(interceptors);
        }
    }

    /**
     * Binds every address or none.
     *
     * @param content asked for when the first call comes in, which is after {@link #serve}
     * @throws IOException when an address cannot be bound, or TLS not be set up; the message names the address or the file
     */
    public static ClientPort bind(ServerConfig config, EventLoops loops, Supplier<Content> content) throws IOException {
        return bind(config, loops, content, FIRST_BYTES_LIMIT);
    }

    static ClientPort bind(ServerConfig config, EventLoops loops, Supplier<Content> content, Duration firstBytesLimit)
            throws IOException {
        ClientPort port = new ClientPort(config, loops, firstBytesLimit, ClientTls.of(config));
        try {
            boolean httpApart = !config.listenClientHttpUrls().isEmpty();
            for (EtcdUrl url : config.listenClientUrls()) {
                port.bindGrpc(
                        url,
                        content,
                        httpApart ? null : request -> content.get().http().handle(request));
            }
            for (EtcdUrl url : config.listenClientHttpUrls()) {
                port.bindHttp(url, request -> content.get().http().handle(request));
            }
            for (EtcdUrl url : config.listenMetricsUrls()) {
                port.bindHttp(url, request -> content.get().metrics().handle(request));
            }
            return port;
        } catch (IOException e) {
            port.stop(Duration.ZERO);
            throw e;
        }
    }

    /** The addresses that were bound, with the real ports, in the order client, HTTP, metrics. */
    public List<SocketAddress> addresses() {
        return List.copyOf(addresses);
    }

    /** Starts to answer, also those who connected before. */
    public void serve() {
        gate.open();
        for (int i = 0; i < addresses.size(); i++) {
            LOG.atInfo()
                    .setMessage(
                            urls.get(i).tls()
                                    ? "serving client traffic securely"
                                    : "serving client traffic insecurely; this is strongly discouraged!")
                    .addKeyValue("traffic", "grpc+http")
                    .addKeyValue("address", ListenAddress.text(addresses.get(i)))
                    .log();
        }
    }

    /**
     * Clients of the pages offer both protocols, clients of gRPC offer HTTP/2 alone, which carries nothing but gRPC here: who offers
     * both gets HTTP/1.
     */
    private void bindGrpc(EtcdUrl url, Supplier<Content> content, @Nullable HttpHandler http) throws IOException {
        int messageBytesMax = messageBytesMax(config);
        FirstBytesHandler.Protocol http1 =
                http == null ? null : after -> Http1Handler.install(after, http, saturate(2L * messageBytesMax));
        GrpcBeginning beginning = new GrpcBeginning(
                gate, firstBytesLimit, http1, front(url, http == null ? List.of("h2") : List.of("http/1.1", "h2")));
        GrpcSettings settings = new GrpcSettings(
                messageBytesMax,
                METADATA_BYTES_MAX,
                saturate(config.maxConcurrentStreams()),
                config.grpcKeepaliveInterval(),
                config.grpcKeepaliveTimeout(),
                config.grpcKeepaliveMinTime(),
                firstBytesLimit);
        ServedMethods methods = new ServedMethods(content);
        ServerStreamTracer.Factory tracers = new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return content.get().tracer().newServerStreamTracer(method, headers);
            }
        };
        GrpcListener listener = STOCK
                ? StockGrpcListener.bind(url, loops, beginning, settings, methods, tracers, options(url))
                : LeanGrpcListener.bind(url, loops, beginning, settings, methods, tracers, options(url));
        servers.add(listener);
        bound(url, listener.address());
    }

    /** What is set on the listening socket beside what all have. */
    private Map<ChannelOption<?>, Object> options(EtcdUrl url) {
        if (url.unixSocket() || !config.socketReusePort()) {
            return Map.of();
        }
        return Map.of(
                loops.epoll()
                        ? EpollChannelOption.SO_REUSEPORT
                        : NioChannelOption.of(StandardSocketOptions.SO_REUSEPORT),
                true);
    }

    /** What puts TLS in front of a connection's first handler; null for a listener without. */
    private @Nullable UnaryOperator<ChannelHandler> front(EtcdUrl url, List<String> protocols) {
        if (!url.tls()) {
            return null;
        }
        ServerTls engines = Objects.requireNonNull(tls, "checked with the options");
        return behind -> new TlsFront(gate, () -> engines.engine(protocols), loops.handshakes(), behind);
    }

    private void bindHttp(EtcdUrl url, HttpHandler handler) throws IOException {
        int bodyBytesMax = saturate(2L * messageBytesMax(config));
        addresses.add(http.bind(url, handler, bodyBytesMax, front(url, List.of("http/1.1"))));
        urls.add(url);
    }

    /** How large a message of a client may be. In JSON it is longer, by a third where it is full of bytes. */
    public static int messageBytesMax(ServerConfig config) {
        return saturate((long) config.maxRequestBytes() + MESSAGE_OVERHEAD_BYTES);
    }

    private void bound(EtcdUrl url, SocketAddress address) {
        addresses.add(address);
        urls.add(url);
        if (url.unixSocket()) {
            socketFiles.add(Path.of(url.host()));
        }
    }

    /**
     * Stops: nothing new is accepted, calls in work get the time to end, what is left is cut. Also right for a port that is only
     * bound.
     */
    public void stop(Duration grace) {
        stop(grace, () -> {});
    }

    /**
     * The same.
     *
     * @param lastWord runs when the time is over and calls are still in work; what it answers still goes out
     */
    public void stop(Duration grace, Runnable lastWord) {
        http.stopListening();
        for (GrpcListener server : servers) {
            server.drain();
        }
        http.closeConnections(grace);
        if (!await(grace)) {
            lastWord.run();
            await(LAST_WORD_LIMIT);
        }
        for (GrpcListener server : servers) {
            server.cut();
        }
        await(FORCED_STOP_LIMIT);
        for (Path file : socketFiles) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.atWarn()
                        .setMessage("cannot remove socket file")
                        .addKeyValue("path", file)
                        .setCause(e)
                        .log();
            }
        }
    }

    /** Whether all connections have ended by then. */
    private boolean await(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        boolean none = true;
        for (GrpcListener server : servers) {
            try {
                none &= server.awaitNone(Math.max(0, deadline - System.nanoTime()));
            } catch (InterruptedException e) {
                // Stopping goes on without waiting.
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return none;
    }

    private static int saturate(long value) {
        return (int) Math.min(Integer.MAX_VALUE, value);
    }
}
