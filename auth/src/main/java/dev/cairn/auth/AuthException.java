package dev.cairn.auth;

/** A request that is refused; nothing was changed. */
public final class AuthException extends Exception {
    private static final long serialVersionUID = 1L;

    private final AuthError error;

    public AuthException(AuthError error) {
        // An expected outcome, not a fault: no stack trace is taken.
        super(error.name(), null, false, false);
        this.error = error;
    }

    public AuthError error() {
        return error;
    }
}
