package dev.cairn.auth;

/**
 * Who asks, and under which revision of users and permissions that was established. Immutable.
 *
 * @param username empty when nobody in particular asks
 * @param revision 0 when nobody in particular asks
 */
public record Identity(String username, long revision) {
    /** Nobody in particular: a request without token. */
    public static final Identity NONE = new Identity("", 0);
}
