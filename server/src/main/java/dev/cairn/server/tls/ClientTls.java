package dev.cairn.server.tls;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the options say together about TLS on the listeners for clients, checked in etcd's order. Stateless. */
public final class ClientTls {
    private static final Logger LOG = LoggerFactory.getLogger(ClientTls.class);

    private ClientTls() {}

    /**
     * The TLS of all listeners for clients; makes the certificate of {@code --auto-tls} where it is missing.
     *
     * @return null when there is neither certificate nor automatic one: then no listener has TLS
     * @throws TlsException when the options do not fit together, or what is wrong with which file
     */
    public static @Nullable ServerTls of(ServerConfig config) throws TlsException {
        CipherSuites.check(config.cipherSuites());
        TlsSettings.Named certificate = TlsSettings.Named.of("cert-file", config.certFile());
        TlsSettings.Named key = TlsSettings.Named.of("key-file", config.keyFile());
        boolean given = certificate != null || key != null;
        boolean automatic = config.autoTls() && !given;
        if (config.autoTls() && given) {
            LOG.warn("ignoring client auto TLS since certs given");
        }
        checkUrls(config, given || automatic);
        if (automatic) {
            // As in etcd, authorities and names for client certificates do not go with it.
            SelfSignedCertificate own =
                    new SelfSignedCertificate(Path.of(config.dataDir().toString(), "fixtures", "client"));
            own.makeIfMissing(hosts(config), config.selfSignedCertValidityYears());
            if (!anyTls(config)) {
                return null;
            }
            return open(new TlsSettings(
                    new TlsSettings.Named("auto-tls", own.certificateFile()),
                    new TlsSettings.Named("auto-tls", own.keyFile()),
                    null,
                    null,
                    false,
                    List.of(),
                    List.of(),
                    config.cipherSuites(),
                    protocols(config)));
        }
        if (!given || !anyTls(config)) {
            return null;
        }
        if (certificate == null || key == null) {
            throw new TlsException("KeyFile and CertFile must both be present[key: " + config.keyFile() + ", cert: "
                    + config.certFile() + "]");
        }
        checkOwnClientCertificate(config);
        TlsSettings.Named trusted = TlsSettings.Named.of("trusted-ca-file", config.trustedCaFile());
        return open(new TlsSettings(
                certificate,
                key,
                trusted,
                TlsSettings.Named.of("client-crl-file", config.clientCrlFile()),
                config.clientCertAuth() || trusted != null,
                config.clientCertAllowedHostnames(),
                List.of(),
                config.cipherSuites(),
                protocols(config)));
    }

    private static ServerTls open(TlsSettings settings) throws TlsException {
        ServerTls tls = new ServerTls(settings);
        LOG.atInfo()
                .setMessage("starting with client TLS")
                .addKeyValue("cert-file", settings.certificate().path())
                .addKeyValue("trusted-ca-file", path(settings.trustedCa()))
                .addKeyValue("crl-file", path(settings.crl()))
                .addKeyValue("client-cert-auth", settings.clientCertificates())
                .log();
        return tls;
    }

    private static String path(TlsSettings.@Nullable Named named) {
        return named == null ? "" : named.path().toString();
    }

    private static void checkUrls(ServerConfig config, boolean present) throws TlsException {
        List<EtcdUrl> urls = new ArrayList<>(config.listenClientUrls());
        urls.addAll(config.listenClientHttpUrls());
        for (EtcdUrl url : urls) {
            if (url.tls() && !present) {
                throw new TlsException("TLS key/cert (--cert-file, --key-file) must be provided for client url "
                        + url.text() + " with HTTPS scheme");
            }
            if (!url.tls() && present) {
                LOG.atWarn()
                        .setMessage(
                                "scheme is http or unix while key and cert files are present; ignoring key and cert files")
                        .addKeyValue("client-url", url.text())
                        .log();
            }
            if (!url.tls() && config.clientCertAuth()) {
                LOG.atWarn()
                        .setMessage(
                                "scheme is http or unix while --client-cert-auth is enabled; ignoring client cert auth for this URL")
                        .addKeyValue("client-url", url.text())
                        .log();
            }
        }
        if (!present && config.listenMetricsUrls().stream().anyMatch(EtcdUrl::tls)) {
            throw new TlsException(
                    "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
        }
    }

    /** Nothing connects to the server itself here, but what etcd refuses to start with is a mistake here as well. */
    private static void checkOwnClientCertificate(ServerConfig config) throws TlsException {
        TlsSettings.Named certificate = TlsSettings.Named.of("client-cert-file", config.clientCertFile());
        TlsSettings.Named key = TlsSettings.Named.of("client-key-file", config.clientKeyFile());
        if (certificate == null && key == null) {
            return;
        }
        if (certificate == null || key == null) {
            throw new TlsException("ClientKeyFile and ClientCertFile must both be present or both absent: key: "
                    + config.clientKeyFile() + ", cert: " + config.clientCertFile() + "]");
        }
        ServerIdentity.of(
                TlsFile.read(certificate.option(), certificate.path()), TlsFile.read(key.option(), key.path()));
    }

    private static boolean anyTls(ServerConfig config) {
        return config.listenClientUrls().stream().anyMatch(EtcdUrl::tls)
                || config.listenClientHttpUrls().stream().anyMatch(EtcdUrl::tls)
                || config.listenMetricsUrls().stream().anyMatch(EtcdUrl::tls);
    }

    private static List<String> hosts(ServerConfig config) {
        List<EtcdUrl> urls = new ArrayList<>(config.listenClientUrls());
        urls.addAll(config.listenClientHttpUrls());
        return urls.stream()
                .filter(url -> !url.unixSocket() && !url.host().isEmpty())
                .map(EtcdUrl::host)
                .distinct()
                .toList();
    }

    /** The versions of the protocol that the options allow, by the names of the JDK. */
    static List<String> protocols(ServerConfig config) {
        List<String> protocols = new ArrayList<>();
        if (!config.tlsMaxVersion().equals("TLS1.2")) {
            protocols.add("TLSv1.3");
        }
        if (!config.tlsMinVersion().equals("TLS1.3")) {
            protocols.add("TLSv1.2");
        }
        return protocols;
    }
}
