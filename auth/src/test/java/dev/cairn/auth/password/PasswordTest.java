package dev.cairn.auth.password;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import dev.cairn.proto.authpb.UserAddOptions;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordRequest;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PasswordTest {
    private final SecureRandom random = new SecureRandom();
    private final PasswordHasher hasher = new PasswordHasher(random, PasswordHasher.COST_MIN);

    /** The texts were read out of a database that etcd 3.7.1 had written. */
    @Test
    void shouldMatchTextsOfEtcd() {
        assertMatches("$2a$10$l7tFrjOqwtik1rk5TfMV7eivm/ALzZyVdbgQtuSZ.nGfToeXl079W", "x");
        assertMatches("$2a$10$IT5Z4g24yialwG.LucJ9Ou1SKW.ErVV5vzdBIMECm0WMpVC6W0yW2", "pw");
        assertMatches("$2a$10$aKEW54B7CXX7fGDMtcmXheftOVISkFX0lXjl7P0TFW1deqzwFxENS", "");
        assertMatches("$2a$10$wv8NH3maKXhAOj9i80JzFOjRcZey2OhydBDyP3mXhfHE7g8UauEWa", "a".repeat(72));
    }

    private static void assertMatches(String hash, String password) {
        ByteString stored = ByteString.copyFromUtf8(hash);
        assertThat(PasswordHasher.matches(stored, password)).isTrue();
        assertThat(PasswordHasher.matches(stored, password.isEmpty() ? "x" : password.substring(1)))
                .isFalse();
    }

    @Test
    void shouldMakeTextOfEtcdWithSaltOfItsOwn() throws AuthException {
        ByteString hash = hasher.hash("pässword");
        assertThat(hash.toStringUtf8()).matches("\\$2a\\$04\\$[./A-Za-z0-9]{53}");
        assertThat(hasher.hash("pässword")).isNotEqualTo(hash);
        assertThat(PasswordHasher.matches(hash, "pässword")).isTrue();
        assertThat(PasswordHasher.matches(hash, "passwort")).isFalse();
    }

    @Test
    void shouldNeverMatchWhatIsNoBcryptText() {
        for (String text : new String[] {"", "hello", "$2a$10$", "$2a$99$" + "a".repeat(53), "x".repeat(60)}) {
            assertThat(PasswordHasher.matches(ByteString.copyFromUtf8(text), "hello"))
                    .as(text)
                    .isFalse();
        }
        assertThat(PasswordHasher.matches(ByteString.copyFrom(new byte[60]), ""))
                .isFalse();
    }

    @Test
    void shouldRefuseTooLongPassword() throws AuthException {
        assertThat(hasher.hash("a".repeat(72))).isNotNull();
        // Bytes are counted, not characters.
        for (String password : new String[] {"a".repeat(73), "ä".repeat(37)}) {
            assertThatThrownBy(() -> hasher.hash(password))
                    .isInstanceOfSatisfying(
                            AuthException.class, e -> assertThat(e.error()).isEqualTo(AuthError.PASSWORD_TOO_LONG));
        }
        assertThatThrownBy(() -> new PasswordHasher(random, 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PasswordHasher(random, 32)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldPutHashInPlaceOfPassword() throws AuthException {
        AuthUserAddRequest add = AuthUserAddRequest.newBuilder()
                .setName("alice")
                .setPassword("pw")
                .setHashedPassword("whatever")
                .build();
        AuthUserAddRequest hashed = PasswordRequests.hashed(add, hasher);
        assertThat(hashed.getPassword()).isEmpty();
        assertThat(PasswordHasher.matches(decoded(hashed.getHashedPassword()), "pw"))
                .isTrue();
        // No password is the empty one.
        hashed = PasswordRequests.hashed(add.toBuilder().clearPassword().build(), hasher);
        assertThat(PasswordHasher.matches(decoded(hashed.getHashedPassword()), ""))
                .isTrue();
        AuthUserAddRequest none = add.toBuilder()
                .setOptions(UserAddOptions.newBuilder().setNoPassword(true))
                .build();
        assertThat(PasswordRequests.hashed(none, hasher))
                .isEqualTo(none.toBuilder().clearPassword().build());

        AuthUserChangePasswordRequest change = AuthUserChangePasswordRequest.newBuilder()
                .setName("alice")
                .setHashedPassword("given")
                .build();
        assertThat(PasswordRequests.hashed(change, hasher)).isEqualTo(change);
        AuthUserChangePasswordRequest changed =
                PasswordRequests.hashed(change.toBuilder().setPassword("new").build(), hasher);
        assertThat(changed.getPassword()).isEmpty();
        assertThat(PasswordHasher.matches(decoded(changed.getHashedPassword()), "new"))
                .isTrue();
    }

    private static ByteString decoded(String base64) {
        return ByteString.copyFrom(Base64.getDecoder().decode(base64));
    }

    @Test
    void shouldCheckOnExecutorAndRememberWhatWasRight() throws AuthException {
        ArrayDeque<Runnable> queue = new ArrayDeque<>();
        PasswordVerifier verifier = new PasswordVerifier(queue::add, hasher, random, 2);
        ByteString stored = hasher.hash("pw");

        CompletableFuture<Boolean> first = verifier.verify(stored, "pw", 7);
        assertThat(first).isNotDone();
        run(queue);
        assertThat(first).isCompletedWithValue(true);
        assertThat(verifier.verify(stored, "pw", 7)).isCompletedWithValue(true);
        // Neither another password nor another hash nor another revision is remembered.
        assertThat(result(verifier, queue, stored, "px", 7)).isFalse();
        assertThat(result(verifier, queue, stored, "px", 7)).isFalse();
        assertThat(result(verifier, queue, hasher.hash("pw2"), "pw", 7)).isFalse();
        assertThat(result(verifier, queue, stored, "pw", 8)).isTrue();
        assertThat(verifier.verify(stored, "pw", 8)).isCompletedWithValue(true);
        // Late news of an older revision is not kept.
        assertThat(result(verifier, queue, stored, "pw", 7)).isTrue();
        assertThat(verifier.verify(stored, "pw", 8)).isCompletedWithValue(true);

        // The oldest is forgotten.
        ByteString second = hasher.hash("2");
        ByteString third = hasher.hash("3");
        assertThat(result(verifier, queue, second, "2", 8)).isTrue();
        assertThat(result(verifier, queue, third, "3", 8)).isTrue();
        assertThat(verifier.verify(third, "3", 8)).isDone();
        assertThat(verifier.verify(second, "2", 8)).isDone();
        assertThat(result(verifier, queue, stored, "pw", 8)).isTrue();
    }

    @Test
    void shouldDoTheWorkForUnknownUserToo() {
        ArrayDeque<Runnable> queue = new ArrayDeque<>();
        PasswordVerifier verifier = new PasswordVerifier(queue::add, hasher, random, 2);
        for (int i = 0; i < 3; i++) {
            assertThat(result(verifier, queue, null, "pw", 7)).isFalse();
            assertThat(result(verifier, queue, ByteString.EMPTY, "", 7)).isFalse();
        }
    }

    @Test
    void shouldFailWhenExecutorTakesNoMore() {
        PasswordVerifier verifier = new PasswordVerifier(
                task -> {
                    throw new RejectedExecutionException("full");
                },
                hasher,
                random,
                2);
        assertThat(verifier.verify(null, "pw", 1))
                .failsWithin(java.time.Duration.ZERO)
                .withThrowableOfType(java.util.concurrent.ExecutionException.class)
                .withCauseInstanceOf(RejectedExecutionException.class);
    }

    private static boolean result(
            PasswordVerifier verifier,
            ArrayDeque<Runnable> queue,
            @Nullable ByteString stored,
            String password,
            long revision) {
        CompletableFuture<Boolean> verified = verifier.verify(stored, password, revision);
        assertThat(verified).as("was not remembered").isNotDone();
        run(queue);
        return verified.join();
    }

    private static void run(ArrayDeque<Runnable> queue) {
        while (!queue.isEmpty()) {
            Objects.requireNonNull(queue.poll()).run();
        }
    }
}
