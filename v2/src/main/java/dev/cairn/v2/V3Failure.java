package dev.cairn.v2;

import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** A call of the store that failed. */
public final class V3Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What the callers here tell apart. */
    public enum Kind {
        COMPACTED,
        LEASE_NOT_FOUND,
        OTHER
    }

    private final Kind kind;

    /** @param text what clients are told */
    public V3Failure(Kind kind, String text) {
        super(text, null, false, false);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }

    String text() {
        String text = getMessage();
        return text == null ? "" : text;
    }

    /** The failure that a stage has completed with. What is no failure of the store is thrown on. */
    static V3Failure of(Throwable thrown) {
        Throwable cause = thrown;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof V3Failure failure) {
            return failure;
        }
        throw new CompletionException(cause);
    }

    static boolean isOf(@Nullable Throwable thrown, Kind kind) {
        return thrown != null && of(thrown).kind() == kind;
    }
}
