package dev.cairn.server.tls;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.Set;

/**
 * Immutable. The serial numbers of a revocation list, in DER or PEM. As in etcd the number alone decides: neither the issuer of the
 * list nor its signature or age is looked at, because the operator vouches for the file.
 */
final class Revocations {
    private final Set<BigInteger> serials = new HashSet<>();

    private Revocations() {}

    static Revocations none() {
        return new Revocations();
    }

    static Revocations in(TlsFile file) throws TlsException {
        Revocations revocations = new Revocations();
        try {
            X509CRL list = (X509CRL)
                    CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(file.content()));
            Set<? extends X509CRLEntry> entries = list.getRevokedCertificates();
            if (entries != null) {
                entries.forEach(entry -> revocations.serials.add(entry.getSerialNumber()));
            }
            return revocations;
        } catch (GeneralSecurityException | RuntimeException e) {
            throw file.bad("it is no revocation list (" + e.getMessage() + ")", e);
        }
    }

    boolean contains(X509Certificate certificate) {
        return serials.contains(certificate.getSerialNumber());
    }
}
