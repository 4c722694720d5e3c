package dev.cairn.mvcc;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Whether a store's backend is still sound; once it is not it never is again. Thread-safe. */
final class StoreFailure {
    private final Consumer<Throwable> onFailure;
    private final AtomicReference<@Nullable Throwable> cause = new AtomicReference<>();

    /** {@code onFailure} hears of the first failure. */
    StoreFailure(Consumer<Throwable> onFailure) {
        this.onFailure = onFailure;
    }

    @Nullable
    Throwable cause() {
        return cause.get();
    }

    /** From now on the store takes no writes. */
    void fail(Throwable failure) {
        if (cause.compareAndSet(null, failure)) {
            onFailure.accept(failure);
        }
    }

    /** Notes the damage; to be thrown. */
    DamagedStoreException damaged(String damage) {
        DamagedStoreException failure = new DamagedStoreException(damage);
        fail(failure);
        return failure;
    }
}
