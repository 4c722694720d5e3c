package dev.cairn.watch;

import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.RevisionLog;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log for watchers that started in the past or fell behind. Confined to the thread that calls {@link #doWork};
 * {@link #submit} is for any thread.
 *
 * <h2>Passes</h2>
 *
 * Readers stand in the order of their next revision. A pass reads a bounded stretch from the place of one of them, and every
 * reader whose place lies in the stretch joins when the pass comes by; so readers at about the same place share the reading
 * and the encoding. Two kinds of passes take turns. A sweep goes through the history from the oldest reader to the newest and
 * takes along whomever it meets: together all readers cost one walk through the history, however scattered they are. Between
 * its steps the newest reader gets a pass of its own, so that a watcher a few revisions behind does not wait for one that
 * began a million revisions ago. A reader whose stream is out of budget leaves the pass at that revision and costs nothing
 * until there is room.
 *
 * <h2>The hand-over, and why each event comes exactly once</h2>
 *
 * Let n be the reader's next revision, and p the published revision. A LAGGING watcher is passed by when events are
 * published; a LIVE one takes published events from {@code next} on and nothing else. The following holds at every moment:
 *
 * <ol>
 *   <li><em>LAGGING: every event below n is pending or sent, none from n on is.</em> A pass appends the events of the
 *       revisions from n on and then sets n behind them. If it cannot append one, {@link Backlog} takes back what the watcher
 *       holds of that revision and sets n to it. No other thread appends for a LAGGING watcher.
 *   <li><em>LIVE: every event up to p from {@code next} on, and below {@code next}, is pending or sent.</em> Publication
 *       p + 1 appends its events to LIVE watchers before it sets p, all under the publisher's lock.
 *   <li><em>LAGGING to LIVE</em> happens under the publisher's lock, so p stands still. Either n &gt; p: by 1 everything
 *       up to n - 1 is pending, which includes all up to p; {@code next} = n makes the watcher pass by the revisions from
 *       p + 1 to n - 1, which the log showed before they were published. Or n &le; p, and the events from n to p are at hand
 *       in {@link RecentEvents}: they are appended now, and {@code next} = p + 1. In both cases 2 holds.
 *   <li><em>LIVE to LAGGING</em> happens when an event of revision r does not fit: what the watcher holds of r is taken back
 *       and n = r. By 2 everything below r is pending or sent, so 1 holds. The executor cannot have sent what is taken back,
 *       because it sends complete revisions only.
 *   <li><em>Each appended event is sent once and in order</em>, because pending is a queue that one executor empties, and
 *       appended in order, because n only grows and publications are in order.
 * </ol>
 *
 * Under constant writes n might stay at or below p for ever if the reader had to find n &gt; p. It does not: as soon as what
 * is missing is few events, they are appended inside the lock.
 */
final class CatchUp {
    /** Readers are made LIVE in groups, so that the apply loop does not wait for a crowd of them. */
    private static final int HAND_OVER_READERS_MAX = 64;

    /** How many events may be appended for each of a group inside the publisher's lock. */
    private static final int HAND_OVER_EVENTS_MAX = 64;

    /** How many watchers are taken from the inbox in one go. */
    private static final int ADMISSIONS_MAX = 4096;

    /** A watcher that reads. */
    static final class Reader extends RangeIndex.Entry {
        private final Watcher watcher;
        private long next;

        /** Where it stands in the list of its place. */
        private int position;

        /** Got events in the present pass. */
        private boolean appended;

        /** Reads no further. */
        private boolean stopped;

        private Reader(Watcher watcher, long next) {
            super(watcher.range());
            this.watcher = watcher;
            this.next = next;
        }
    }

    private final RevisionLog log;
    private final Publisher publisher;
    private final WatchOptions options;

    /**
     * Watchers that became LAGGING with room to read, or that were cancelled while LAGGING. Bounded by the watchers that
     * lag, and those cancelled since the last call of {@link #doWork}.
     */
    private final ConcurrentLinkedQueue<Watcher> inbox = new ConcurrentLinkedQueue<>();

    private volatile Runnable wakeUp = () -> {};

    private final RangeIndex<Reader> index = new RangeIndex<>();
    private final TreeMap<Long, List<Reader>> places = new TreeMap<>();
    private final List<Watcher> group = new ArrayList<>();

    /** Where the sweep goes on. */
    private long sweepFrom;

    private boolean sweeps;

    /** Where the present pass began. Readers before that place have no part in it. */
    private long passFrom;

    CatchUp(RevisionLog log, Publisher publisher, WatchOptions options) {
        this.log = log;
        this.publisher = publisher;
        this.options = options;
    }

    void onWork(Runnable wakeUp) {
        this.wakeUp = wakeUp;
    }

    /** The watcher became LAGGING, or is gone and was LAGGING. */
    void submit(Watcher watcher) {
        inbox.add(watcher);
        wakeUp.run();
    }

    void submit(List<Watcher> watchers) {
        if (!watchers.isEmpty()) {
            inbox.addAll(watchers);
            wakeUp.run();
        }
    }

    /** One pass. */
    int doWork() {
        int done = admit();
        if (places.isEmpty()) {
            return done;
        }
        long compacted = log.compactedRevision();
        if (places.firstKey() < compacted) {
            return done + cancelBelow(compacted);
        }
        sweeps = !sweeps;
        long from = sweeps ? sweepStart() : places.lastKey();
        long next = pass(from);
        if (sweeps) {
            sweepFrom = next;
        }
        return done + 1;
    }

    private int admit() {
        int admitted = 0;
        Watcher watcher;
        while (admitted < ADMISSIONS_MAX && (watcher = inbox.poll()) != null) {
            admitted++;
            Reader known = watcher.reader;
            long next = watcher.backlog.laggingFrom(watcher);
            if (next < 0) {
                if (known != null) {
                    unplace(known);
                    dismiss(known);
                }
            } else if (known == null) {
                Reader reader = new Reader(watcher, next);
                watcher.reader = reader;
                index.add(reader);
                place(reader);
            } else {
                throw new IllegalStateException("watcher " + watcher.id + " was submitted while it reads");
            }
        }
        return admitted;
    }

    private int cancelBelow(long compacted) {
        NavigableMap<Long, List<Reader>> lost = places.headMap(compacted, false);
        List<Reader> readers = new ArrayList<>();
        lost.values().forEach(readers::addAll);
        lost.clear();
        for (Reader reader : readers) {
            dismiss(reader);
            reader.watcher.backlog.compact(reader.watcher, compacted);
        }
        inGroups(readers, watchers -> {
            publisher.remove(watchers);
            return true;
        });
        return readers.size();
    }

    private long sweepStart() {
        Long from = places.ceilingKey(sweepFrom);
        return from == null ? places.firstKey() : from;
    }

    /** Reads a stretch for all readers in it. Returns where it ended; {@code from} when compaction was faster. */
    private long pass(long from) {
        passFrom = from;
        long next;
        Publisher.Stretch recent = publisher.recentSince(from);
        if (recent != null) {
            recent.events().forEach(this::append);
            next = recent.next();
        } else {
            try {
                next = log.read(
                        from, options.passEventsMax(), options.passBytesMax(), event -> append(new SharedEvent(event)));
            } catch (KvException e) {
                if (e.reason() != KvException.Reason.COMPACTED) {
                    throw new IllegalStateException("the log does not give revision " + from, e);
                }
                return from;
            }
        }
        long readAtRevision = log.currentRevision();
        NavigableMap<Long, List<Reader>> passed = places.subMap(from, true, next, false);
        List<Reader> readers = new ArrayList<>();
        passed.values().forEach(readers::addAll);
        passed.clear();
        List<Reader> reading = new ArrayList<>(readers.size());
        for (Reader reader : readers) {
            if (reader.stopped) {
                dismiss(reader);
                continue;
            }
            reader.next = next;
            if (reader.appended) {
                reader.appended = false;
                reader.watcher.backlog.advance(reader.watcher, next, readAtRevision);
            }
            reading.add(reader);
        }
        if (next + HAND_OVER_EVENTS_MAX > publisher.published()) {
            reading = handOver(reading, next);
        }
        reading.forEach(this::place);
        return next;
    }

    private void append(SharedEvent event) {
        long revision = event.revision();
        index.forEachMatch(event.event().key(), reader -> {
            boolean joined = passFrom <= reader.next && reader.next <= revision;
            if (!joined || reader.stopped || !reader.watcher.wants(event)) {
                return;
            }
            if (reader.watcher.backlog.read(reader.watcher, event)) {
                reader.appended = true;
            } else {
                reader.stopped = true;
            }
        });
    }

    /** Makes readers LIVE as far as possible and returns those that have to read on. */
    private List<Reader> handOver(List<Reader> readers, long next) {
        int live = inGroups(readers, watchers -> publisher.goLive(watchers, next, HAND_OVER_EVENTS_MAX));
        readers.subList(0, live).forEach(this::dismiss);
        return readers.subList(live, readers.size());
    }

    private interface Step {
        boolean take(List<Watcher> watchers);
    }

    /** Takes the step for group after group, until one is refused; returns how many readers were in groups before that. */
    private int inGroups(List<Reader> readers, Step step) {
        int done = 0;
        while (done < readers.size()) {
            int end = Math.min(readers.size(), done + HAND_OVER_READERS_MAX);
            for (Reader reader : readers.subList(done, end)) {
                group.add(reader.watcher);
            }
            boolean taken = step.take(Collections.unmodifiableList(group));
            group.clear();
            if (!taken) {
                break;
            }
            done = end;
        }
        return done;
    }

    private void place(Reader reader) {
        List<Reader> place = places.computeIfAbsent(reader.next, revision -> new ArrayList<>(1));
        reader.position = place.size();
        place.add(reader);
    }

    private void unplace(Reader reader) {
        List<Reader> place = places.get(reader.next);
        if (place == null || place.get(reader.position) != reader) {
            throw new IllegalStateException("a reader at revision " + reader.next + " is not at its place");
        }
        Reader last = place.remove(place.size() - 1);
        if (last != reader) {
            last.position = reader.position;
            place.set(reader.position, last);
        }
        if (place.isEmpty()) {
            places.remove(reader.next);
        }
    }

    /** The watcher does not read any more. */
    private void dismiss(Reader reader) {
        index.remove(reader);
        reader.watcher.reader = null;
    }

    /** The place of the oldest reader; null when there is none. */
    @Nullable
    Long oldest() {
        return places.isEmpty() ? null : places.firstKey();
    }
}
