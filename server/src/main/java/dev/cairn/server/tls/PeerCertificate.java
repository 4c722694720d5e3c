package dev.cairn.server.tls;

import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/** What the certificate says that the other side of a connection has shown. Stateless. */
public final class PeerCertificate {
    private static final String COMMON_NAME = "dev.cairn.common-name";

    private PeerCertificate() {}

    /**
     * The common name of the verified certificate; null when the other side has shown none. Decoded once for each session, so that
     * every call may ask.
     */
    public static @Nullable String commonName(@Nullable SSLSession session) {
        if (session == null) {
            return null;
        }
        Object known = session.getValue(COMMON_NAME);
        if (known != null) {
            return (String) known;
        }
        X509Certificate certificate = of(session);
        if (certificate == null) {
            return null;
        }
        String name = commonName(certificate);
        session.putValue(COMMON_NAME, name);
        return name;
    }

    /** The certificate that the other side has shown and that was verified; null without one. */
    public static @Nullable X509Certificate of(SSLSession session) {
        try {
            return session.getPeerCertificates()[0] instanceof X509Certificate certificate ? certificate : null;
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
    }

    /** The last one where there are several, empty where there is none, as Go reads it. */
    static String commonName(X509Certificate certificate) {
        X500Name subject =
                X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
        RDN[] names = subject.getRDNs(BCStyle.CN);
        return names.length == 0
                ? ""
                : names[names.length - 1].getFirst().getValue().toString();
    }
}
