package dev.cairn.watch;

import dev.cairn.watch.Watcher.State;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one stream's watchers have yet to send: references to shared events, within a budget of bytes. Thread-safe: the apply
 * loop and the catch-up thread append, the stream's executor takes. All of it, and the guarded fields of the stream's
 * watchers, is under one lock, held for a few steps only, and inside the publisher's lock where both are needed.
 *
 * <h2>Budget</h2>
 *
 * An event is charged once for the stream, however many of its watchers hold it, and each holder a small sum more. When the
 * budget is spent, the watcher that was to get the next event becomes LAGGING at that event's revision and gives back what it
 * holds of this revision: a revision is never half pending. It is <em>parked</em> until half of the budget is free, and then
 * reads the log from there. One watcher may go beyond the budget: the one that alone holds events, and only for the rest of
 * one revision; otherwise a revision greater than the budget could never be sent. So a backlog holds at most its budget, or
 * the budget and one revision of one watcher.
 *
 * <p>Parked watchers are not forgotten: a watcher is parked only while the backlog holds events of others, and whoever takes
 * the last of them finds the budget free.
 *
 * <h2>Complete revisions</h2>
 *
 * Events are appended one by one, and the executor may come in between. It takes only revisions that are complete, which are
 * those up to {@code next - 1}, and for a LIVE watcher up to the published revision too. The publisher sets the published
 * revision after it has appended the revision's last event, so the executor reads it before it takes the lock.
 */
final class Backlog {
    /** What a watcher's reference to an event costs. */
    private static final int REFERENCE_BYTES = 16;

    /** The part of its budget that every stream has, whatever all streams together hold. */
    private static final int GUARANTEED_FRACTION = 16;

    /** A stream reports to the hub whenever its charge has changed by this part of its budget. */
    private static final int REPORTED_FRACTION = 64;

    /** Pending queues that grew beyond this are given up once they are empty. */
    private static final int KEPT_QUEUE_EVENTS = 64;

    /** An event that this stream's watchers hold; charged while anyone does. */
    static final class Slot {
        final SharedEvent event;
        int references;

        Slot(SharedEvent event) {
            this.event = event;
        }
    }

    /** What a watcher has to send next. */
    enum Kind {
        EVENTS,
        COMPACTED,
        PROGRESS,
    }

    /**
     * One watcher's turn.
     *
     * @param revision for events the least revision of the header, otherwise the revision to tell
     */
    record Turn(Watcher watcher, Kind kind, long revision) {}

    private final WatchOutput output;
    private final Runnable drain;
    private final WatchOptions options;
    private final WatchCounters counters;

    private final Object lock = new Object();

    /** Watchers that have something to send, first come first served. At most one entry for each watcher. */
    private final ArrayDeque<Watcher> queue = new ArrayDeque<>();

    /** LAGGING watchers that wait for room. At most one entry for each watcher. */
    private final ArrayDeque<Watcher> parked = new ArrayDeque<>();

    /** Watchers that got events of the revision that is being published. At most one entry for each watcher. */
    private final ArrayDeque<Watcher> fresh = new ArrayDeque<>();

    private @Nullable Slot lastSlot;
    private long chargedBytes;

    /** What of the charged bytes the hub knows. */
    private long reportedBytes;

    private long references;

    /** A drain was handed to the executor and has not begun. */
    private boolean scheduled;

    /** The transport was not ready when it was last asked; it will report. */
    private boolean blocked;

    /** The stream is to tell its progress as soon as its watchers are where they have to be. */
    private boolean awaitsProgress;

    private boolean closed;

    /** The drain is what the executor is asked to run when there is something to send. */
    Backlog(WatchOutput output, Runnable drain, WatchOptions options, WatchCounters counters) {
        this.output = output;
        this.drain = drain;
        this.options = options;
        this.counters = counters;
    }

    // The publisher's side.

    /**
     * Sets the watcher's state and cursor. It is not in any index yet or the publisher's lock is held, so that no event
     * passes meanwhile.
     */
    void begin(Watcher watcher, State state, long next) {
        synchronized (lock) {
            watcher.state = state;
            watcher.next = next;
            if (state == State.LAGGING) {
                counters.slowWatchers.incrementAndGet();
            }
        }
    }

