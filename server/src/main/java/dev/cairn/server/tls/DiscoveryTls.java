package dev.cairn.server.tls;

import dev.cairn.server.config.DiscoverySettings;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.grpc.netty.shaded.io.netty.handler.ssl.JdkSslContext;
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
        boolean pair = !settings.certFile().isEmpty() || !settings.keyFile().isEmpty();
        if (pair && (settings.certFile().isEmpty() || settings.keyFile().isEmpty())) {
            throw new TlsException("KeyFile and CertFile must both be present[key: " + settings.keyFile() + ", cert: "
                    + settings.certFile() + "]");
        }
        boolean asked =
                pair || !settings.caFile().isEmpty() || !settings.insecureTransport() || settings.insecureSkipVerify();
        // Made in any case, so that files that are no good are noticed.
        DialTls dialling = new DialTls(
                TlsSettings.Named.of("discovery-cert", settings.certFile()),
                TlsSettings.Named.of("discovery-key", settings.keyFile()),
                TlsSettings.Named.of("discovery-cacert", settings.caFile()),
                !settings.insecureSkipVerify());
        String first = settings.endpoints().get(0);
        boolean secured = first.startsWith("https://") || first.startsWith("unixs:");
        boolean plain = first.startsWith("http://") || first.startsWith("unix:");
        if (plain || (!secured && !asked)) {
            return null;
        }
        return new JdkSslContext(
                dialling.context(),
                true,
                null,
                IdentityCipherSuiteFilter.INSTANCE,
                new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        "h2"),
                ClientAuth.NONE,
                null,
                false);
    }
}
