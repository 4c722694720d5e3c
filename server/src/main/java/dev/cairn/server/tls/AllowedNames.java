package dev.cairn.server.tls;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Immutable. The names of which a certificate must carry one, whichever side of a connection shows it.
 *
 * @param hostNames names or addresses, matched with the alternative names; empty for any
 * @param commonNames matched with the subject; empty for any
 */
record AllowedNames(List<String> hostNames, List<String> commonNames) {
    static final AllowedNames ANY = new AllowedNames(List.of(), List.of());

    AllowedNames {
        hostNames = List.copyOf(hostNames);
        commonNames = List.copyOf(commonNames);
    }

    /** @throws CertificateException in etcd's words, which speak of clients on both sides */
    void check(X509Certificate certificate) throws CertificateException {
        boolean host = hostNames.isEmpty() || hostNames.stream().anyMatch(name -> HostNames.match(certificate, name));
        boolean common = commonNames.isEmpty() || commonNames.contains(PeerCertificate.commonName(certificate));
        if (!host || !common) {
            throw new CertificateException("client certificate authentication failed");
        }
    }
}
