package dev.cairn.server.tls;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The TLS of connections that are made from here, from the files as they are at that moment. Files that cannot be used leave those in use
 * that were good last. Thread-safe.
 */
final class DialTls {
    private final TlsSettings.@Nullable Named certificate;
    private final TlsSettings.@Nullable Named key;
    private final TlsSettings.@Nullable Named authorities;
    private final boolean verifies;
    private final AllowedNames allowed;
    private final FromFiles<SSLContext> context;
    private volatile @Nullable String expectedName;

    /**
     * @param certificate shown to those who want one; null for none
     * @param authorities null for those that the runtime trusts
     * @param verifies whether the other side's certificate counts at all
     * @throws TlsException what is wrong, and with which file
     */
    DialTls(
            TlsSettings.@Nullable Named certificate,
            TlsSettings.@Nullable Named key,
            TlsSettings.@Nullable Named authorities,
            boolean verifies)
            throws TlsException {
        this(certificate, key, authorities, verifies, AllowedNames.ANY);
    }

    /** As the other one; the other side's certificate must carry one of the names. */
    DialTls(
            TlsSettings.@Nullable Named certificate,
            TlsSettings.@Nullable Named key,
            TlsSettings.@Nullable Named authorities,
            boolean verifies,
            AllowedNames allowed)
            throws TlsException {
        this.allowed = allowed;
        this.certificate = certificate;
        this.key = key;
        this.authorities = authorities;
        this.verifies = verifies;
        this.context = new FromFiles<>(
                Stream.of(certificate, key, authorities)
                        .filter(Objects::nonNull)
                        .toList(),
                this::load);
    }

    /** From now on all others have to show certificates for this name, whatever host is dialled. */
    void expectName(String name) {
        expectedName = name;
    }

    /** The same as before as long as the files are the same; may read files. */
    SSLContext context() {
        return context.current();
    }

    private SSLContext load(List<TlsFile> files) throws TlsException {
        KeyManager[] identity = {};
        if (certificate != null && key != null) {
            identity = new KeyManager[] {ServerIdentity.of(files.get(0), files.get(1))};
        }
        try {
            SSLContext made = SSLContext.getInstance("TLS");
            made.init(identity, verifies ? trust(files) : new TrustManager[] {new Anyone()}, null);
            return made;
        } catch (GeneralSecurityException | java.io.IOException e) {
            throw new TlsException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    private TrustManager[] trust(List<TlsFile> files) throws GeneralSecurityException, java.io.IOException {
        KeyStore anchors = null;
        if (authorities != null) {
            anchors = KeyStore.getInstance(KeyStore.getDefaultType());
            anchors.load(null, null);
            int place = 0;
            for (X509Certificate authority : Certificates.in(files.get(files.size() - 1))) {
                anchors.setCertificateEntry("authority-" + place++, authority);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(anchors);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager extended) {
                return new TrustManager[] {new DialTrust(extended, allowed, () -> expectedName)};
            }
        }
        throw new IllegalStateException("the runtime has no trust manager for certificates");
    }
}
