package dev.cairn.server.backup.schedule;

import dev.cairn.server.thread.NanoClock;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Slows a full backup down to so many bytes a second, and ends it when it is not wanted any more. Confined to the thread that writes.
 *
 * <p>Time in which less was done is not made up for.
 */
final class RateLimit {
    /** How long a thread sleeps at most before it looks whether it should go on. */
    private static final long NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final long bytesPerSecond;
    private final NanoClock clock;
    private final Sleeper sleeper;
    private final BooleanSupplier goesOn;
    private long nextNanos;

    /** How a thread waits. */
    @FunctionalInterface
    interface Sleeper {
        void sleep(long nanos) throws InterruptedException;
    }

    /** @param bytesPerSecond 0 for no limit */
    RateLimit(long bytesPerSecond, NanoClock clock, Sleeper sleeper, BooleanSupplier goesOn) {
        this.bytesPerSecond = bytesPerSecond;
        this.clock = clock;
        this.sleeper = sleeper;
        this.goesOn = goesOn;
        this.nextNanos = clock.nanos();
    }

    /**
     * So many bytes were read or written: waits as long as they should have taken.
     *
     * @throws CancellationException when the work is not wanted any more
     */
    void took(long bytes) {
        checkWanted();
        if (bytesPerSecond == 0) {
            return;
        }
        long now = clock.nanos();
        if (now - nextNanos > 0) {
            nextNanos = now;
        }
        nextNanos += (long) ((double) bytes / bytesPerSecond * TimeUnit.SECONDS.toNanos(1));
        for (long wait = nextNanos - clock.nanos(); wait > 0; wait = nextNanos - clock.nanos()) {
            try {
                sleeper.sleep(Math.min(wait, NAP_NANOS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("the server stops");
            }
            checkWanted();
        }
    }

    private void checkWanted() {
        if (!goesOn.getAsBoolean()) {
            throw new CancellationException("this member no longer leads, or stops");
        }
    }
}
