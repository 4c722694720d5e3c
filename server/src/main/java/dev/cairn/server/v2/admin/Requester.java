package dev.cairn.server.v2.admin;

import dev.cairn.auth.Identity;

/**
 * Immutable. Who makes a request of the v2 API.
 *
 * @param identity of a user, with the auth revision at which the password was right; without a name for everybody else, with the
 *     revision at which that was so
 */
public record Requester(Kind kind, Identity identity) {
    /** As what somebody comes. */
    public enum Kind {
        /** Nothing is checked. */
        ANYBODY,
        /** Said nothing of who it is, and may do what role guest may. */
        GUEST,
        USER,
        /** Said something that is not so, and may do nothing. */
        IMPOSTOR
    }
}
