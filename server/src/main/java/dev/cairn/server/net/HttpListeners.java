package dev.cairn.server.net;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.tls.CertificateAddress;
import dev.cairn.server.tls.ServerTls;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.group.ChannelGroup;
import io.grpc.netty.shaded.io.netty.channel.group.DefaultChannelGroup;
import io.grpc.netty.shaded.io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listeners that speak HTTP/1.1 only. Bound first, so that an address in use is found early; connections are accepted and wait until
 * {@link #serve}. Driven by one thread, main's; the connections live on the {@link EventLoops}.
 */
public final class HttpListeners {
    private static final Logger LOG = LoggerFactory.getLogger(HttpListeners.class);
    private static final TlsRefusals PEERS = new TlsRefusals("peer");

    /** A connection that has not said what it speaks by then is closed. */
    private static final Duration FIRST_BYTES_LIMIT = Duration.ofMinutes(2);

    /** For a listener that does not even take its end. */
    private static final Duration STOP_LIMIT = Duration.ofSeconds(2);

    private final ServingGate gate;
    private final EventLoops loops;
    private final Duration firstBytesLimit;
    private final List<Channel> listeners = new ArrayList<>();
    private final List<Path> socketFiles = new ArrayList<>();
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

    HttpListeners(ServingGate gate, EventLoops loops, Duration firstBytesLimit) {
        this.gate = gate;
        this.loops = loops;
        this.firstBytesLimit = firstBytesLimit;
    }

    /** Listeners that open when they are told to. */
    public static HttpListeners on(EventLoops loops) {
        return new HttpListeners(new ServingGate(), loops, FIRST_BYTES_LIMIT);
    }

    /** Binds one address where there is no TLS. See the other {@code bind}. */
    public SocketAddress bind(EtcdUrl url, HttpHandler handler, int bodyBytesMax) throws IOException {
        return bind(url, handler, bodyBytesMax, null);
    }

    SocketAddress bind(
            EtcdUrl url, HttpHandler handler, int bodyBytesMax, @Nullable UnaryOperator<ChannelHandler> front)
            throws IOException {
        return bind(url, handler, bodyBytesMax, front, () -> null);
    }

    /**
     * Binds one address for other members. See the other {@code bind}; {@code tls} is used where the URL wants it.
     *
     * @param addresses judges certificates by where they come from; null where that does not matter
     */
    public SocketAddress bindForPeers(
            EtcdUrl url,
            HttpHandler handler,
            int bodyBytesMax,
            @Nullable ServerTls tls,
            @Nullable CertificateAddress addresses,
            Supplier<@Nullable ChannelHandler> inParts)
            throws IOException {
        UnaryOperator<ChannelHandler> front = !url.tls() || tls == null
                ? null
                : behind -> new TlsFront(
                        gate,
                        () -> tls.engine(List.of("http/1.1")),
                        loops.handshakes(),
                        behind,
                        PEERS,
                        addresses == null ? null : new AddressGate(addresses, loops.lookups(), PEERS));
        return bind(url, handler, bodyBytesMax, front, inParts);
    }

    /**
     * Binds one address.
     *
     * @param handler called from {@link #serve} on
     * @param front puts TLS in front of a connection's first handler; null for a listener without
     * @param inParts makes the handler of a connection that takes some requests in parts, from {@link #serve} on; null for none
     * @return the address with its real port
     * @throws IOException when the address cannot be bound; the message is etcd's and names the address
     */
    private SocketAddress bind(
            EtcdUrl url,
            HttpHandler handler,
            int bodyBytesMax,
            @Nullable UnaryOperator<ChannelHandler> front,
            Supplier<@Nullable ChannelHandler> inParts)
            throws IOException {
        Channel listener = ListeningSocket.open(url, loops, Map.of(), channel -> {
            connections.add(channel);
            ChannelHandler first = new FirstBytesHandler(
                    gate,
                    firstBytesLimit,
                    null,
                    after -> Http1Handler.install(after, handler, bodyBytesMax, inParts.get()));
            channel.pipeline().addLast(front == null ? first : front.apply(first));
        });
        listeners.add(listener);
        if (url.unixSocket()) {
            socketFiles.add(Path.of(url.host()));
        }
        return listener.localAddress();
    }

    /** Starts to answer, also those who connected before. */
    public void serve() {
        gate.open();
    }

    /** Host and port of a bound address, as log lines show them. */
    public static String text(SocketAddress address) {
        return ListenAddress.text(address);
    }

    /** Nothing new is accepted, answers in work get the time to go out. */
    public void stop(Duration grace) {
        stopListening();
        closeConnections(grace);
    }

    void stopListening() {
        for (Channel listener : listeners) {
            listener.close().awaitUninterruptibly(STOP_LIMIT.toMillis());
        }
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

    void closeConnections(Duration grace) {
        connections.close().awaitUninterruptibly(Math.max(1, grace.toMillis()));
    }
}
