package dev.cairn.auth.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.jca.JCAContext;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Set;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/**
 * Signs and verifies with what the JDK brings. The library's own signers refuse keys that etcd takes, such as short secrets, and
 * need one more library for Ed25519. Immutable and thread-safe.
 */
final class JcaSignature implements JWSSigner, JWSVerifier {
    private final JwtAlgorithm algorithm;
    private final @Nullable Key signingKey;
    private final Key verifyingKey;
    private final JCAContext context = new JCAContext();

    JcaSignature(JwtAlgorithm algorithm, @Nullable Key signingKey, Key verifyingKey) {
        this.algorithm = algorithm;
        this.signingKey = signingKey;
        this.verifyingKey = verifyingKey;
    }

    @Override
    public Base64URL sign(JWSHeader header, byte[] signingInput) throws JOSEException {
        if (signingKey == null) {
            throw new JOSEException("no key to sign with");
        }
        try {
            if (algorithm.family == JwtAlgorithm.Family.HMAC) {
                return Base64URL.encode(mac(signingKey, signingInput));
            }
            Signature signature = signature();
            signature.initSign((PrivateKey) signingKey);
            signature.update(signingInput);
            return Base64URL.encode(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new JOSEException(e.getMessage(), e);
        }
    }

    @Override
    public boolean verify(JWSHeader header, byte[] signingInput, Base64URL given) throws JOSEException {
        byte[] decoded = given.decode();
        if (!Base64URL.encode(decoded).equals(given)) {
            // The library passes over letters that are too many: a token has one form.
            return false;
        }
        try {
            if (algorithm.family == JwtAlgorithm.Family.HMAC) {
                return MessageDigest.isEqual(mac(verifyingKey, signingInput), decoded);
            }
            Signature signature = signature();
            signature.initVerify((PublicKey) verifyingKey);
            signature.update(signingInput);
            return signature.verify(decoded);
        } catch (GeneralSecurityException e) {
            // What is no signature at all is reported this way too.
            return false;
        }
    }

    private byte[] mac(Key key, byte[] input) throws GeneralSecurityException {
        Mac mac = Mac.getInstance(algorithm.jdkName);
        mac.init(key);
        return mac.doFinal(input);
    }

    private Signature signature() throws GeneralSecurityException {
        Signature signature = Signature.getInstance(algorithm.jdkName);
        if (algorithm.family == JwtAlgorithm.Family.RSA_PSS) {
            String digest = "SHA-" + algorithm.digestBits;
            signature.setParameter(new PSSParameterSpec(
                    digest,
                    "MGF1",
                    new MGF1ParameterSpec(digest),
                    algorithm.digestBits / Byte.SIZE,
                    PSSParameterSpec.TRAILER_FIELD_BC));
        }
        return signature;
    }

    @Override
    public Set<JWSAlgorithm> supportedJWSAlgorithms() {
        return Set.of(JWSAlgorithm.parse(algorithm.joseName()));
    }

    @Override
    public JCAContext getJCAContext() {
        return context;
    }
}
