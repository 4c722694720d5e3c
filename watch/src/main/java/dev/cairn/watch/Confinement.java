package dev.cairn.watch;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Catches two threads in a confined object at once, and calls that come back from inside. An executor may change its thread
 * between tasks, so that the rule is one at a time, not always the same one. Thread-safe.
 */
final class Confinement {
    private final AtomicReference<@Nullable Thread> inside = new AtomicReference<>();

    void enter() {
        Thread entering = Thread.currentThread();
        Thread found = inside.compareAndExchange(null, entering);
        if (found != null) {
            throw new IllegalStateException(entering.getName() + " entered while " + found.getName() + " was inside");
        }
    }

    void exit() {
        inside.setRelease(null);
    }
}
