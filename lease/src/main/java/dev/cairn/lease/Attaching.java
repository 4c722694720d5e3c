package dev.cairn.lease;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Whether it is known which keys hang on which lease. It is not from the moment at which the leases are loaded until the store has attached all
 * keys that it holds, which takes it a while when there are many, and entries are applied meanwhile.
 *
 * <p><b>Owner.</b> The apply loop {@linkplain #begin begins}, {@linkplain #grant notes grants} and {@linkplain #end ends}; any thread asks and waits, and one
 * {@linkplain #stop stops}.
 *
 * <p><b>Phases</b> are numbered, so that who has read keys can tell whether they were all there from his first look to his last: the same even number
 * before and after.
 *
 * <p><b>Bounds.</b> {@value #WAITING_MAX} wait; more are not taken. Of the leases those are noted that are granted while keys are being attached.
 *
 * <p><b>Stop.</b> Who waits is let go, and nobody waits any more, since the thread that attaches may have ended.
 */
final class Attaching {
    static final int WAITING_MAX = 10_000;

    /** Even when all keys are attached. Written by the apply loop. */
    private volatile int phase;

    /** Leases that were not there when the keys began to be attached. Apply loop. */
    private final Set<Long> granted = new HashSet<>();

    private final Object lock = new Object();

    /** Guarded by the lock, under which nobody is called. */
    private final Queue<Consumer<Boolean>> waiting = new ArrayDeque<>();

    /** Guarded by the lock. */
    private boolean stopped;

    int phase() {
        return phase;
    }

    static boolean isOver(int phase) {
        return (phase & 1) == 0;
    }

    boolean isOver() {
        return isOver(phase);
    }

    /** From now on keys are missing. A second time it begins anew. */
    void begin() {
        granted.clear();
        if (isOver()) {
            enterNextPhase();
        }
    }

    /** A lease is granted. */
    void grant(long lease) {
        if (!isOver()) {
            granted.add(lease);
        }
    }

    /** Whether the lease, if it exists, did so at the beginning. */
    boolean precedes(long lease) {
        return !granted.contains(lease);
    }

    /** All keys are attached. */
    void end() {
        granted.clear();
        if (!isOver()) {
            enterNextPhase();
            settle(true);
        }
    }

    private void enterNextPhase() {
        int next = phase + 1;
        phase = next;
    }

    void stop() {
        synchronized (lock) {
            stopped = true;
        }
        settle(false);
    }

    /** See {@link Lessor#whenAttached}. */
    boolean await(Consumer<Boolean> onEnd) {
        boolean attached;
        synchronized (lock) {
            // Read under the lock: the settling that follows the end finds what is queued behind this look.
            attached = isOver();
            if (!attached && !stopped) {
                return waiting.size() < WAITING_MAX && waiting.add(onEnd);
            }
        }
        onEnd.accept(attached);
        return true;
    }

    private void settle(boolean attached) {
        Queue<Consumer<Boolean>> all;
        synchronized (lock) {
            all = new ArrayDeque<>(waiting);
            waiting.clear();
        }
        all.forEach(each -> each.accept(attached));
    }
}
