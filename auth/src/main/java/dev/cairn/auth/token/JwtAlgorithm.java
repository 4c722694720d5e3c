package dev.cairn.auth.token;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The ways to sign a token, by the names of the JOSE registry, and what the JDK calls them. */
public enum JwtAlgorithm {
    HS256("HmacSHA256", Family.HMAC, 256),
    HS384("HmacSHA384", Family.HMAC, 384),
    HS512("HmacSHA512", Family.HMAC, 512),
    RS256("SHA256withRSA", Family.RSA, 256),
    RS384("SHA384withRSA", Family.RSA, 384),
    RS512("SHA512withRSA", Family.RSA, 512),
    PS256("RSASSA-PSS", Family.RSA_PSS, 256),
    PS384("RSASSA-PSS", Family.RSA_PSS, 384),
    PS512("RSASSA-PSS", Family.RSA_PSS, 512),
    ES256("SHA256withECDSAinP1363Format", Family.EC, 256),
    ES384("SHA384withECDSAinP1363Format", Family.EC, 384),
    ES512("SHA512withECDSAinP1363Format", Family.EC, 512),
    EDDSA("Ed25519", Family.ED25519, 512);

    enum Family {
        HMAC,
        RSA,
        RSA_PSS,
        EC,
        ED25519,
    }

    final String jdkName;
    final Family family;
    final int digestBits;

    JwtAlgorithm(String jdkName, Family family, int digestBits) {
        this.jdkName = jdkName;
        this.family = family;
        this.digestBits = digestBits;
    }

    /** The name in a token's header. */
    public String joseName() {
        return this == EDDSA ? "EdDSA" : name();
    }

    /** The algorithm of that name, as an operator writes it; null when there is none. */
    public static @Nullable JwtAlgorithm of(String name) {
        for (JwtAlgorithm algorithm : values()) {
            if (algorithm.name().equals(name.toUpperCase(Locale.ROOT))) {
                return algorithm;
            }
        }
        return null;
    }
}
