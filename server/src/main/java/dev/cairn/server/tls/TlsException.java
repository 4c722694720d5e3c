package dev.cairn.server.tls;

import java.io.IOException;

/** What is wrong with the settings or files of TLS, in words for the operator: which file, and what is wrong with it. */
public final class TlsException extends IOException {
    private static final long serialVersionUID = 1L;

    public TlsException(String message) {
        super(message);
    }

    public TlsException(String message, Throwable cause) {
        super(message, cause);
    }
}
