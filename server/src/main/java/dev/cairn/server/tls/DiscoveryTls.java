package dev.cairn.server.tls;

import dev.cairn.server.config.DiscoverySettings;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import org.jspecify.annotations.Nullable;

/** What the options say together about TLS towards the discovery service. Stateless. */
public final class DiscoveryTls {
    private DiscoveryTls() {}

    /**
     * The TLS of connections to the service. Where the first endpoint has a scheme, it decides; otherwise there is TLS as soon as an
     * option asks for any of it.
     *
     * @return null for connections without TLS
     * @throws TlsException when the options do not fit together, or what is wrong with which file
     */
    public static @Nullable SslContext of(DiscoverySettings settings) throws TlsException {
        // Made in any case, so that files that are no good are noticed.
        UpstreamTls upstream = UpstreamTls.of(
                new UpstreamTls.File("discovery-cert", settings.certFile()),
                new UpstreamTls.File("discovery-key", settings.keyFile()),
                new UpstreamTls.File("discovery-cacert", settings.caFile()),
                !settings.insecureSkipVerify());
        boolean asked = !settings.certFile().isEmpty()
                || !settings.caFile().isEmpty()
                || !settings.insecureTransport()
                || settings.insecureSkipVerify();
        String first = settings.endpoints().get(0);
        boolean secured = first.startsWith("https://") || first.startsWith("unixs:");
        boolean plain = first.startsWith("http://") || first.startsWith("unix:");
        if (plain || (!secured && !asked)) {
            return null;
        }
        return upstream.forRpc();
    }
}
