package dev.cairn.server.tls;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/** A certificate authority for tests. */
public final class TestAuthority {
    private static final Duration VALID = Duration.ofDays(1);
    private static final AtomicLong SERIALS = new AtomicLong(1000);

    private final KeyPair keys = keys("EC");
    private final X509Certificate certificate;

    /** A certificate with its key. */
    public record Issued(X509Certificate certificate, KeyPair keys) {
        public void write(Path certificateFile, Path keyFile) throws IOException {
            writeCertificate(certificateFile);
            writeKey(keyFile);
        }

        public void writeCertificate(Path file) throws IOException {
            TestAuthority.write(file, "CERTIFICATE", encoded());
        }

        public void writeKey(Path file) throws IOException {
            TestAuthority.write(file, "PRIVATE KEY", keys.getPrivate().getEncoded());
        }

        public void writeOldKey(Path keyFile) throws IOException {
            byte[] old = PrivateKeyInfo.getInstance(keys.getPrivate().getEncoded())
                    .parsePrivateKey()
                    .toASN1Primitive()
                    .getEncoded();
            String type = keys.getPrivate().getAlgorithm().equals("RSA") ? "RSA PRIVATE KEY" : "EC PRIVATE KEY";
            if (type.startsWith("EC")) {
                // The old form names the curve itself.
                org.bouncycastle.asn1.sec.ECPrivateKey bare = org.bouncycastle.asn1.sec.ECPrivateKey.getInstance(old);
                old = new org.bouncycastle.asn1.sec.ECPrivateKey(
                                256,
                                bare.getKey(),
                                PrivateKeyInfo.getInstance(keys.getPrivate().getEncoded())
                                        .getPrivateKeyAlgorithm()
                                        .getParameters())
                        .getEncoded();
            }
            TestAuthority.write(keyFile, type, old);
        }

        private byte[] encoded() {
            try {
                return certificate.getEncoded();
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    public TestAuthority(String name) {
        certificate = sign(
                name, keys, name, keys, List.of(), Instant.now().plus(VALID), true, KeyPurposeId.anyExtendedKeyUsage);
    }

    public Issued server(String algorithm, String... hosts) {
        return issue("server", algorithm, Instant.now().plus(VALID), KeyPurposeId.id_kp_serverAuth, hosts);
    }

    public Issued client(String name, String... hosts) {
        return issue(name, "EC", Instant.now().plus(VALID), KeyPurposeId.id_kp_clientAuth, hosts);
    }

    public Issued expiredClient(String name) {
        return issue(name, "EC", Instant.now().minus(Duration.ofHours(1)), KeyPurposeId.id_kp_clientAuth);
    }

    private Issued issue(String name, String algorithm, Instant end, KeyPurposeId purpose, String... hosts) {
        KeyPair own = keys(algorithm);
        return new Issued(
                sign(
                        certificate.getSubjectX500Principal().getName().substring(3),
                        keys,
                        name,
                        own,
                        List.of(hosts),
                        end,
                        false,
                        purpose),
                own);
    }

    public X509Certificate certificate() {
        return certificate;
    }

    public void write(Path file) throws IOException {
        try {
            write(file, "CERTIFICATE", certificate.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A revocation list in DER. */
    public void writeRevocations(Path file, X509Certificate... revoked) throws IOException {
        try {
            JcaX509v2CRLBuilder list = new JcaX509v2CRLBuilder(certificate.getSubjectX500Principal(), new Date());
            for (X509Certificate one : revoked) {
                list.addCRLEntry(one.getSerialNumber(), new Date(), 0);
            }
            replace(
                    file,
                    list.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
                            .getEncoded());
        } catch (OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyPair keys(String algorithm) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
            if (algorithm.equals("EC")) {
                generator.initialize(new ECGenParameterSpec("secp256r1"));
            } else if (algorithm.equals("RSA")) {
                generator.initialize(2048);
            }
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Certificate sign(
            String issuer,
            KeyPair issuerKeys,
            String subject,
            KeyPair subjectKeys,
            List<String> hosts,
            Instant end,
            boolean authority,
            KeyPurposeId purpose) {
        try {
            var builder = new JcaX509v3CertificateBuilder(
                    new X500Name("CN=" + issuer),
                    BigInteger.valueOf(SERIALS.incrementAndGet()),
                    Date.from(Instant.now().minus(VALID)),
                    Date.from(end),
                    new X500Name("CN=" + subject),
                    subjectKeys.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            if (!authority) {
                builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
            }
            if (!hosts.isEmpty()) {
                builder.addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(hosts.stream()
                                .map(host -> new GeneralName(
                                        host.matches("[0-9.]+") ? GeneralName.iPAddress : GeneralName.dNSName, host))
                                .toArray(GeneralName[]::new)));
            }
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(
                            new JcaContentSignerBuilder("SHA256withECDSA").build(issuerKeys.getPrivate())));
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    static void write(Path file, String type, byte[] encoded) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(type, encoded));
        }
        replace(file, text.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    /** As whoever replaces certificates does: readers see the old file or the new one. */
    private static void replace(Path file, byte[] content) throws IOException {
        Path aside = file.resolveSibling(file.getFileName() + ".new");
        Files.write(aside, content);
        Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
