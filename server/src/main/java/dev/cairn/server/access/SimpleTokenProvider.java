package dev.cairn.server.access;

import dev.cairn.auth.Identity;
import dev.cairn.auth.UserTokens;
import dev.cairn.auth.token.SimpleTokens;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/** Random tokens that every member remembers; see {@link SimpleTokens}. A token is as good as the user is now. */
final class SimpleTokenProvider implements TokenProvider {
    /** Some tens of megabytes; beyond it those unused for longest are forgotten. */
    private static final int TOKENS_MAX = 100_000;

    private final SimpleTokens tokens;

    SimpleTokenProvider(SecureRandom random, long ttlSeconds) {
        this.tokens = new SimpleTokens(random, ttlSeconds, TOKENS_MAX);
    }

    @Override
    public UserTokens users() {
        return tokens;
    }

    @Override
    public String draw() {
        return tokens.drawLetters();
    }

    @Override
    public String assign(String drawn, long index, String username, long nowNanos) {
        return tokens.assign(drawn, index, username, nowNanos);
    }

    @Override
    public String finish(String assigned, String username, long revision) {
        return assigned;
    }

    @Override
    public @Nullable Identity identityOf(String token, long revision, long nowNanos) {
        String username = tokens.usernameOf(token, nowNanos);
        return username == null ? null : new Identity(username, revision);
    }

    @Override
    public long indexOf(String token) {
        return SimpleTokens.indexOf(token);
    }

    @Override
    public int doWork(long nowNanos) {
        return tokens.doWork(nowNanos);
    }
}
