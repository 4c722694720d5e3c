package dev.cairn.server.tls;

import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.grpc.netty.shaded.io.netty.handler.ssl.JdkSslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The TLS of connections that a proxy makes to members, or a founder to the discovery service, from three files of which each may be absent.
 * Thread-safe.
 */
public final class UpstreamTls {
    private final DialTls dialling;

    private UpstreamTls(DialTls dialling) {
        this.dialling = dialling;
    }

    /**
     * A file and the option that names it.
     *
     * @param option without dashes
     * @param path empty for none
     */
    public record File(String option, String path) {}

    /**
     * Reads the files.
     *
     * @param verifies whether the certificates of members count at all
     * @throws TlsException when the files do not fit together, or what is wrong with which
     */
    public static UpstreamTls of(File certificate, File key, File authorities, boolean verifies) throws TlsException {
        if (certificate.path().isEmpty() != key.path().isEmpty()) {
            throw new TlsException("KeyFile and CertFile must both be present[key: " + key.path() + ", cert: "
                    + certificate.path() + "]");
        }
        return new UpstreamTls(new DialTls(named(certificate), named(key), named(authorities), verifies));
    }

    private static TlsSettings.@Nullable Named named(File file) {
        return TlsSettings.Named.of(file.option(), file.path());
    }

    /** From the files as they are now; may read files. */
    public SSLContext context() {
        return dialling.context();
    }

    /** The same for channels of the RPC library. */
    public SslContext forRpc() {
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
