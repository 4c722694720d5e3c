package dev.cairn.it.cluster;

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
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/** An authority whose certificates are good for both sides of a connection. Confined to the test's thread. */
public final class Authority {
    private static final Duration VALID = Duration.ofDays(1);
    private static final AtomicLong SERIALS = new AtomicLong(1);
    private static final char[] PASSWORD = "x".toCharArray();

    /** A certificate and its key. */
    public record Issued(X509Certificate certificate, KeyPair keys) {}

    private final Issued own;

    public Authority() throws GeneralSecurityException, IOException {
        KeyPair keys = keys();
        own = new Issued(sign("authority", keys, "authority", keys, List.of(), true), keys);
    }

    /** @param alternatives hosts and addresses that it is for; none for any */
    public Issued issue(String commonName, String... alternatives) throws GeneralSecurityException, IOException {
        KeyPair keys = keys();
        return new Issued(sign("authority", own.keys(), commonName, keys, List.of(alternatives), false), keys);
    }

    public void write(Path file) throws GeneralSecurityException, IOException {
        writePem(file, "CERTIFICATE", own.certificate().getEncoded());
    }

    /** For the JVM's own authorities, with the password {@code x}. */
    void writeStore(Path file) throws GeneralSecurityException, IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            anchors().store(out, PASSWORD);
        }
    }

    private KeyStore anchors() throws GeneralSecurityException, IOException {
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        anchors.setCertificateEntry("authority", own.certificate());
        return anchors;
    }

    public static void write(Issued issued, Path certificate, Path key) throws GeneralSecurityException, IOException {
        writePem(certificate, "CERTIFICATE", issued.certificate().getEncoded());
        writePem(
                key,
                "PRIVATE KEY",
                PrivateKeyInfo.getInstance(issued.keys().getPrivate().getEncoded())
                        .getEncoded());
    }

    /** For clients that show a certificate and believe this authority. */
    SSLContext context(Issued shown) throws GeneralSecurityException, IOException {
        KeyStore identity = KeyStore.getInstance("PKCS12");
        identity.load(null, null);
        identity.setKeyEntry("own", shown.keys().getPrivate(), PASSWORD, new Certificate[] {shown.certificate()});
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(identity, PASSWORD);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(anchors());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyPair keys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static X509Certificate sign(
            String issuer,
            KeyPair issuerKeys,
            String subject,
            KeyPair keys,
            List<String> alternatives,
            boolean authority)
            throws GeneralSecurityException, IOException {
        var builder = new JcaX509v3CertificateBuilder(
                new X500Name("CN=" + issuer),
                BigInteger.valueOf(SERIALS.getAndIncrement()),
                Date.from(Instant.now().minus(VALID)),
                Date.from(Instant.now().plus(VALID)),
                new X500Name("CN=" + subject),
                keys.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        if (!alternatives.isEmpty()) {
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(alternatives.stream()
                            .map(name -> new GeneralName(
                                    name.matches("[0-9.]+") ? GeneralName.iPAddress : GeneralName.dNSName, name))
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

    private static void writePem(Path file, String type, byte[] encoded) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(type, encoded));
        }
        Files.writeString(file, text.toString(), StandardCharsets.US_ASCII);
    }
}
