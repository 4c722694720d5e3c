package dev.cairn.bench.process;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Waits that end by themselves. Stateless. */
public final class Waiting {
    /** Anything that is waited for here takes less. */
    private static final long LIMIT_NANOS = TimeUnit.MINUTES.toNanos(15);

    private static final long LOOK_AGAIN_MILLIS = 5;

    private Waiting() {}

    /** What comes to hold some time. */
    public interface Condition {
        boolean holds() throws IOException;
    }

    /** @throws IOException if it does not come to hold */
    public static void until(String what, Condition condition) throws IOException {
        long began = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - began > LIMIT_NANOS) {
                throw new IOException("waited in vain until " + what);
            }
            pause(LOOK_AGAIN_MILLIS);
        }
    }

    public static void pause(long millis) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    public static void pauseSeconds(double seconds) throws IOException {
        pause((long) (seconds * 1000));
    }

    /** What a thread throws that was told to end. */
    public static IOException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IOException("interrupted", e);
    }
}
