package dev.cairn.server.tls;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;

/** Certificates out of PEM files. Stateless. */
final class Certificates {
    private Certificates() {}

    /** The certificates of the file in order, at least one; blocks of other kinds are passed over. */
    static List<X509Certificate> in(TlsFile file) throws TlsException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (PemObject block : file.blocks()) {
            if (block.getType().equals("CERTIFICATE")) {
                certificates.add(decode(file, block.getContent(), certificates.size() + 1));
            }
        }
        if (certificates.isEmpty()) {
            throw file.bad("it holds no certificate in PEM form");
        }
        return certificates;
    }

    private static X509Certificate decode(TlsFile file, byte[] encoded, int place) throws TlsException {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
        } catch (CertificateException e) {
            throw file.bad("certificate " + place + " in it is malformed (" + e.getMessage() + ")", e);
        }
    }
}
