package dev.cairn.server.corruption;

import dev.cairn.server.thread.Duty;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the leader make one kind of check again and again. Confined to the thread that runs the duty; the check itself runs on the
 * executor, one at a time. What falls due meanwhile is left out.
 */
public final class CorruptionDuty implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(CorruptionDuty.class);

    /** What is to be done; it may block. */
    public interface Check {
        void run() throws CorruptionCheck.CheckException;
    }

    private final long intervalNanos;
    private final BooleanSupplier leading;
    private final Check check;
    private final Executor executor;
    private final AtomicBoolean running = new AtomicBoolean();
    private long nextNanos;

    /** @param leading whether this member is the leader */
    public CorruptionDuty(Duration interval, BooleanSupplier leading, Check check, Executor executor, long nowNanos) {
        if (interval.isZero() || interval.isNegative()) {
            throw new IllegalArgumentException("interval: " + interval + " (expected: more than 0)");
        }
        this.intervalNanos = interval.toNanos();
        this.leading = leading;
        this.check = check;
        this.executor = executor;
        this.nextNanos = nowNanos + intervalNanos;
    }

    @Override
    public int doWork(long nowNanos) {
        if (nowNanos - nextNanos < 0) {
            return 0;
        }
        nextNanos = nowNanos + intervalNanos;
        if (leading.getAsBoolean() && running.compareAndSet(false, true)) {
            try {
                executor.execute(this::run);
            } catch (RejectedExecutionException e) {
                // The server stops.
                running.set(false);
            }
        }
        return 1;
    }

    private void run() {
        try {
            check.run();
        } catch (CorruptionCheck.CheckException | RuntimeException e) {
            LOG.atWarn()
                    .setMessage("failed to check hash KV")
                    .addKeyValue("error", String.valueOf(e.getMessage()))
                    .log();
        } finally {
            running.set(false);
        }
    }

    @Override
    public long nextDeadlineNanos() {
        return nextNanos;
    }
}
