package dev.cairn.auth.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.util.Base64URL;
import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.Identity;
import java.security.Key;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.text.ParseException;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signed tokens, which say themselves whose they are:
 *
 * <pre>
 *   {"alg":"RS256","typ":"JWT"} . {"exp":1764000300,"revision":17,"username":"alice"} . signature
 * </pre>
 *
 * <p>The revision is the auth revision when the token was made. Members share the key, not the tokens; any change of users or
 * permissions makes all tokens old. Immutable and thread-safe; a signature takes up to a millisecond of the caller's thread.
 */
public final class JwtTokens {
    private static final String USERNAME = "username";
    private static final String REVISION = "revision";
    private static final String EXPIRES = "exp";
    private static final String NOT_BEFORE = "nbf";

    private final JwtAlgorithm algorithm;
    private final JWSHeader header;
    private final JcaSignature signature;
    private final boolean canSign;
    private final long ttlSeconds;

    private JwtTokens(JwtAlgorithm algorithm, @Nullable Key signingKey, Key verifyingKey, long ttlSeconds) {
        if (ttlSeconds < 1) {
            throw new IllegalArgumentException("ttlSeconds: " + ttlSeconds + " (expected: >= 1)");
        }
        this.algorithm = algorithm;
        this.header = header(algorithm);
        this.signature = new JcaSignature(algorithm, signingKey, verifyingKey);
        this.canSign = signingKey != null;
        this.ttlSeconds = ttlSeconds;
    }

    /** Parsed, because a header that is built writes its fields in another order than etcd. */
    private static JWSHeader header(JwtAlgorithm algorithm) {
        try {
            return JWSHeader.parse(Base64URL.encode("{\"alg\":\"" + algorithm.joseName() + "\",\"typ\":\"JWT\"}"));
        } catch (ParseException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Tokens under a secret that all members know.
     *
     * @throws IllegalArgumentException for an algorithm that needs a pair of keys
     */
    public static JwtTokens ofSecret(JwtAlgorithm algorithm, byte[] secret, long ttlSeconds) {
        if (algorithm.family != JwtAlgorithm.Family.HMAC) {
            throw new IllegalArgumentException(
                    "algorithm: " + algorithm.joseName() + " (expected: HS256, HS384 or HS512)");
        }
        Key key = new SecretKeySpec(secret, algorithm.jdkName);
        return new JwtTokens(algorithm, key, key, ttlSeconds);
    }

    /**
     * Tokens under a pair of keys.
     *
     * @param privateKey null where tokens are verified only
     * @throws IllegalArgumentException for an algorithm that needs other keys
     */
    public static JwtTokens ofKeys(
            JwtAlgorithm algorithm, @Nullable PrivateKey privateKey, PublicKey publicKey, long ttlSeconds) {
        String expected = switch (algorithm.family) {
            case HMAC -> "a secret";
            case RSA, RSA_PSS -> "RSA";
            case EC -> "EC";
            case ED25519 -> "EdDSA";
        };
        String given = publicKey.getAlgorithm();
        // Older names of the same keys.
        String name = given.equals("Ed25519") ? "EdDSA" : given.equals("RSASSA-PSS") ? "RSA" : given;
        if (!name.equals(expected)) {
            throw new IllegalArgumentException(
                    "key for " + algorithm.joseName() + ": " + given + " (expected: " + expected + ")");
        }
        return new JwtTokens(algorithm, privateKey, publicKey, ttlSeconds);
    }

    /**
     * Makes a token.
     *
     * @param nowEpochSeconds the wall clock, which members must roughly share
     * @throws AuthException TOKEN_VERIFY_ONLY
     */
    public String assign(Identity who, long nowEpochSeconds) throws AuthException {
        if (!canSign) {
            throw new AuthException(AuthError.TOKEN_VERIFY_ONLY);
        }
        Map<String, Object> claims = new TreeMap<>();
        claims.put(USERNAME, who.username());
        claims.put(REVISION, who.revision());
        claims.put(EXPIRES, nowEpochSeconds + ttlSeconds);
        JWSObject token = new JWSObject(header, new Payload(claims));
        try {
            token.sign(signature);
        } catch (JOSEException e) {
            throw new IllegalStateException("the configured key does not sign with " + algorithm.joseName(), e);
        }
        return token.serialize();
    }

    /** Whose token it is, and of which auth revision; null when it is not signed with our key, damaged or too old. */
    public @Nullable Identity identityOf(String token, long nowEpochSeconds) {
        try {
            JWSObject parsed = JWSObject.parse(token);
            // The configured algorithm alone: what the token says must not choose how it is verified.
            if (!parsed.getHeader().getAlgorithm().getName().equals(algorithm.joseName())
                    || !parsed.verify(signature)) {
                return null;
            }
            Map<String, Object> claims = parsed.getPayload().toJSONObject();
            if (claims == null
                    || !(claims.get(USERNAME) instanceof String username)
                    || !(claims.get(REVISION) instanceof Number revision)) {
                return null;
            }
            // Neither need be there, as somebody else may have signed the token with our key.
            Object expires = claims.get(EXPIRES);
            if (expires != null && !(expires instanceof Number end && nowEpochSeconds < end.longValue())) {
                return null;
            }
            Object begins = claims.get(NOT_BEFORE);
            if (begins != null && !(begins instanceof Number begin && nowEpochSeconds >= begin.longValue())) {
                return null;
            }
            return new Identity(username, revision.longValue());
        } catch (ParseException | JOSEException | IllegalStateException | IllegalArgumentException e) {
            return null;
        }
    }
}
