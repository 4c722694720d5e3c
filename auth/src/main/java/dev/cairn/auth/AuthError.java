package dev.cairn.auth;

/** Every way in which authentication, authorisation or a change of users and roles is refused: one for each row of the error table. */
public enum AuthError {
    ROOT_USER_NOT_FOUND,
    /** User root lacks role root. */
    ROOT_ROLE_NOT_GRANTED,
    USER_EXISTS,
    /** An empty name, or a call that needs a user and came without one. */
    USER_EMPTY,
    USER_NOT_FOUND,
    ROLE_EXISTS,
    ROLE_NOT_FOUND,
    ROLE_EMPTY,
    /** An unknown user or a wrong password; which of them is not told. */
    AUTHENTICATION_FAILED,
    /** Also answers a password that cannot be read back from a log entry, as it does in etcd. */
    NO_PASSWORD_USER,
    PASSWORD_TOO_LONG,
    PERMISSION_NOT_GIVEN,
    PERMISSION_DENIED,
    /** The user does not have the role that is to be revoked. */
    ROLE_NOT_GRANTED,
    /** The role does not have the permission that is to be revoked. */
    PERMISSION_NOT_GRANTED,
    NOT_ENABLED,
    INVALID_TOKEN,
    /** A change that would lock everybody out, or a permission on a range that holds no key. */
    INVALID_MANAGEMENT,
    /** The request was stamped under users and permissions that have changed since. */
    OLD_REVISION,
    /** Tokens can be verified but not signed here: only the public key is configured. */
    TOKEN_VERIFY_ONLY,
    /** What hangs on a lease is not known yet, so nobody can say who may have it: to be asked again. */
    LEASE_KEYS_UNKNOWN,
}
