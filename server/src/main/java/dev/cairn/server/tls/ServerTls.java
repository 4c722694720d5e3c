package dev.cairn.server.tls;

import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. Makes the engine of each new connection from the files as they are at that moment: certificate, key, authorities and
 * revocations may all be replaced while the server runs. Files that cannot be used, for instance because only one half of a pair has
 * been replaced yet, leave those in use that were good last.
 *
 * <p>Whatever changes, sessions of before cannot be resumed: they belong to a context that is gone, so a revoked client has to show
 * its certificate again.
 */
public final class ServerTls {
    /** What engines are made from. */
    private record Loaded(SSLContext context, String[] cipherSuites) {}

    private final TlsSettings settings;
    private final FromFiles<Loaded> loaded;

    /** @throws TlsException what is wrong, and with which file */
    ServerTls(TlsSettings settings) throws TlsException {
        this.settings = settings;
        this.loaded = new FromFiles<>(settings.files(), this::load);
    }

    /**
     * An engine for one connection; may read files.
     *
     * @param protocols what the listener speaks, by ALPN names, the preferred one first
     */
    public SSLEngine engine(List<String> protocols) {
        Loaded current = loaded.current();
        SSLEngine engine = current.context().createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(settings.protocols().toArray(String[]::new));
        parameters.setCipherSuites(current.cipherSuites());
        parameters.setNeedClientAuth(settings.clientCertificates());
        engine.setSSLParameters(parameters);
        engine.setHandshakeApplicationProtocolSelector((ignored, offered) -> choose(protocols, offered));
        return engine;
    }

    /** The first that both speak; nothing for an HTTP/1 client that merely says so; null to refuse the connection. */
    private static @Nullable String choose(List<String> spoken, List<String> offered) {
        for (String protocol : spoken) {
            if (offered.contains(protocol)) {
                return protocol;
            }
        }
        return offered.equals(List.of("http/1.1")) ? "" : null;
    }

    private static @Nullable TlsFile find(List<TlsFile> files, TlsSettings.@Nullable Named named) {
        return files.stream()
                .filter(file -> named != null && file.option().equals(named.option()))
                .findFirst()
                .orElse(null);
    }

    private Loaded load(List<TlsFile> files) throws TlsException {
        ServerIdentity identity = ServerIdentity.of(files.get(0), files.get(1));
        TrustManager[] trust = {};
        if (settings.clientCertificates()) {
            TlsFile crl = find(files, settings.crl());
            trust = new TrustManager[] {
                ClientTrust.of(
                        find(files, settings.trustedCa()),
                        crl == null ? Revocations.none() : Revocations.in(crl),
                        new AllowedNames(settings.hostNames(), settings.commonNames()))
            };
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {identity}, trust, null);
            String[] suites = CipherSuites.enabled(
                    settings.cipherSuites(),
                    List.of(context.getDefaultSSLParameters().getCipherSuites()),
                    settings.protocols().contains("TLSv1.3"));
            return new Loaded(context, suites);
        } catch (GeneralSecurityException e) {
            throw new TlsException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }
}
