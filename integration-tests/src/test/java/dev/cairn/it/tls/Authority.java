package dev.cairn.it.tls;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLNumber;
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

/**
 * An authority, and certificates of every kind that it issues; good for both sides of a connection unless asked for otherwise. Confined
 * to the test's thread.
 */
public final class Authority {
    private static final Duration VALID = Duration.ofDays(1);
    private static final AtomicLong SERIALS = new AtomicLong(1);
    private static final char[] PASSWORD = "x".toCharArray();

    /** What a certificate is for. */
    public enum Use {
        ANY,
        SERVER,
        CLIENT
    }

    /** A certificate and its key. */
    public record Issued(X509Certificate certificate, KeyPair keys) {
        /** The certificate as it stands in its file. */
        public String certificatePem() throws GeneralSecurityException, IOException {
            return pem("CERTIFICATE", certificate.getEncoded());
        }

        /** The key as it stands in its file. */
        public String keyPem() throws IOException {
            return pem(
                    "PRIVATE KEY",
                    PrivateKeyInfo.getInstance(keys.getPrivate().getEncoded()).getEncoded());
        }
    }

    private final String name;
    private final Issued own;

    public Authority() throws GeneralSecurityException, IOException {
        this("authority");
    }

    public Authority(String name) throws GeneralSecurityException, IOException {
        this.name = name;
        KeyPair keys = keys("EC");
        own = new Issued(
                sign(
                        name,
                        keys,
                        name,
                        keys,
                        List.of(),
                        true,
                        Use.ANY,
                        Instant.now().plus(VALID)),
                keys);
    }

    /** @param alternatives hosts and addresses that it is for; none for any */
    public Issued issue(String commonName, String... alternatives) throws GeneralSecurityException, IOException {
        return issue("EC", Use.ANY, commonName, alternatives);
    }

    /** @param algorithm of the key: {@code EC}, {@code RSA} or {@code Ed25519} */
    Issued issue(String algorithm, Use use, String commonName, String... alternatives)
            throws GeneralSecurityException, IOException {
        return issue(algorithm, use, Instant.now().plus(VALID), commonName, alternatives);
    }

    /** One whose time is over. */
    Issued expired(Use use, String commonName, String... alternatives) throws GeneralSecurityException, IOException {
        return issue("EC", use, Instant.now().minus(Duration.ofHours(1)), commonName, alternatives);
    }

    private Issued issue(String algorithm, Use use, Instant end, String commonName, String... alternatives)
            throws GeneralSecurityException, IOException {
        KeyPair keys = keys(algorithm);
        return new Issued(sign(name, own.keys(), commonName, keys, List.of(alternatives), false, use, end), keys);
    }

    public X509Certificate certificate() {
        return own.certificate();
    }

    public void write(Path file) throws GeneralSecurityException, IOException {
        Files.writeString(file, pem(), StandardCharsets.US_ASCII);
    }

    /** The certificate as it stands in a bundle. */
    public String pem() throws GeneralSecurityException, IOException {
        return pem("CERTIFICATE", own.certificate().getEncoded());
    }

    /** A revocation list in DER. */
    public void writeRevocations(Path file, Issued... revoked) throws GeneralSecurityException, IOException {
        JcaX509v2CRLBuilder list = new JcaX509v2CRLBuilder(own.certificate().getSubjectX500Principal(), new Date());
        for (Issued one : revoked) {
            list.addCRLEntry(one.certificate().getSerialNumber(), new Date(), 0);
        }
        // etcd's decoder wants a time of the next list, and its number.
        list.setNextUpdate(Date.from(Instant.now().plus(VALID)));
        list.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.ONE));
        try {
            Files.write(
                    file,
                    list.build(new JcaContentSignerBuilder("SHA256withECDSA")
                                    .build(own.keys().getPrivate()))
                            .getEncoded());
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    /** For the JVM's own authorities, with the password {@code x}. */
    public void writeStore(Path file) throws GeneralSecurityException, IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            anchors(List.of(this)).store(out, PASSWORD);
        }
    }

    private static KeyStore anchors(List<Authority> trusted) throws GeneralSecurityException, IOException {
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        for (Authority authority : trusted) {
            anchors.setCertificateEntry("authority-" + anchors.size(), authority.certificate());
        }
        return anchors;
    }

    public static void write(Issued issued, Path certificate, Path key) throws GeneralSecurityException, IOException {
        Files.writeString(certificate, issued.certificatePem(), StandardCharsets.US_ASCII);
        Files.writeString(key, issued.keyPem(), StandardCharsets.US_ASCII);
    }

    /** For clients that show a certificate and believe this authority. */
    public SSLContext context(Issued shown) throws GeneralSecurityException, IOException {
        return context(shown, List.of(this));
    }

    /** For clients that show a certificate and believe these authorities. */
    public static SSLContext context(Issued shown, List<Authority> trusted)
            throws GeneralSecurityException, IOException {
        KeyStore identity = KeyStore.getInstance("PKCS12");
        identity.load(null, null);
        identity.setKeyEntry("own", shown.keys().getPrivate(), PASSWORD, new Certificate[] {shown.certificate()});
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(identity, PASSWORD);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(anchors(trusted));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyPair keys(String algorithm) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        if (algorithm.equals("EC")) {
            generator.initialize(new ECGenParameterSpec("secp256r1"));
        } else if (algorithm.equals("RSA")) {
            generator.initialize(2048);
        }
        return generator.generateKeyPair();
    }

    private static X509Certificate sign(
            String issuer,
            KeyPair issuerKeys,
            String subject,
            KeyPair keys,
            List<String> alternatives,
            boolean authority,
            Use use,
            Instant end)
            throws GeneralSecurityException, IOException {
        var builder = new JcaX509v3CertificateBuilder(
                new X500Name("CN=" + issuer),
                BigInteger.valueOf(SERIALS.getAndIncrement()),
                Date.from(Instant.now().minus(VALID)),
                Date.from(end),
                new X500Name("CN=" + subject),
                keys.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        if (use != Use.ANY) {
            builder.addExtension(
                    Extension.extendedKeyUsage,
                    false,
                    new ExtendedKeyUsage(
                            use == Use.SERVER ? KeyPurposeId.id_kp_serverAuth : KeyPurposeId.id_kp_clientAuth));
        }
        if (!alternatives.isEmpty()) {
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(alternatives.stream()
                            .map(name -> new GeneralName(
                                    name.matches("[0-9.]+|[0-9a-f:]*:[0-9a-f:]*")
                                            ? GeneralName.iPAddress
                                            : GeneralName.dNSName,
                                    name))
                            .toArray(GeneralName[]::new)));
        }
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(
                            new JcaContentSignerBuilder("SHA256withECDSA").build(issuerKeys.getPrivate())));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private static String pem(String type, byte[] encoded) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(type, encoded));
        }
        return text.toString();
    }
}
