package dev.cairn.server.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.util.io.pem.PemObject;
import org.jspecify.annotations.Nullable;

/** Private keys out of PEM files: PKCS#8, and the older forms PKCS#1 (RSA) and SEC1 (elliptic curves). Stateless. */
final class PrivateKeys {
    /** RFC 8410. */
    private static final ASN1ObjectIdentifier ED25519 = new ASN1ObjectIdentifier("1.3.101.112");

    private PrivateKeys() {}

    /** The first key of the file. */
    static PrivateKey in(TlsFile file) throws TlsException {
        for (PemObject block : file.blocks()) {
            if (block.getType().endsWith("PRIVATE KEY")) {
                return decode(file, block);
            }
        }
        throw file.bad("it holds no private key in PEM form");
    }

    private static PrivateKey decode(TlsFile file, PemObject block) throws TlsException {
        boolean encrypted = block.getType().startsWith("ENCRYPTED")
                || block.getHeaders().toString().contains("ENCRYPTED");
        if (encrypted) {
            throw file.bad("the key is encrypted with a password; store it without one and protect the file instead");
        }
        try {
            PrivateKeyInfo key = pkcs8(block);
            if (key == null) {
                throw file.bad("keys of the form \"" + block.getType() + "\" are not known");
            }
            String algorithm = algorithm(key.getPrivateKeyAlgorithm().getAlgorithm());
            if (algorithm == null) {
                throw file.bad("the key is neither RSA nor ECDSA nor Ed25519");
            }
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded()));
        } catch (TlsException e) {
            throw e;
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            // The decoders throw whatever they stumble over; nothing of the key is in their messages.
            throw file.bad("the key is malformed", e);
        }
    }

    private static @Nullable PrivateKeyInfo pkcs8(PemObject block) throws IOException {
        byte[] encoded = block.getContent();
        return switch (block.getType()) {
            case "PRIVATE KEY" -> PrivateKeyInfo.getInstance(encoded);
            case "RSA PRIVATE KEY" ->
                new PrivateKeyInfo(
                        new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
                        RSAPrivateKey.getInstance(encoded));
            case "EC PRIVATE KEY" -> {
                ECPrivateKey key = ECPrivateKey.getInstance(encoded);
                yield new PrivateKeyInfo(
                        new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, key.getParametersObject()), key);
            }
            default -> null;
        };
    }

    private static @Nullable String algorithm(ASN1ObjectIdentifier id) {
        if (id.equals(PKCSObjectIdentifiers.rsaEncryption)) {
            return "RSA";
        }
        if (id.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
            return "EC";
        }
        return id.equals(ED25519) ? "Ed25519" : null;
    }
}
