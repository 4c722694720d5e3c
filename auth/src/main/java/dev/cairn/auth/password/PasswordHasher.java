package dev.cairn.auth.password;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;

/**
 * Makes and checks bcrypt texts such as etcd stores. Each call works for tens of milliseconds at the default cost, on the
 * caller's thread. Thread-safe.
 */
public final class PasswordHasher {
    /** Bcrypt looks at no more bytes than these. */
    public static final int PASSWORD_BYTES_MAX = 72;

    public static final int COST_MIN = 4;
    public static final int COST_MAX = 31;
    public static final int COST_DEFAULT = 10;

    private static final String VERSION = "2a";
    private static final int SALT_BYTES = 16;

    /** Version, cost from 4 to 31, salt and hash. The library fails in many ways on other texts. */
    private static final Pattern BCRYPT_TEXT =
            Pattern.compile("\\$2[aby]\\$(0[4-9]|[12][0-9]|3[01])\\$[./A-Za-z0-9]{53}");

    private final SecureRandom random;
    private final int cost;

    public PasswordHasher(SecureRandom random, int cost) {
        if (cost < COST_MIN || cost > COST_MAX) {
            throw new IllegalArgumentException("cost: " + cost + " (expected: " + COST_MIN + " to " + COST_MAX + ")");
        }
        this.random = random;
        this.cost = cost;
    }

    /**
     * The bcrypt text of a password, with a salt of its own.
     *
     * @throws AuthException PASSWORD_TOO_LONG
     */
    public ByteString hash(String password) throws AuthException {
        byte[] bytes = password.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > PASSWORD_BYTES_MAX) {
            throw new AuthException(AuthError.PASSWORD_TOO_LONG);
        }
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        return ByteString.copyFromUtf8(OpenBSDBCrypt.generate(VERSION, bytes, salt, cost));
    }

    /** Whether the password is the one that was hashed; never so for what is no bcrypt text, as a client may have stored. */
    public static boolean matches(ByteString hash, String password) {
        String text = hash.toStringUtf8();
        return BCRYPT_TEXT.matcher(text).matches()
                && OpenBSDBCrypt.checkPassword(text, password.getBytes(StandardCharsets.UTF_8));
    }
}
