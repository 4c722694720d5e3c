package dev.cairn.watch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The events of the newest revisions, without a gap up to the last one published. Bounded in events and bytes. Guarded by the
 * hub's lock.
 *
 * <p>It spares watchers that are about to catch up the way to the log, and it is what makes catching up come to an end under
 * constant writes (see {@link CatchUp}).
 */
final class RecentEvents {
    private record Published(long revision, List<SharedEvent> events, long cost) {}

    private final int eventsMax;
    private final long bytesMax;
    private final ArrayDeque<Published> revisions = new ArrayDeque<>();
    private int events;
    private long bytes;

    RecentEvents(int eventsMax, long bytesMax) {
        this.eventsMax = eventsMax;
        this.bytesMax = bytesMax;
    }

    /** Adds the next revision; gives up the oldest ones for it, and itself when it is beyond the limits alone. */
    void add(long revision, List<SharedEvent> added) {
        long cost = 0;
        for (SharedEvent event : added) {
            cost += event.cost();
        }
        revisions.addLast(new Published(revision, added, cost));
        events += added.size();
        bytes += cost;
        while (events > eventsMax || bytes > bytesMax) {
            Published oldest = revisions.removeFirst();
            events -= oldest.events.size();
            bytes -= oldest.cost;
        }
    }

    /** Whether every event from this revision on is here. */
    boolean reachBackTo(long revision) {
        return !revisions.isEmpty() && revisions.getFirst().revision <= revision;
    }

    /** The events from this revision on; asked only when {@link #reachBackTo} it. */
    List<SharedEvent> since(long revision) {
        List<SharedEvent> since = new ArrayList<>();
        Iterator<Published> each = revisions.iterator();
        while (each.hasNext()) {
            Published published = each.next();
            if (published.revision >= revision) {
                since.addAll(published.events);
            }
        }
        return since;
    }

    void clear() {
        revisions.clear();
        events = 0;
        bytes = 0;
    }
}
