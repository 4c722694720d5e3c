package dev.cairn.server.access;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.crypto.params.RSAPrivateCrtKeyParameters;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/**
 * Reads signing keys from PEM text, in every encoding that etcd reads: private keys as PKCS#8, PKCS#1 (RSA) or SEC 1 (EC), public
 * keys as PKIX, PKCS#1 (RSA) or inside a certificate. What the text is called in its first line does not matter. Stateless.
 */
final class PemKeys {
    private static final BigInteger PUBLIC_EXPONENT_UNKNOWN = BigInteger.ZERO;

    /** The kinds of keys, and what an operator is told when a file does not hold one. */
    enum Kind {
        RSA("RSA", "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key", PKCSObjectIdentifiers.rsaEncryption),
        EC("EC", "invalid key: Key must be a PEM encoded EC key", X9ObjectIdentifiers.id_ecPublicKey),
        ED25519(
                "Ed25519",
                "invalid key: Key must be a PEM encoded Ed25519 key",
                new ASN1ObjectIdentifier("1.3.101.112"));

        final String jdkName;
        final String expectation;
        final ASN1ObjectIdentifier oid;

        Kind(String jdkName, String expectation, ASN1ObjectIdentifier oid) {
            this.jdkName = jdkName;
            this.expectation = expectation;
            this.oid = oid;
        }
    }

    /** A private key, and the public one that belongs to it. */
    record Pair(PrivateKey privateKey, PublicKey publicKey) {}

    /** A text that holds no such key. */
    static final class UnreadableKeyException extends Exception {
        private static final long serialVersionUID = 1L;

        UnreadableKeyException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private PemKeys() {}

    /** A private key; the public one is worked out from it. */
    static Pair privateKey(Kind kind, byte[] pem) throws UnreadableKeyException {
        try {
            PrivateKeyInfo info = privateInfo(kind, content(kind, pem));
            KeyFactory factory = KeyFactory.getInstance(kind.jdkName);
            SubjectPublicKeyInfo publicInfo =
                    SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(publicOf(PrivateKeyFactory.createKey(info)));
            return new Pair(
                    factory.generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded())),
                    factory.generatePublic(new X509EncodedKeySpec(publicInfo.getEncoded())));
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            // The library reports damage as whatever it stumbles over.
            throw new UnreadableKeyException(kind.expectation, e);
        }
    }

    static PublicKey publicKey(Kind kind, byte[] pem) throws UnreadableKeyException {
        try {
            byte[] content = content(kind, pem);
            Key key;
            try {
                SubjectPublicKeyInfo info = publicInfo(kind, content);
                key = KeyFactory.getInstance(kind.jdkName).generatePublic(new X509EncodedKeySpec(info.getEncoded()));
            } catch (IOException | GeneralSecurityException | RuntimeException e) {
                key = CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(content))
                        .getPublicKey();
                if (!SubjectPublicKeyInfo.getInstance(key.getEncoded())
                        .getAlgorithm()
                        .getAlgorithm()
                        .equals(kind.oid)) {
                    throw new GeneralSecurityException("a certificate of another kind of key", e);
                }
            }
            return (PublicKey) key;
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            throw new UnreadableKeyException(kind.expectation, e);
        }
    }

    private static byte[] content(Kind kind, byte[] pem) throws IOException, UnreadableKeyException {
        try (PemReader reader = new PemReader(new StringReader(new String(pem, StandardCharsets.ISO_8859_1)))) {
            PemObject object = reader.readPemObject();
            if (object == null) {
                throw new UnreadableKeyException(kind.expectation, new IOException("no PEM block"));
            }
            return object.getContent();
        }
    }

    private static PrivateKeyInfo privateInfo(Kind kind, byte[] content) throws IOException, GeneralSecurityException {
        PrivateKeyInfo info;
        try {
            info = PrivateKeyInfo.getInstance(content);
        } catch (RuntimeException e) {
            info = switch (kind) {
                case RSA ->
                    new PrivateKeyInfo(
                            new AlgorithmIdentifier(kind.oid, DERNull.INSTANCE), RSAPrivateKey.getInstance(content));
                case EC -> {
                    ECPrivateKey key = ECPrivateKey.getInstance(content);
                    yield new PrivateKeyInfo(new AlgorithmIdentifier(kind.oid, key.getParametersObject()), key);
                }
                case ED25519 -> throw e;
            };
        }
        if (!info.getPrivateKeyAlgorithm().getAlgorithm().equals(kind.oid)) {
            throw new GeneralSecurityException(
                    "another kind of key: " + info.getPrivateKeyAlgorithm().getAlgorithm());
        }
        return info;
    }

    private static SubjectPublicKeyInfo publicInfo(Kind kind, byte[] content)
            throws IOException, GeneralSecurityException {
        SubjectPublicKeyInfo info;
        try {
            info = SubjectPublicKeyInfo.getInstance(content);
        } catch (RuntimeException e) {
            if (kind != Kind.RSA) {
                throw e;
            }
            info = new SubjectPublicKeyInfo(
                    new AlgorithmIdentifier(kind.oid, DERNull.INSTANCE), RSAPublicKey.getInstance(content));
        }
        if (!info.getAlgorithm().getAlgorithm().equals(kind.oid)) {
            throw new GeneralSecurityException(
                    "another kind of key: " + info.getAlgorithm().getAlgorithm());
        }
        return info;
    }

    private static AsymmetricKeyParameter publicOf(AsymmetricKeyParameter key) throws GeneralSecurityException {
        if (key instanceof RSAPrivateCrtKeyParameters rsa
                && !rsa.getPublicExponent().equals(PUBLIC_EXPONENT_UNKNOWN)) {
            return new RSAKeyParameters(false, rsa.getModulus(), rsa.getPublicExponent());
        }
        if (key instanceof ECPrivateKeyParameters ec) {
            return new ECPublicKeyParameters(
                    new FixedPointCombMultiplier().multiply(ec.getParameters().getG(), ec.getD()), ec.getParameters());
        }
        if (key instanceof Ed25519PrivateKeyParameters ed25519) {
            return ed25519.generatePublicKey();
        }
        throw new GeneralSecurityException("a private key without its public one: " + key.getClass());
    }
}
