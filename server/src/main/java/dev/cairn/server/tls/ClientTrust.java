package dev.cairn.server.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. Which client certificates are accepted: those that lead to a trusted authority, are made for clients, are not revoked
 * and, where names are given, carry one of them.
 */
final class ClientTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager authorities;
    private final Revocations revoked;
    private final AllowedNames allowed;

    private ClientTrust(X509ExtendedTrustManager authorities, Revocations revoked, AllowedNames allowed) {
        this.authorities = authorities;
        this.revoked = revoked;
        this.allowed = allowed;
    }

    /**
     * @param authorities the bundle of the authorities; null for those that the runtime trusts
     * @param allowed of which a certificate must carry one
     */
    static ClientTrust of(@Nullable TlsFile authorities, Revocations revoked, AllowedNames allowed)
            throws TlsException {
        try {
            KeyStore anchors = null;
            if (authorities != null) {
                anchors = KeyStore.getInstance(KeyStore.getDefaultType());
                anchors.load(null, null);
                int place = 0;
                for (X509Certificate authority : Certificates.in(authorities)) {
                    anchors.setCertificateEntry("authority-" + place++, authority);
                }
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(anchors);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager extended) {
                    return new ClientTrust(extended, revoked, allowed);
                }
            }
            throw new IllegalStateException("the runtime has no trust manager for certificates");
        } catch (TlsException e) {
            throw e;
        } catch (GeneralSecurityException | java.io.IOException e) {
            throw new TlsException("the trusted authorities cannot be set up: " + e.getMessage(), e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        authorities.checkClientTrusted(chain, authType, engine);
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        authorities.checkClientTrusted(chain, authType, socket);
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        authorities.checkClientTrusted(chain, authType);
        check(chain);
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        for (X509Certificate certificate : chain) {
            if (revoked.contains(certificate)) {
                throw new CertificateException(
                        "certificate serial " + certificate.getSerialNumber().toString(16) + " revoked",
                        new CertPathValidatorException(
                                "revoked", null, null, -1, CertPathValidatorException.BasicReason.REVOKED));
            }
        }
        allowed.check(chain[0]);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        throw clientsOnly();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        throw clientsOnly();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw clientsOnly();
    }

    private static CertificateException clientsOnly() {
        return new CertificateException("only clients are verified here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return authorities.getAcceptedIssuers();
    }
}
