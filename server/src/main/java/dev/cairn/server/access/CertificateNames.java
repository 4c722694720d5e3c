package dev.cairn.server.access;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.jspecify.annotations.Nullable;

/** Reads names out of client certificates. Stateless. */
final class CertificateNames {
    private CertificateNames() {}

    /** The common name of the client's own certificate, empty when it has none; null when there is no certificate. */
    static @Nullable String commonName(SSLSession session) {
        Certificate[] chain;
        try {
            chain = session.getPeerCertificates();
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
        if (chain.length == 0 || !(chain[0] instanceof X509Certificate own)) {
            return null;
        }
        X500Name subject = X500Name.getInstance(own.getSubjectX500Principal().getEncoded());
        RDN[] names = subject.getRDNs(BCStyle.CN);
        // Where there are several the last one counts, as in Go.
        return names.length == 0
                ? ""
                : IETFUtils.valueToString(names[names.length - 1].getFirst().getValue());
    }
}
