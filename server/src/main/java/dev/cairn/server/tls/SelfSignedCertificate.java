package dev.cairn.server.tls;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A certificate and key that the server makes for itself, in etcd's places and with etcd's properties, so that either server goes on
 * with what the other has left. Made once; what is there stays.
 */
public final class SelfSignedCertificate {
    private static final Logger LOG = LoggerFactory.getLogger(SelfSignedCertificate.class);
    private static final Set<PosixFilePermission> PRIVATE_DIRECTORY = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> PRIVATE_FILE = PosixFilePermissions.fromString("rw-------");
    private static final int DAYS_PER_YEAR = 365;
    private static final int SERIAL_BITS = 128;

    private final Path directory;

    public SelfSignedCertificate(Path directory) {
        this.directory = directory;
    }

    public Path certificateFile() {
        return directory.resolve("cert.pem").toAbsolutePath();
    }

    public Path keyFile() {
        return directory.resolve("key.pem").toAbsolutePath();
    }

    /** Makes both files unless both are there. */
    public void makeIfMissing(List<String> hosts, long validityYears) throws TlsException {
        if (validityYears == 0) {
            throw new TlsException("selfSignedCertValidity is invalid,it should be greater than 0");
        }
        if (Files.exists(certificateFile()) && Files.exists(keyFile())) {
            return;
        }
        Instant end = Instant.now().plus(validityYears * DAYS_PER_YEAR, ChronoUnit.DAYS);
        LOG.atWarn()
                .setMessage("automatically generate certificates")
                .addKeyValue("certificate-validity-bound-not-after", end)
                .log();
        try {
            createDirectory();
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp521r1"));
            KeyPair pair = generator.generateKeyPair();
            write(keyFile(), "PRIVATE KEY", pair.getPrivate().getEncoded());
            write(certificateFile(), "CERTIFICATE", certificate(pair, hosts, end));
        } catch (IOException | GeneralSecurityException e) {
            throw new TlsException("cannot generate the certificate in " + directory + ": " + e.getMessage(), e);
        }
        LOG.atInfo()
                .setMessage("created cert file")
                .addKeyValue("path", certificateFile())
                .log();
        LOG.atInfo()
                .setMessage("created key file")
                .addKeyValue("path", keyFile())
                .log();
    }

    private void createDirectory() throws IOException {
        Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PRIVATE_DIRECTORY));
    }

    private static byte[] certificate(KeyPair pair, List<String> hosts, Instant end)
            throws IOException, GeneralSecurityException {
        AlgorithmIdentifier algorithm = new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA512);
        X500Name name = new X500Name("O=etcd");
        V3TBSCertificateGenerator generator = new V3TBSCertificateGenerator();
        generator.setSerialNumber(new ASN1Integer(new BigInteger(SERIAL_BITS, new SecureRandom())));
        generator.setSignature(algorithm);
        generator.setIssuer(name);
        generator.setSubject(name);
        generator.setStartDate(new Time(new Date()));
        generator.setEndDate(new Time(Date.from(end)));
        generator.setSubjectPublicKeyInfo(
                SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(
                Extension.keyUsage,
                true,
                new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment | KeyUsage.cRLSign));
        extensions.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
        extensions.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        GeneralName[] names = names(hosts);
        if (names.length > 0) {
            extensions.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
        }
        generator.setExtensions(extensions.generate());
        TBSCertificate content = generator.generateTBSCertificate();
        Signature signer = Signature.getInstance("SHA512withECDSA");
        signer.initSign(pair.getPrivate());
        signer.update(content.getEncoded());
        ASN1EncodableVector parts = new ASN1EncodableVector();
        for (ASN1Encodable part : List.of(content, algorithm, new DERBitString(signer.sign()))) {
            parts.add(part);
        }
        return new DERSequence(parts).getEncoded();
    }

    private static GeneralName[] names(List<String> hosts) {
        List<GeneralName> names = new ArrayList<>();
        for (String host : hosts) {
            boolean address = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
            names.add(new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, host));
        }
        return names.toArray(GeneralName[]::new);
    }

    private static void write(Path file, String type, byte[] encoded) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(type, encoded));
        }
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PRIVATE_FILE));
        Files.writeString(file, text.toString(), StandardCharsets.US_ASCII);
    }
}
