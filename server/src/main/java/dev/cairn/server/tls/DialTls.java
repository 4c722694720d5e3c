package dev.cairn.server.tls;

import java.nio.file.Path;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS of connections that are made from here, from the files as they are at that moment. Files that cannot be used leave those in use
 * that were good last. Thread-safe.
 */
final class DialTls {
    private static final Logger LOG = LoggerFactory.getLogger(DialTls.class);

    /** What connections are made from, and what it was made from itself. */
    private record Loaded(List<TlsFile> files, SSLContext context) {}

    private final TlsSettings.@Nullable Named certificate;
    private final TlsSettings.@Nullable Named key;
    private final TlsSettings.@Nullable Named authorities;
    private final boolean verifies;
    private final AllowedNames allowed;
    private final List<Path> paths;
    private FileStamps stamps;
    private Loaded loaded;
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
        this.paths = Stream.of(certificate, key, authorities)
                .filter(Objects::nonNull)
                .map(TlsSettings.Named::path)
                .toList();
        this.stamps = FileStamps.of(paths);
        this.loaded = load(read());
    }

    /** From now on all others have to show certificates for this name, whatever host is dialled. */
    void expectName(String name) {
        expectedName = name;
    }

    /** The same as before as long as the files are the same; may read files. */
    synchronized SSLContext context() {
        FileStamps now = FileStamps.of(paths);
        if (stamps.covers(now)) {
            return loaded.context();
        }
        try {
            List<TlsFile> files = read();
            if (!TlsFile.same(files, loaded.files())) {
                loaded = load(files);
                LOG.atInfo()
                        .setMessage("TLS files have changed and are in use")
                        .addKeyValue("files", paths.toString())
                        .log();
            }
        } catch (TlsException e) {
            if (!stamps.sameAs(now)) {
                LOG.atWarn()
                        .setMessage("changed TLS files cannot be used; the last good ones stay in use")
                        .addKeyValue("error", e.getMessage())
                        .log();
            }
        }
        stamps = now;
        return loaded.context();
    }

    private List<TlsFile> read() throws TlsException {
        return TlsFile.readAll(Stream.of(certificate, key, authorities)
                .filter(Objects::nonNull)
                .toList());
    }

    private Loaded load(List<TlsFile> files) throws TlsException {
        KeyManager[] identity = {};
        if (certificate != null && key != null) {
            identity = new KeyManager[] {ServerIdentity.of(files.get(0), files.get(1))};
        }
        try {
            SSLContext made = SSLContext.getInstance("TLS");
            made.init(identity, verifies ? trust(files) : new TrustManager[] {new Anyone()}, null);
            return new Loaded(files, made);
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
