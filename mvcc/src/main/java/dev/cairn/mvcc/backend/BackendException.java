package dev.cairn.mvcc.backend;

import org.jspecify.annotations.Nullable;

/** The storage does not do what it must: no space, an I/O error, a damaged file. Nothing of the transaction was stored. */
public final class BackendException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