    /**
     * Appends an event of the revision that is being published, if the watcher is LIVE.
     *
     * @return whether this is the stream's first event of the revision: {@link #finishRevision} is to be called
     */
    boolean publish(Watcher watcher, SharedEvent event) {
        synchronized (lock) {
            if (watcher.state != State.LIVE || event.revision() < watcher.next) {
                return false;
            }
            if (!append(watcher, event)) {
                watcher.state = State.LAGGING;
                counters.slowWatchers.incrementAndGet();
                parked.addLast(watcher);
                return false;
            }
            if (watcher.fresh) {
                return false;
            }
            watcher.fresh = true;
            fresh.addLast(watcher);
            return fresh.size() == 1;
        }
    }

    /** The revision was published: what its watchers got may be sent. */
    void finishRevision() {
        boolean run;
        synchronized (lock) {
            Watcher watcher;
            while ((watcher = fresh.pollFirst()) != null) {
                watcher.fresh = false;
                enqueue(watcher);
            }
            run = schedule();
        }
        if (run) {
            output.execute(drain);
        }
    }

    /**
     * The store was replaced, and revisions up to {@code current} will not be published.
     *
     * @return whether the watcher has to read the log now
     */
    boolean restore(Watcher watcher, long published, long current) {
        synchronized (lock) {
            if (watcher.state != State.LIVE) {
                return false;
            }
            watcher.next = Math.max(watcher.next, published + 1);
            if (watcher.next > current) {
                return false;
            }
            watcher.state = State.LAGGING;
            counters.slowWatchers.incrementAndGet();
            return true;
        }
    }

    // The catch-up thread's side.

    /** Where a LAGGING watcher reads on; -1 when it is not LAGGING any more. */
    long laggingFrom(Watcher watcher) {
        synchronized (lock) {
            return watcher.state == State.LAGGING ? watcher.next : -1;
        }
    }

    /**
     * Appends an event that was read for a LAGGING watcher.
     *
     * @return whether it was taken; otherwise the watcher reads no further: it is parked or gone
     */
    boolean read(Watcher watcher, SharedEvent event) {
        boolean run;
        synchronized (lock) {
            if (watcher.state != State.LAGGING) {
                return false;
            }
            if (append(watcher, event)) {
                return true;
            }
            parked.addLast(watcher);
            enqueue(watcher);
            run = schedule();
        }
        if (run) {
            output.execute(drain);
        }
        return false;
    }

    /** Every event below {@code next} was read for the watcher, at a time when the store was at {@code readAtRevision}. */
    void advance(Watcher watcher, long next, long readAtRevision) {
        boolean run;
        synchronized (lock) {
            if (watcher.state != State.LAGGING) {
                return;
            }
            watcher.next = next;
            watcher.readAtRevision = readAtRevision;
            enqueue(watcher);
            run = schedule();
        }
        if (run) {
            output.execute(drain);
        }
    }

    /**
     * The watcher has everything below {@code next}; with the missing events it has everything published, and becomes LIVE. If
     * there is no room for them, it is parked. The publisher's lock is held; {@link #wake} follows after it.
     */
    void goLive(Watcher watcher, long next, List<SharedEvent> missing, long published) {
        synchronized (lock) {
            if (watcher.state != State.LAGGING) {
                return;
            }
            watcher.next = next;
            for (SharedEvent event : missing) {
                if (watcher.wants(event)
                        && watcher.range().contains(event.event().key())
                        && !append(watcher, event)) {
                    parked.addLast(watcher);
                    enqueue(watcher);
                    return;
                }
            }
            watcher.next = Math.max(next, published + 1);
            watcher.state = State.LIVE;
            counters.slowWatchers.decrementAndGet();
            enqueue(watcher);
        }
    }

    /** The log no longer has the LAGGING watcher's place. What is pending is sent before it is told. */
    void compact(Watcher watcher, long compactRevision) {
        boolean run;
        synchronized (lock) {
            if (watcher.state != State.LAGGING) {
                return;
            }
            watcher.state = State.COMPACTED;
            watcher.compactRevision = compactRevision;
            counters.slowWatchers.decrementAndGet();
            enqueue(watcher);
            run = schedule();
        }
        if (run) {
            output.execute(drain);
        }
    }

    /** Has the executor drain if there is something to send. */
    void wake() {
        boolean run;
        synchronized (lock) {
            run = schedule();
        }
        if (run) {
            output.execute(drain);
        }
    }

    // The executor's side.

    /** Has the executor drain in a task of its own, whether or not watchers have something to send. */
    void drainLater() {
        boolean run;
        synchronized (lock) {
            run = !scheduled && !closed;
            scheduled |= run;
        }
        if (run) {
            output.execute(drain);
        }
    }

