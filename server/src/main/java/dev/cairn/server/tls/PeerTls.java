package dev.cairn.server.tls;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.DelegatingSslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.grpc.netty.shaded.io.netty.handler.ssl.JdkSslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the options say together about TLS between members, on both sides: the listeners for peers, and the connections that are made to
 * them. Thread-safe.
 */
public final class PeerTls {
    private static final Logger LOG = LoggerFactory.getLogger(PeerTls.class);

    private final @Nullable ServerTls listeners;
    private final DialTls dialling;
    private final @Nullable DialLimits limits;
    private @Nullable SSLContext lastContext;
    private @Nullable SslContext lastWrapped;

    private PeerTls(@Nullable ServerTls listeners, DialTls dialling, @Nullable DialLimits limits) {
        this.limits = limits;
        this.listeners = listeners;
        this.dialling = dialling;
    }

    /**
     * The TLS of this member towards others; makes the certificate of {@code --peer-auto-tls} where it is missing.
     *
     * @throws TlsException when the options do not fit together, or what is wrong with which file
     */
    public static PeerTls of(ServerConfig config) throws TlsException {
        CipherSuites.check(config.cipherSuites());
        TlsSettings.Named certificate = TlsSettings.Named.of("peer-cert-file", config.peerCertFile());
        TlsSettings.Named key = TlsSettings.Named.of("peer-key-file", config.peerKeyFile());
        boolean given = certificate != null || key != null;
        boolean automatic = config.peerAutoTls() && !given;
        if (config.peerAutoTls() && given) {
            LOG.warn("ignoring peer auto TLS since certs given");
        }
        checkUrls(config, given || automatic);
        TlsSettings.Named trusted = TlsSettings.Named.of("peer-trusted-ca-file", config.peerTrustedCaFile());
        if (automatic) {
            // As in etcd, authorities and names for certificates do not go with it, and nobody's certificate is
            // verified.
            SelfSignedCertificate own =
                    new SelfSignedCertificate(Path.of(config.dataDir().toString(), "fixtures", "peer"));
            own.makeIfMissing(hosts(config), config.selfSignedCertValidityYears());
            TlsSettings settings = settings(
                    config,
                    new TlsSettings.Named("peer-auto-tls", own.certificateFile()),
                    new TlsSettings.Named("peer-auto-tls-key", own.keyFile()),
                    null,
                    null,
                    false,
                    List.of(),
                    List.of());
            return new PeerTls(
                    open(settings),
                    new DialTls(settings.certificate(), settings.key(), null, false),
                    DialLimits.of(config));
        }
        if (!given) {
            // As in etcd, versions and suites are those of who has a certificate.
            return new PeerTls(null, new DialTls(null, null, trusted, true), null);
        }
        if (certificate == null || key == null) {
            throw new TlsException("KeyFile and CertFile must both be present[key: " + config.peerKeyFile() + ", cert: "
                    + config.peerCertFile() + "]");
        }
        if (!config.peerCertAllowedCns().isEmpty()
                && !config.peerCertAllowedHostnames().isEmpty()) {
            throw new TlsException("AllowedCNs and AllowedHostnames are mutually exclusive (cns="
                    + quoted(config.peerCertAllowedCns()) + ", hostnames=" + quoted(config.peerCertAllowedHostnames())
                    + ")");
        }
        TlsSettings.Named clientCertificate =
                TlsSettings.Named.of("peer-client-cert-file", config.peerClientCertFile());
        TlsSettings.Named clientKey = TlsSettings.Named.of("peer-client-key-file", config.peerClientKeyFile());
        if ((clientCertificate == null) != (clientKey == null)) {
            throw new TlsException("ClientKeyFile and ClientCertFile must both be present or both absent: key: "
                    + config.peerClientKeyFile() + ", cert: " + config.peerClientCertFile() + "]");
        }
        TlsSettings settings = settings(
                config,
                certificate,
                key,
                trusted,
                TlsSettings.Named.of("peer-crl-file", config.peerCrlFile()),
                config.peerClientCertAuth() || trusted != null,
                config.peerCertAllowedHostnames(),
                config.peerCertAllowedCns());
        return new PeerTls(
                open(settings),
                new DialTls(
                        clientCertificate == null ? certificate : clientCertificate,
                        clientKey == null ? key : clientKey,
                        trusted,
                        true,
                        new AllowedNames(config.peerCertAllowedHostnames(), config.peerCertAllowedCns())),
                DialLimits.of(config));
    }

