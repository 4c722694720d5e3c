package dev.cairn.watch;

import dev.cairn.mvcc.Event;
import dev.cairn.mvcc.EventListener;
import dev.cairn.mvcc.RevisionLog;
import java.util.List;

/**
 * Where all watchers meet the events. Thread-safe: the apply loop publishes, the streams' executors create and cancel, one
 * catch-up thread runs {@link #doWork}.
 */
public final class WatchHub implements EventListener {
    public WatchHub(RevisionLog log, WatchOptions options, HeaderSource headers) {}

    /** Opens a stream for one client. Called by any thread; everything else of the stream happens on its executor. */
    public WatchStream open(WatchOutput output) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void onEvents(long mainRevision, List<Event> events) {
        throw new UnsupportedOperationException();
    }

    /**
     * The store was replaced as a whole (a snapshot of the leader was installed): revisions jumped without having been
     * published. Every watcher reads on from its own place. Called on the apply loop.
     */
    public void onRestore() {
        throw new UnsupportedOperationException();
    }

    /**
     * A bounded part of the work that lies between the loops: watchers that catch up read the log, progress notices fall
     * due. Called by one thread again and again, at least every 100 ms, at once when it returned more than 0 or when
     * {@link #onWork}'s task has run.
     *
     * @return how much was done; 0 when there is nothing to do now
     */
    public int doWork(long nowNanos) {
        throw new UnsupportedOperationException();
    }

    /** The task wakes the thread that calls {@link #doWork}; any thread runs it. Set before the first stream opens. */
    public void onWork(Runnable wakeUp) {
        throw new UnsupportedOperationException();
    }

    /** Ends all streams with {@link WatchOutput.Failure#STOPPED}. The caller ends its calls of {@link #doWork} as well. */
    public void close() {
        throw new UnsupportedOperationException();
    }

    /** Open streams. */
    public int streams() {
        throw new UnsupportedOperationException();
    }

    /** Watchers of all streams, cancelled ones not counted. */
    public int watchers() {
        throw new UnsupportedOperationException();
    }

    /** Watchers that read the log, because they started in the past or fell behind. */
    public int slowWatchers() {
        throw new UnsupportedOperationException();
    }

    /** Events handed to outputs since the start, counted once for each watcher that got them. */
    public long eventsSent() {
        throw new UnsupportedOperationException();
    }

    /** Events that wait in streams, counted once for each watcher. */
    public long eventsPending() {
        throw new UnsupportedOperationException();
    }
}
