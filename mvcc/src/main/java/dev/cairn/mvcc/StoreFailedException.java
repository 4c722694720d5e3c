package dev.cairn.mvcc;

/**
 * The backend has failed; the store takes no writes any more. What was applied since the last durable index is in the log
 * only. The process should stop: a failed sync must not be retried.
 */
public final class StoreFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StoreFailedException(Throwable cause) {
        super("the storage backend failed: " + cause.getMessage(), cause);
    }
}
