package dev.cairn.server.loop;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What keeps entries in memory for members that are being sent a snapshot: without the entries behind it they would need another one when they
 * have got it, and another one after that. Thread-safe; held for moments.
 *
 * <p>There are as many holds as snapshots under way, which their sender bounds.
 */
public final class LogHolds {
    private final List<Hold> held = new ArrayList<>();

    /** One claim. */
    public final class Hold {
        private final long index;

        /** Guarded by the list. */
        private @Nullable Long untilNanos;

        private Hold(long index) {
            this.index = index;
        }

        /** The entries are needed until then, no longer. */
        public void releaseAt(long nanos) {
            synchronized (held) {
                untilNanos = nanos;
            }
        }

        /** The entries are not needed any more. Idempotent. */
        public void release() {
            synchronized (held) {
                held.remove(this);
            }
        }
    }

    /** Keeps the entries behind this one. */
    public Hold hold(long index) {
        Hold hold = new Hold(index);
        synchronized (held) {
            held.add(hold);
        }
        return hold;
    }

    /** The entry behind which all are needed; {@link Long#MAX_VALUE} when none is. */
    long least(long nowNanos) {
        synchronized (held) {
            held.removeIf(hold -> hold.untilNanos != null && hold.untilNanos - nowNanos <= 0);
            return held.stream().mapToLong(hold -> hold.index).min().orElse(Long.MAX_VALUE);
        }
    }
}
