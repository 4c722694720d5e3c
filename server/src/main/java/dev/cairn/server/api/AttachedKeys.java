package dev.cairn.server.api;

import dev.cairn.lease.Lessor;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Where calls wait until it is known which keys hang on which lease: for a while after a start or an exchange of the store it is not. Thread-safe; never
 * blocks.
 */
public interface AttachedKeys {
    /**
     * Completes with true, on the executor, once the keys are known; when it runs, they may be unknown again, if the store was exchanged in between. Fails
     * with TOO_MANY_REQUESTS on the calling thread, and with STOPPED on the executor.
     *
     * @param executor where the call goes on; when it takes nothing any more, the call is gone and hears nothing
     */
    void await(Executor executor, Completion<Boolean> then);

    /** Those of this lessor; as many calls wait as {@link Lessor#whenAttached} takes. */
    static AttachedKeys of(Lessor lessor) {
        return (executor, then) -> {
            boolean taken = lessor.whenAttached(attached -> goOn(executor, () -> {
                if (attached) {
                    then.complete(true);
                } else {
                    then.fail(EtcdError.STOPPED);
                }
            }));
            if (!taken) {
                then.fail(EtcdError.TOO_MANY_REQUESTS);
            }
        };
    }

    private static void goOn(Executor executor, Runnable rest) {
        try {
            executor.execute(rest);
        } catch (RejectedExecutionException e) {
            // The connection is closed and its calls are over; the apply loop, which may be here, goes on.
            return;
        }
    }
}
