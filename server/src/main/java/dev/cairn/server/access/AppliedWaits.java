package dev.cairn.server.access;

import dev.cairn.server.api.MemberStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What waits until this member has applied a certain entry: calls with a token that the member cannot know yet. Thread-safe: any
 * thread waits, the apply loop tells what it has applied, one duty gives up what has waited too long.
 *
 * <p>Bounded by {@link #WAITING_MAX}; what does not fit is not taken. While nothing waits, an applied entry costs one read.
 */
public final class AppliedWaits {
    static final int WAITING_MAX = 1000;

    private record Wait(long index, long deadlineNanos, Consumer<Boolean> onEnd) {}

    private final MemberStatus status;
    private final long timeoutNanos;
    private final Object lock = new Object();

    /** Guarded by the lock; the next to be served first. */
    private final PriorityQueue<Wait> waiting = new PriorityQueue<>(Comparator.comparingLong(Wait::index));

    /** The least index that is waited for. Written under the lock. */
    private volatile long least = Long.MAX_VALUE;

    public AppliedWaits(MemberStatus status, long timeoutMillis) {
        this.status = status;
        this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    }

    /**
     * Waits for an entry.
     *
     * @param onEnd hears once whether the entry was applied in time; must hand over to another thread
     * @return false when too many wait already, and nothing will be heard
     */
    boolean await(long index, long nowNanos, Consumer<Boolean> onEnd) {
        synchronized (lock) {
            if (waiting.size() >= WAITING_MAX) {
                return false;
            }
            waiting.add(new Wait(index, nowNanos + timeoutNanos, onEnd));
            least = Math.min(least, index);
        }
        // It may have been applied between the caller's look and the line above.
        applied(status.appliedIndex());
        return true;
    }

    /** An entry is applied, and readers can see so. Apply loop. */
    public void applied(long index) {
        if (index < least) {
            return;
        }
        List<Wait> due = new ArrayList<>();
        synchronized (lock) {
            Wait next = waiting.peek();
            while (next != null && next.index() <= index) {
                due.add(waiting.remove());
                next = waiting.peek();
            }
            publishLeast();
        }
        due.forEach(wait -> wait.onEnd().accept(true));
    }

    /**
     * Gives up what has waited too long.
     *
     * @return how much that was
     */
    public int doWork(long nowNanos) {
        if (least == Long.MAX_VALUE) {
            return 0;
        }
        List<Wait> late = new ArrayList<>();
        synchronized (lock) {
            waiting.removeIf(wait -> wait.deadlineNanos() - nowNanos <= 0 && late.add(wait));
            publishLeast();
        }
        late.forEach(wait -> wait.onEnd().accept(false));
        return late.size();
    }

    private void publishLeast() {
        Wait next = waiting.peek();
        least = next == null ? Long.MAX_VALUE : next.index();
    }
}
