package dev.cairn.server.api;

/** A start that cannot go on, in words for the operator: what is wrong and how it is mended. */
public class StartException extends Exception {
    private static final long serialVersionUID = 1L;

    public StartException(String message) {
        super(message);
    }

    public StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
