package dev.cairn.sim;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Time and chance of a simulation: a queue of events, of which one happens after the other, and the one source of random
 * numbers. Nothing in a simulation asks for any other time or chance.
 *
 * <p>Keeps a digest of everything that happened and the end of it in words.
 */
final class SimScheduler {
    private static final int TRACE_MAX = 400;

    private record Event(long time, long number, String what, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int order = Long.compare(time, other.time);
            return order != 0 ? order : Long.compare(number, other.number);
        }
    }

    private final SplittableRandom random;
    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private final Deque<String> trace = new ArrayDeque<>();
    private final Runnable afterEach;
    private long now = 1_000_000_000L;
    private long events;
    private long lastNumber;
    private long digest;

    /** @param afterEach runs after each event */
    SimScheduler(long seed, Runnable afterEach) {
        this.random = new SplittableRandom(seed);
        this.afterEach = afterEach;
    }

    long now() {
        return now;
    }

    SplittableRandom random() {
        return random;
    }

    /** How many events have happened. */
    long events() {
        return events;
    }

    /** A digest of all that has happened, in its order. */
    long digest() {
        return digest;
    }

    void at(long time, String what, Runnable action) {
        queue.add(new Event(Math.max(time, now), lastNumber++, what, action));
    }

    void after(long delay, String what, Runnable action) {
        at(now + delay, what, action);
    }

    /** Lets everything happen that is due until then. */
    void runUntil(long time) {
        while (!queue.isEmpty() && queue.peek().time() <= time) {
            Event event = queue.remove();
            now = event.time();
            events++;
            digest = (digest ^ now) * 0x9E3779B97F4A7C15L + event.what().hashCode();
            event.action().run();
            afterEach.run();
        }
        now = Math.max(now, time);
    }

    /** Notes what somebody may want to read when the run has failed; part of the digest. */
    void note(String what) {
        digest = digest * 31 + what.hashCode();
        trace.add(String.format("%,d us %s", now / 1000, what));
        if (trace.size() > TRACE_MAX) {
            trace.remove();
        }
    }

    String trace() {
        return String.join("\n", trace);
    }
}
