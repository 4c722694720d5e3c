package dev.cairn.server.access;

import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthSnapshot;
import dev.cairn.auth.Identity;
import dev.cairn.auth.UserTokens;

/**
 * Takes every token for root's. Stands only before services that nothing from outside reaches: what they are called for was judged before.
 */
public final class RootTokens implements TokenProvider {
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
    public Identity identityOf(String token, long revision, long nowNanos) {
        return new Identity(AuthSnapshot.ROOT, revision);
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