    /** A drain begins; if it is the scheduled one, whatever comes from now on needs another. */
    void drainBegins(boolean asScheduled) {
        synchronized (lock) {
            scheduled &= !asScheduled;
            blocked = false;
        }
    }

    /** The transport is not ready: nobody needs to schedule a drain until it reports. */
    void block() {
        synchronized (lock) {
            blocked = true;
        }
    }

    /**
     * The watcher whose turn it is, with the complete revisions it may send now. They stay pending until {@link #settle}.
     *
     * @param published the published revision, read before this call
     * @return null when nobody has anything to send
     */
    @Nullable
    Turn nextTurn(long published, List<SharedEvent> events) {
        synchronized (lock) {
            Watcher watcher;
            while ((watcher = queue.pollFirst()) != null) {
                watcher.queued = false;
                if (copyComplete(watcher, published, events)) {
                    return new Turn(watcher, Kind.EVENTS, watcher.readAtRevision);
                }
                if (hasPending(watcher)) {
                    // All of an unfinished revision: whoever finishes it puts the watcher back into the queue.
                    continue;
                }
                if (watcher.state == State.COMPACTED && !watcher.compactionTold) {
                    watcher.compactionTold = true;
                    return new Turn(watcher, Kind.COMPACTED, watcher.compactRevision);
                }
                if (watcher.progressDue) {
                    watcher.progressDue = false;
                    if (watcher.state == State.LIVE) {
                        return new Turn(watcher, Kind.PROGRESS, published);
                    }
                }
            }
            return null;
        }
    }

    /** The first {@code sent} pending events of the watcher are with the transport. */
    void settle(Watcher watcher, int sent) {
        synchronized (lock) {
            ArrayDeque<Slot> pending = watcher.pending;
            if (pending == null || pending.size() < sent) {
                throw new IllegalStateException("watcher " + watcher.id + " has sent more than was pending");
            }
            int before = pending.size();
            for (int i = 0; i < sent; i++) {
                Slot slot = pending.removeFirst();
                if (slot.event.revision() == watcher.tailRevision) {
                    watcher.tailEvents--;
                }
                release(slot);
            }
            if (pending.isEmpty() && before > KEPT_QUEUE_EVENTS) {
                watcher.pending = null;
            }
            watcher.progressDue = false;
            enqueue(watcher);
        }
    }

    /** Moves the parked watchers to the list if there is room again: they read the log from where they are. */
    void unpark(List<Watcher> into) {
        synchronized (lock) {
            if (parked.isEmpty() || chargedBytes > budgetBytes() / 2) {
                return;
            }
            Watcher watcher;
            while ((watcher = parked.pollFirst()) != null) {
                if (watcher.state == State.LAGGING) {
                    into.add(watcher);
                }
            }
        }
    }

