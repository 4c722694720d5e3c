package dev.cairn.mvcc;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * The pace of work that shares the disk with those who write. After a step during which something was written it waits as long as the step
 * went, so that at least half of the disk's time is the others'. It goes on at once when nobody writes, and when it is urgent.
 *
 * <p>Confined to the thread that does the work.
 */
final class DiskPace implements LongConsumer {
    private final LongSupplier revision;
    private final BooleanSupplier urgent;
    private long seen;

    /**
     * @param revision the current one
     * @param urgent whether others soon have to wait for the end of the work
     */
    DiskPace(LongSupplier revision, BooleanSupplier urgent) {
        this.revision = revision;
        this.urgent = urgent;
        this.seen = revision.getAsLong();
    }

    @Override
    public void accept(long stepNanos) {
        LockSupport.parkNanos(pauseNanos(stepNanos));
    }

    long pauseNanos(long stepNanos) {
        long current = revision.getAsLong();
        boolean written = current != seen;
        seen = current;
        return written && !urgent.getAsBoolean() ? stepNanos : 0;
    }
}
