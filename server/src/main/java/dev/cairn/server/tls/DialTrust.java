package dev.cairn.server.tls;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. Which servers are accepted by those who dial: certificates that lead to a trusted authority, are made for the host that is
 * dialled, or for another name where one is expected of all of them, and carry an allowed name.
 */
final class DialTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager authorities;
    private final AllowedNames allowed;
    private final Supplier<@Nullable String> expectedName;

    /** @param expectedName asked for with each connection; null for the host that is dialled */
    DialTrust(X509ExtendedTrustManager authorities, AllowedNames allowed, Supplier<@Nullable String> expectedName) {
        this.authorities = authorities;
        this.allowed = allowed;
        this.expectedName = expectedName;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        check(chain, authType, () -> authorities.checkServerTrusted(chain, authType, engine));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        check(chain, authType, () -> authorities.checkServerTrusted(chain, authType, socket));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain, authType, () -> authorities.checkServerTrusted(chain, authType));
    }

    /** What the authorities say of a chain; of the host that is dialled too, where they know the connection. */
    @FunctionalInterface
    private interface Verdict {
        void ask() throws CertificateException;
    }

    private void check(X509Certificate[] chain, String authType, Verdict forDialledHost) throws CertificateException {
        String name = expectedName.get();
        if (name == null) {
            forDialledHost.ask();
        } else {
            // Without the connection, so that the host which is dialled does not count.
            authorities.checkServerTrusted(chain, authType);
            if (!HostNames.match(chain[0], name)) {
                throw new CertificateException("x509: certificate is not valid for " + name);
            }
        }
        allowed.check(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        throw serversOnly();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw serversOnly();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw serversOnly();
    }

    private static CertificateException serversOnly() {
        return new CertificateException("only servers are verified here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authorities.getAcceptedIssuers();
    }
}
