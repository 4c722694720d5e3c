package dev.cairn.watch;

import dev.cairn.mvcc.Event;
import dev.cairn.mvcc.RevisionLog;
import dev.cairn.watch.Watcher.State;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Matches what happens with who watches. Thread-safe: the apply loop publishes, streams' executors add and remove watchers,
 * the catch-up thread makes them LIVE; all under one lock, which is taken before a {@link Backlog}'s and never held while
 * anything is read from the log. The apply loop holds it for a time that grows with the matches of one revision only.
 */
final class Publisher {
    private final RevisionLog log;
    private final Object lock = new Object();

    // Guarded by the lock.
    private final RangeIndex<Watcher> index = new RangeIndex<>();
    private final RecentEvents recent;

    /** Streams that promised progress at a revision which readers see already and which is yet to be published. */
    private final List<Backlog> awaiting = new ArrayList<>();

    /** Written under the lock, after the revision's last event has been appended everywhere. */
    private volatile long published;

    /** Confined to the apply loop: streams that got events of the revision being published. */
    private final List<Backlog> touched = new ArrayList<>();

    Publisher(RevisionLog log, WatchOptions options) {
        this.log = log;
        this.recent = new RecentEvents(options.recentEventsMax(), options.recentBytesMax());
        this.published = log.currentRevision();
    }

    /** The newest revision whose events have all been appended to the backlogs of LIVE watchers. */
    long published() {
        return published;
    }

    void publish(long revision, List<Event> events) {
        synchronized (lock) {
            if (revision != published + 1) {
                throw new IllegalStateException("revision " + revision + " was published after " + published);
            }
            List<SharedEvent> shared = new ArrayList<>(events.size());
            for (Event event : events) {
                SharedEvent next = new SharedEvent(event);
                shared.add(next);
                index.forEachMatch(event.key(), watcher -> {
                    if (watcher.wants(next) && watcher.backlog.publish(watcher, next)) {
                        touched.add(watcher.backlog);
                    }
                });
            }
            recent.add(revision, shared);
            published = revision;
            if (!awaiting.isEmpty()) {
                awaiting.forEach(Backlog::drainLater);
                awaiting.clear();
            }
        }
        touched.forEach(Backlog::finishRevision);
        touched.clear();
    }

    /**
     * Lets a new watcher begin, LIVE or LAGGING.
     *
     * @return the current revision at this moment
     */
    long add(Watcher watcher) {
        synchronized (lock) {
            // May be ahead of the published revision for a moment. What lies between is not for a watcher that starts
            // now: the
            // client may have seen it. It is published later and then found below the watcher's cursor.
            long current = log.currentRevision();
            long start = watcher.startRevision;
            if (start == 0 || start > current) {
                watcher.backlog.begin(watcher, State.LIVE, Math.max(start, current + 1));
            } else {
                watcher.backlog.begin(watcher, State.LAGGING, start);
            }
            index.add(watcher);
            return current;
        }
    }

    /** Takes the watchers out; those that are not in are passed by. */
    void remove(List<Watcher> watchers) {
        synchronized (lock) {
            watchers.forEach(index::remove);
        }
    }

    /** Wakes the stream once the revision is published, which may be now. */
    void wakeWhenPublished(long revision, Backlog backlog) {
        synchronized (lock) {
            if (revision > published) {
                awaiting.add(backlog);
                return;
            }
        }
        backlog.drainLater();
    }

    /** Forgets the stream. */
    void forget(Backlog backlog) {
        synchronized (lock) {
            awaiting.removeIf(waiting -> waiting == backlog);
        }
    }

    /**
     * Skips to the store's revision without publishing what lies between.
     *
     * @return the watchers that now have to read the log
     */
    List<Watcher> restore() {
        List<Watcher> behind = new ArrayList<>();
        synchronized (lock) {
            long current = log.currentRevision();
            long before = published;
            index.forEach(watcher -> {
                if (watcher.backlog.restore(watcher, before, current)) {
                    behind.add(watcher);
                }
            });
            recent.clear();
            published = current;
            awaiting.forEach(Backlog::drainLater);
            awaiting.clear();
        }
        return behind;
    }

    /** The published events from a revision on; null when they do not reach back so far, or it is yet to be published. */
    @Nullable
    Stretch recentSince(long revision) {
        synchronized (lock) {
            return revision <= published && recent.reachBackTo(revision)
                    ? new Stretch(recent.since(revision), published + 1)
                    : null;
        }
    }

    /** Events without a gap, up to before {@code next}. */
    record Stretch(List<SharedEvent> events, long next) {}

    /**
     * Makes watchers LIVE that have everything below {@code next}, if at most {@code missingMax} events were published from
     * there on and are still here. Afterwards each is LIVE, parked or gone.
     *
     * @return whether it was done; otherwise they read on
     */
    boolean goLive(List<Watcher> watchers, long next, int missingMax) {
        synchronized (lock) {
            List<SharedEvent> missing = List.of();
            if (next <= published) {
                if (!recent.reachBackTo(next)) {
                    return false;
                }
                missing = recent.since(next);
                if (missing.size() > missingMax) {
                    return false;
                }
            }
            for (Watcher watcher : watchers) {
                watcher.backlog.goLive(watcher, next, missing, published);
            }
        }
        watchers.forEach(watcher -> watcher.backlog.wake());
        return true;
    }
}
