package dev.cairn.server.access;

import dev.cairn.auth.AuthException;
import dev.cairn.auth.Identity;
import dev.cairn.auth.UserTokens;
import org.jspecify.annotations.Nullable;

/**
 * How this cluster's tokens are made and recognised. A token comes into being in three steps: the member that was asked for one
 * draws what chance gives to it, every member assigns it when it applies the entry, and the member that was asked finishes it.
 * Thread-safe, with the confinement that each step names.
 */
public interface TokenProvider {
    /** Hears of users whose tokens are not to be believed any more. */
    UserTokens users();

    /** What the proposal carries of the token. Any thread. */
    String draw();

    /**
     * The entry is applied: whoever is to remember the token does so now. Apply loop.
     *
     * @return the token as far as it is made
     */
    String assign(String drawn, long index, String username, long nowNanos);

    /**
     * The token as the client gets it. May work for some milliseconds.
     *
     * @param assigned what {@link #assign} returned
     * @param revision the auth revision that the password was checked under
     * @throws AuthException when no tokens are given out here
     */
    String finish(String assigned, String username, long revision) throws AuthException;

    /**
     * Whose token it is.
     *
     * @param revision the present auth revision
     * @return null when it is not to be believed
     */
    @Nullable
    Identity identityOf(String token, long revision, long nowNanos);

    /** The index of the entry that this member has to have applied before it can know the token; -1 when there is none. */
    long indexOf(String token);

    /** Forgets what is too old. One duty, about once a second. */
    int doWork(long nowNanos);
}
