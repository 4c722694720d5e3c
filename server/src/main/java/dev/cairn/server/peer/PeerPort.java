package dev.cairn.server.peer;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.names.SystemNames;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.net.HttpListeners;
import dev.cairn.server.tls.CertificateAddress;
import dev.cairn.server.tls.ServerTls;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listeners of a member for the other members. Bound before anything is written to disk, serving once the member exists, which is
 * before it serves clients: other members need its answers to elect a leader. Driven by one thread, main's.
 */
public final class PeerPort {
    private static final Logger LOG = LoggerFactory.getLogger(PeerPort.class);

    /** Questions of members are short; what is long has a path of its own. */
    private static final int BODY_BYTES_MAX = 1 << 20;

    private final HttpListeners listeners;
    private final List<SocketAddress> addresses = new ArrayList<>();

    private PeerPort(HttpListeners listeners) {
        this.listeners = listeners;
    }

    /**
     * Binds every peer URL or none.
     *
     * @param tls of the URLs with TLS; null when there are none
     * @param content asked for with every request, which is after {@link #serve}
     * @param raft makes the handler of a connection for what members send each other below {@code /raft}; asked after {@link #serve}
     * @throws IOException when an address cannot be bound; the message is etcd's and names the address
     */
    public static PeerPort bind(
            ServerConfig config,
            EventLoops loops,
            @Nullable ServerTls tls,
            Supplier<? extends HttpHandler> content,
            Supplier<ChannelHandler> raft)
            throws IOException {
        LOG.atInfo()
                .setMessage("configuring peer listeners")
                .addKeyValue(
                        "listen-peer-urls",
                        config.listenPeerUrls().stream().map(EtcdUrl::text).toList())
                .log();
        PeerPort port = new PeerPort(HttpListeners.on(loops));
        CertificateAddress addresses = tls == null || config.peerSkipClientSanVerification()
                ? null
                : new CertificateAddress(new SystemNames());
        try {
            for (EtcdUrl url : config.listenPeerUrls()) {
                port.addresses.add(port.listeners.bindForPeers(
                        url, request -> content.get().handle(request), BODY_BYTES_MAX, tls, addresses, raft::get));
            }
            return port;
        } catch (IOException e) {
            LOG.atError()
                    .setMessage("creating peer listener failed")
                    .addKeyValue("error", e.getMessage())
                    .log();
            port.stop(Duration.ZERO);
            throw e;
        }
    }

    /** The addresses that were bound, with the real ports, in the order of the URLs. */
    public List<SocketAddress> addresses() {
        return List.copyOf(addresses);
    }

    /** Starts to answer, also those who connected before. */
    public void serve() {
        listeners.serve();
        for (SocketAddress address : addresses) {
            LOG.atInfo()
                    .setMessage("serving peer traffic")
                    .addKeyValue("address", HttpListeners.text(address))
                    .log();
        }
    }

    /** Nothing new is accepted, answers in work get the time to go out. */
    public void stop(Duration grace) {
        listeners.stop(grace);
    }
}
