package dev.cairn.server.access;

import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.Identity;
import dev.cairn.auth.UserTokens;
import org.jspecify.annotations.Nullable;

/** For clusters whose users show certificates and nothing else: no token is given out, none is believed. */
class NoTokens implements TokenProvider {
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
        throw new AuthException(AuthError.AUTHENTICATION_FAILED);
    }

    @Override
    public @Nullable Identity identityOf(String token, long revision, long nowNanos) {
        return null;
    }

    @Override
    public long indexOf(String token) {
        return -1;
    }

    @Override
    public int doWork(long nowNanos) {
        return 0;
    }
}
