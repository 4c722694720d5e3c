package dev.cairn.server.access;

import dev.cairn.auth.AuthException;
import dev.cairn.auth.Identity;
import dev.cairn.auth.UserTokens;
import dev.cairn.auth.token.JwtTokens;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Signed tokens, which nobody remembers; see {@link JwtTokens}. Only the member that was asked signs, away from the log. */
final class JwtTokenProvider implements TokenProvider {
    private final JwtTokens tokens;

    JwtTokenProvider(JwtTokens tokens) {
        this.tokens = tokens;
    }

    @Override
    public UserTokens users() {
        return UserTokens.STATELESS;
    }

    @Override
    public String draw() {
        return "";
    }

    @Override
    public String assign(String drawn, long index, String username, long nowNanos) {
        return "";
    }

    @Override
    public String finish(String assigned, String username, long revision) throws AuthException {
        return tokens.assign(new Identity(username, revision), nowEpochSeconds());
    }

    @Override
    public @Nullable Identity identityOf(String token, long revision, long nowNanos) {
        return tokens.identityOf(token, nowEpochSeconds());
    }

    @Override
    public long indexOf(String token) {
        return -1;
    }

    @Override
    public int doWork(long nowNanos) {
        return 0;
    }

    /** Signed times are of the wall clock, which the members share. */
    private static long nowEpochSeconds() {
        return TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis());
    }
}