    /** From now on all other members have to show certificates for this name when they are dialled, whatever their hosts are. */
    public void expectName(String name) {
        dialling.expectName(name);
    }

    /** The TLS of the listeners; null when they have none. */
    public @Nullable ServerTls listeners() {
        return listeners;
    }

    /** For a connection to another member that checks host names by itself; may read files. */
    public SSLContext context() {
        return dialling.context();
    }

    /** Versions and suites of connections made with {@link #context}; null for those of the runtime. */
    public @Nullable SSLParameters parameters() {
        return limits == null ? null : limits.parameters();
    }

    /** For a connection to another member; may read files. */
    public synchronized SslContext nettyContext() {
        SSLContext context = dialling.context();
        SslContext wrapped = lastWrapped;
        if (wrapped == null || context != lastContext) {
            SslContext plain = new JdkSslContext(
                    context,
                    true,
                    null,
                    IdentityCipherSuiteFilter.INSTANCE,
                    ApplicationProtocolConfig.DISABLED,
                    ClientAuth.NONE,
                    null,
                    false);
            wrapped = new DelegatingSslContext(plain) {
                @Override
                protected void initEngine(SSLEngine engine) {
                    SSLParameters parameters = limits == null ? engine.getSSLParameters() : limits.parameters();
                    parameters.setEndpointIdentificationAlgorithm("HTTPS");
                    engine.setSSLParameters(parameters);
                }
            };
            lastContext = context;
            lastWrapped = wrapped;
        }
        return wrapped;
    }

    private static TlsSettings settings(
            ServerConfig config,
            TlsSettings.Named certificate,
            TlsSettings.Named key,
            TlsSettings.@Nullable Named trusted,
            TlsSettings.@Nullable Named crl,
            boolean clientCertificates,
            List<String> hostNames,
            List<String> commonNames) {
        return new TlsSettings(
                certificate,
                key,
                trusted,
                crl,
                clientCertificates,
                hostNames,
                commonNames,
                config.cipherSuites(),
                ClientTls.protocols(config));
    }

    private static ServerTls open(TlsSettings settings) throws TlsException {
        ServerTls tls = new ServerTls(settings);
        LOG.atInfo()
                .setMessage("starting with peer TLS")
                .addKeyValue("cert-file", settings.certificate().path())
                .addKeyValue("client-cert-auth", settings.clientCertificates())
                .log();
        return tls;
    }

    private static void checkUrls(ServerConfig config, boolean present) throws TlsException {
        for (EtcdUrl url : config.listenPeerUrls()) {
            if (url.tls() && !present) {
                throw new TlsException("KeyFile and CertFile must both be present[key: , cert: ]");
            }
            if (!url.tls() && !url.unixSocket() && present) {
                LOG.atWarn()
                        .setMessage("scheme is HTTP while key and cert files are present; ignoring key and cert files")
                        .addKeyValue("peer-url", url.text())
                        .log();
            }
            if (!url.tls() && !url.unixSocket() && config.peerClientCertAuth()) {
                LOG.atWarn()
                        .setMessage(
                                "scheme is HTTP while --peer-client-cert-auth is enabled; ignoring client cert auth for this URL")
                        .addKeyValue("peer-url", url.text())
                        .log();
            }
        }
    }

    private static String quoted(List<String> names) {
        return "[\"" + String.join("\" \"", names) + "\"]";
    }

    private static List<String> hosts(ServerConfig config) {
        return config.listenPeerUrls().stream()
                .filter(url -> !url.unixSocket() && !url.host().isEmpty())
                .map(EtcdUrl::host)
                .distinct()
                .toList();
    }
}
