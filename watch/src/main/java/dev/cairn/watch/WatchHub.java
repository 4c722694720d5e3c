package dev.cairn.watch;

import dev.cairn.mvcc.Event;
import dev.cairn.mvcc.EventListener;
import dev.cairn.mvcc.RevisionLog;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;

/**
 * Where all watchers meet the events. Thread-safe: the apply loop publishes, the streams' executors create and cancel, one
 * catch-up thread runs {@link #doWork}.
 *
 * <p>The way of an event: {@link Publisher} finds the watchers of its key and appends a reference to the {@link Backlog}s of
 * their streams; each stream's executor builds responses from whatever is pending when its transport is ready, so that a
 * burst comes out as few responses; the bytes of the event are encoded once and shared by all of them. A watcher that is
 * behind gets its events from {@link CatchUp} instead, by the same backlog. Nothing waits for a slow client, no event is
 * dropped, and a client that never reads costs its stream's budget.
 *
 * <p>Created when the store has been loaded and before the apply loop begins.
 */
public final class WatchHub implements EventListener {
    private final RevisionLog log;
    private final WatchOptions options;
    private final WatchCounters counters = new WatchCounters();

    /** The open streams by their number, so that every walk through them has the same order. */
    private final NavigableMap<Long, WatchStream> streams = new ConcurrentSkipListMap<>();

    private final AtomicLong lastStream = new AtomicLong();
    private final ResponseFormat format;
    private final PreviousValues previousValues;
    private final Publisher publisher;
    private final CatchUp catchUp;
    private final ProgressTicks ticks;
    private volatile boolean closed;

    public WatchHub(RevisionLog log, WatchOptions options, HeaderSource headers) {
        this(log, options, headers, new SplittableRandom()::nextLong);
    }

    /** With a source of chance that answers a number from 0 to below its argument. */
    public WatchHub(RevisionLog log, WatchOptions options, HeaderSource headers, LongUnaryOperator chance) {
        this.log = log;
        this.options = options;
        this.format = new ResponseFormat(headers);
        this.previousValues = new PreviousValues(log);
        this.publisher = new Publisher(log, options);
        this.catchUp = new CatchUp(log, publisher, options);
        this.ticks = new ProgressTicks(options.progressNotifyIntervalNanos(), chance, streams.values());
    }

    /** Opens a stream for one client. Called by any thread; everything else of the stream happens on its executor. */
    public WatchStream open(WatchOutput output) {
        WatchStream stream = new WatchStream(this, lastStream.incrementAndGet(), output);
        streams.put(stream.number, stream);
        counters.streams.incrementAndGet();
        ticks.added();
        if (closed) {
            stream.stopLater();
        }
        return stream;
    }

    @Override
    public void onEvents(long mainRevision, List<Event> events) {
        publisher.publish(mainRevision, events);
    }

    /**
     * The store was replaced as a whole (a snapshot of the leader was installed): revisions jumped without having been
     * published. Every watcher reads on from its own place. Called on the apply loop, when readers see the new store.
     */
    public void onRestore() {
        catchUp.submit(publisher.restore());
    }

    /**
     * A bounded part of the work that lies between the loops: watchers that catch up read the log, progress notices fall
     * due. Called by one thread again and again, at least every 100 ms, at once when it returned more than 0 or when
     * {@link #onWork}'s task has run.
     *
     * @return how much was done; 0 when there is nothing to do now
     */
    public int doWork(long nowNanos) {
        return closed ? 0 : ticks.doWork(nowNanos) + catchUp.doWork();
    }

    /** The task wakes the thread that calls {@link #doWork}; any thread runs it. Set before the first stream opens. */
    public void onWork(Runnable wakeUp) {
        catchUp.onWork(wakeUp);
    }

    /** Ends all streams with {@link WatchOutput.Failure#STOPPED}. The caller ends its calls of {@link #doWork} as well. */
    public void close() {
        closed = true;
        streams.values().forEach(WatchStream::stopLater);
    }

    /** Open streams. */
    public int streams() {
        return counters.streams.get();
    }

    /** Watchers of all streams. As in etcd, one that compaction ended counts until its client cancels it. */
    public int watchers() {
        return counters.watchers.get();
    }

    /** Watchers that read the log, because they started in the past or fell behind. */
    public int slowWatchers() {
        return counters.slowWatchers.get();
    }

    /** Events handed to outputs since the start, counted once for each watcher that got them. */
    public long eventsSent() {
        return counters.eventsSent.sum();
    }

    /** Events that wait in streams, counted once for each watcher. */
    public long eventsPending() {
        return streams.values().stream().mapToLong(WatchStream::eventsPending).sum();
    }

    /** From so many bytes on each stream is left only a small part of its budget. */
    public long bytesPendingMax() {
        return options.hubBudgetBytes();
    }

    /** Bytes that wait in streams, counted once for each stream. */
    public long bytesPending() {
        return streams.values().stream().mapToLong(WatchStream::bytesPending).sum();
    }

    void closed(WatchStream stream) {
        if (streams.remove(stream.number, stream)) {
            counters.streams.decrementAndGet();
        }
    }

    RevisionLog log() {
        return log;
    }

    WatchOptions options() {
        return options;
    }

    WatchCounters counters() {
        return counters;
    }

    ResponseFormat format() {
        return format;
    }

    PreviousValues previousValues() {
        return previousValues;
    }

    Publisher publisher() {
        return publisher;
    }

    CatchUp catchUp() {
        return catchUp;
    }
}
