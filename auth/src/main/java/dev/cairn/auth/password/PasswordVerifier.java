package dev.cairn.auth.password;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Checks passwords away from the caller's thread, and remembers for a while which ones were right.
 *
 * <p>An unknown user costs as much work as a known one. What was right is remembered as a keyed fast hash of stored hash and
 * password, whose key never leaves this object; it is forgotten when the auth revision changes, when the memory is full, and
 * it can never fit another password or another stored hash. What was wrong is not remembered. Thread-safe.
 */
public final class PasswordVerifier {
    private static final String MAC = "HmacSHA256";
    private static final int KEY_BYTES = 32;

    private final Executor executor;
    private final int rememberedMax;
    private final SecretKeySpec key;

    private final PasswordHasher hasher;
    private final SecureRandom random;

    /**
     * Hashed at the same cost as those of users; no password that can be sent belongs to it. Made by the first check, whoever
     * it is for, as a member need not wait for it to start.
     */
    private @Nullable ByteString nobody;

    /** Held while the first hash is made, which all checks then wait for. */
    private final Object nobodyLock = new Object();

    private final Object lock = new Object();

    /** The oldest first; guarded by the lock, like the revision under which they were right. */
    private final Map<ByteString, Boolean> right = new LinkedHashMap<>();

    private long rightAtRevision;

    /**
     * @param executor runs the checks: bounded, and throws {@link RejectedExecutionException} when full
     * @param rememberedMax how many passwords are remembered; 0 for none
     */
    public PasswordVerifier(Executor executor, PasswordHasher hasher, SecureRandom random, int rememberedMax) {
        if (rememberedMax < 0) {
            throw new IllegalArgumentException("rememberedMax: " + rememberedMax + " (expected: >= 0)");
        }
        this.executor = executor;
        this.rememberedMax = rememberedMax;
        byte[] secret = new byte[KEY_BYTES];
        random.nextBytes(secret);
        this.key = new SecretKeySpec(secret, MAC);
        this.hasher = hasher;
        this.random = random;
    }

    /**
     * Checks a password.
     *
     * @param stored the stored hash, empty when there is none; null for an unknown user
     * @param revision the auth revision of which the stored hash is
     * @return whether it is right: complete at once if that is remembered, otherwise completed on the executor; completed
     *     with the executor's exception when it takes no more
     */
    public CompletableFuture<Boolean> verify(@Nullable ByteString stored, String password, long revision) {
        ByteString fingerprint = fingerprint(stored == null ? ByteString.EMPTY : stored, password);
        synchronized (lock) {
            if (rightAtRevision == revision && stored != null && right.containsKey(fingerprint)) {
                return CompletableFuture.completedFuture(true);
            }
        }
        try {
            return CompletableFuture.supplyAsync(() -> check(stored, password, revision, fingerprint), executor);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private boolean check(@Nullable ByteString stored, String password, long revision, ByteString fingerprint) {
        ByteString unknown = nobody();
        if (stored == null || stored.isEmpty()) {
            // The same work, in vain: nobody knows that password.
            return PasswordHasher.matches(unknown, password);
        }
        if (!PasswordHasher.matches(stored, password)) {
            return false;
        }
        synchronized (lock) {
            // A check that began under an older revision must not bring it back.
            if (revision > rightAtRevision) {
                right.clear();
                rightAtRevision = revision;
            }
            if (revision == rightAtRevision && rememberedMax > 0) {
                if (right.size() >= rememberedMax) {
                    right.remove(right.keySet().iterator().next());
                }
                right.put(fingerprint, true);
            }
        }
        return true;
    }

    private ByteString nobody() {
        synchronized (nobodyLock) {
            ByteString made = nobody;
            if (made == null) {
                try {
                    made = hasher.hash(random.nextLong() + "/" + random.nextLong() + "/" + random.nextLong());
                } catch (AuthException e) {
                    throw new IllegalStateException("three numbers are too long for a password", e);
                }
                nobody = made;
            }
            return made;
        }
    }

    private ByteString fingerprint(ByteString stored, String password) {
        try {
            Mac mac = Mac.getInstance(MAC);
            mac.init(key);
            // The length first, so that no other pair runs together to the same bytes.
            mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, stored.size()));
            mac.update(stored.asReadOnlyByteBuffer());
            mac.update(password.getBytes(StandardCharsets.UTF_8));
            return ByteString.copyFrom(mac.doFinal());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(MAC + " is part of every JDK", e);
        }
    }
}