    /** Whether all of these watchers are LIVE and have begun at {@code revision}. */
    boolean inSync(Collection<Watcher> watchers, long revision) {
        synchronized (lock) {
            for (Watcher watcher : watchers) {
                if (watcher.state != State.LIVE || watcher.startRevision > revision) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * Whether these watchers have sent every event up to {@code revision}, which was published before this call, or have told
     * their clients that they cannot.
     */
    boolean sentUpTo(Collection<Watcher> watchers, long revision) {
        synchronized (lock) {
            for (Watcher watcher : watchers) {
                if ((watcher.state == State.LAGGING && watcher.next <= revision)
                        || (watcher.state == State.COMPACTED && !watcher.compactionTold)) {
                    return false;
                }
                Slot first = watcher.pending == null ? null : watcher.pending.peekFirst();
                if (first != null && first.event.revision() <= revision) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Has the watcher tell its progress, unless it lags, has not begun, or has events to send anyway. */
    void askProgress(Watcher watcher, long published) {
        synchronized (lock) {
            if (watcher.state == State.LIVE && watcher.startRevision <= published && !hasPending(watcher)) {
                watcher.progressDue = true;
                enqueue(watcher);
            }
        }
    }

    /** Whether the executor drains also when watchers get LIVE without having anything to send. */
    void awaitProgress(boolean awaits) {
        synchronized (lock) {
            awaitsProgress = awaits;
        }
    }

    /** The number of watchers in the queue, those included that will turn out to have nothing to send. */
    int queueLength() {
        synchronized (lock) {
            return queue.size();
        }
    }

    /**
     * The watcher is over; gives back what it holds.
     *
     * @return the state it was in
     */
    State remove(Watcher watcher) {
        synchronized (lock) {
            State before = watcher.state;
            if (before == State.GONE) {
                return before;
            }
            watcher.state = State.GONE;
            if (before == State.LAGGING) {
                counters.slowWatchers.decrementAndGet();
            }
            ArrayDeque<Slot> pending = watcher.pending;
            if (pending != null) {
                pending.forEach(this::release);
                watcher.pending = null;
            }
            watcher.tailEvents = 0;
            return before;
        }
    }

    /** The stream is over; its watchers were removed. */
    void close() {
        synchronized (lock) {
            closed = true;
            queue.clear();
            parked.clear();
            fresh.clear();
            lastSlot = null;
        }
    }

    /** Bytes charged to this stream. */
    long chargedBytes() {
        synchronized (lock) {
            return chargedBytes;
        }
    }

    /** Events pending, counted once for each watcher. */
    long eventsPending() {
        synchronized (lock) {
            return references;
        }
    }

    // Under the lock.

    /** Appends, or takes the watcher back to the beginning of the event's revision because there is no room. */
    private boolean append(Watcher watcher, SharedEvent event) {
        long revision = event.revision();
        if (watcher.tailRevision != revision) {
            watcher.tailRevision = revision;
            watcher.tailEvents = 0;
        }
        ArrayDeque<Slot> pending = watcher.pending;
        if (pending == null) {
            pending = new ArrayDeque<>(4);
            watcher.pending = pending;
        }
        if (chargedBytes > budgetBytes() && references != watcher.tailEvents) {
            for (; watcher.tailEvents > 0; watcher.tailEvents--) {
                release(pending.removeLast());
            }
            watcher.next = revision;
            return false;
        }
        Slot slot = lastSlot;
        if (slot == null || slot.event != event || slot.references == 0) {
            slot = new Slot(event);
            lastSlot = slot;
            charge(event.cost());
        }
        charge(REFERENCE_BYTES);
        slot.references++;
        references++;
        watcher.tailEvents++;
        pending.addLast(slot);
        return true;
    }

    private void release(Slot slot) {
        slot.references--;
        references--;
        boolean last = slot.references == 0;
        charge(last ? -REFERENCE_BYTES - slot.event.cost() : -REFERENCE_BYTES);
        if (last && slot == lastSlot) {
            lastSlot = null;
        }
    }

    private void charge(long bytes) {
        chargedBytes += bytes;
        long change = chargedBytes - reportedBytes;
        if (Math.abs(change) > options.streamBudgetBytes() / REPORTED_FRACTION || chargedBytes == 0) {
            reportedBytes = chargedBytes;
            counters.chargedBytes.addAndGet(change);
        }
    }

    private long budgetBytes() {
        long budget = options.streamBudgetBytes();
        return counters.chargedBytes.get() <= options.hubBudgetBytes() ? budget : budget / GUARANTEED_FRACTION;
    }

    private boolean copyComplete(Watcher watcher, long published, List<SharedEvent> into) {
        ArrayDeque<Slot> pending = watcher.pending;
        if (pending == null) {
            return false;
        }
        long complete = watcher.state == State.LIVE ? Math.max(published, watcher.next - 1) : watcher.next - 1;
        long bytes = 0;
        int revisions = 0;
        long last = -1;
        for (Slot slot : pending) {
            long revision = slot.event.revision();
            if (revision > complete) {
                break;
            }
            if (revision != last) {
                if (bytes >= options.responseBytesMax() || revisions == options.responseRevisionsMax()) {
                    break;
                }
                revisions++;
                last = revision;
            }
            bytes += slot.event.event().keyValue().size();
            into.add(slot.event);
        }
        return !into.isEmpty();
    }

    private static boolean hasPending(Watcher watcher) {
        return watcher.pending != null && !watcher.pending.isEmpty();
    }

    private void enqueue(Watcher watcher) {
        boolean hasWork = hasPending(watcher)
                || watcher.progressDue
                || (watcher.state == State.COMPACTED && !watcher.compactionTold);
        if (hasWork && !watcher.queued && watcher.state != State.GONE) {
            watcher.queued = true;
            queue.addLast(watcher);
        }
    }

    private boolean schedule() {
        if (scheduled || blocked || closed || (queue.isEmpty() && !awaitsProgress)) {
            return false;
        }
        scheduled = true;
        return true;
    }
}
