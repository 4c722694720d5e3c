package dev.cairn.auth.token;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import org.junit.jupiter.api.Test;

class SimpleTokensTest {
    private static final long START = Long.MAX_VALUE - SECONDS.toNanos(10);

    private final SimpleTokens tokens = new SimpleTokens(new SecureRandom(), 300, 100);

    private static long at(long seconds) {
        return START + SECONDS.toNanos(seconds);
    }

    @Test
    void shouldDrawLetters() {
        assertThat(tokens.drawLetters()).matches("[a-zA-Z]{16}");
        assertThat(tokens.drawLetters()).isNotEqualTo(tokens.drawLetters());
    }

    @Test
    void shouldLiveForItsTimeAfterLastUse() {
        String token = tokens.assign("sDoznUZoYpLqFxEI", 106, "alice", at(0));
        assertThat(token).isEqualTo("sDoznUZoYpLqFxEI.106");
        assertThat(tokens.usernameOf(token, at(299))).isEqualTo("alice");
        assertThat(tokens.usernameOf(token, at(598))).isEqualTo("alice");
        assertThat(tokens.usernameOf(token, at(898))).isNull();
        assertThat(tokens.usernameOf("sDoznUZoYpLqFxEI.107", at(1))).isNull();
        assertThat(tokens.doWork(at(897))).isZero();
        assertThat(tokens.doWork(at(898))).isEqualTo(1);
        assertThat(tokens.size()).isZero();
    }

    @Test
    void shouldInvalidate() {
        String alice = tokens.assign("aaaaaaaaaaaaaaaa", 1, "alice", at(0));
        String again = tokens.assign("bbbbbbbbbbbbbbbb", 2, "alice", at(0));
        String bob = tokens.assign("cccccccccccccccc", 3, "bob", at(0));
        tokens.invalidateUser("alice");
        assertThat(tokens.usernameOf(alice, at(0))).isNull();
        assertThat(tokens.usernameOf(again, at(0))).isNull();
        assertThat(tokens.usernameOf(bob, at(0))).isEqualTo("bob");
        tokens.invalidateAll();
        assertThat(tokens.usernameOf(bob, at(0))).isNull();
    }

    @Test
    void shouldDropWhatWasUnusedForLongestWhenThereAreTooMany() {
        for (int i = 0; i < 100; i++) {
            tokens.assign("token", i, "alice", at(i));
        }
        assertThat(tokens.usernameOf("token.0", at(100))).isEqualTo("alice");
        tokens.assign("token", 100, "alice", at(100));
        assertThat(tokens.size()).isLessThanOrEqualTo(100);
        assertThat(tokens.usernameOf("token.0", at(100))).isEqualTo("alice");
        assertThat(tokens.usernameOf("token.1", at(100))).isNull();
        assertThat(tokens.usernameOf("token.99", at(100))).isEqualTo("alice");
        assertThat(tokens.usernameOf("token.100", at(100))).isEqualTo("alice");
        // What is too old goes first.
        tokens.doWork(at(100));
        for (int i = 0; i < 1000; i++) {
            tokens.assign("more", i, "bob", at(1000));
        }
        assertThat(tokens.size()).isLessThanOrEqualTo(100);
    }

    @Test
    void shouldTellIndexOfToken() {
        assertThat(SimpleTokens.indexOf("sDoznUZoYpLqFxEI.106")).isEqualTo(106);
        for (String bad : new String[] {"", "x", "x.", "x.-7", "x.1.2", "x.y", "a.b.c", "x.99999999999999999999"}) {
            assertThat(SimpleTokens.indexOf(bad)).as(bad).isEqualTo(-1);
        }
    }
}
