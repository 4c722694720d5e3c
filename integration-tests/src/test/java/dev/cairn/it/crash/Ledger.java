package dev.cairn.it.crash;

import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What the writers asked for and what the server acknowledged. Thread-safe: every method holds the ledger's monitor.
 *
 * <p>An effect is a change of one key as the history shows it; each is unique, because no value is written twice and a
 * key that was deleted is not used again. The store is right when
 * <ul>
 *   <li>every acknowledged write is in the history, at the revision that the acknowledgement gave, with all its effects;
 *   <li>every effect in the history was asked for by a write that was acknowledged, or whose answer the crash took away;
 *   <li>a write is there as a whole or not at all, and once.
 * </ul>
 */
final class Ledger {
    /** One change of one key. */
    record Effect(String key, String change) {
        static Effect put(String key, String value) {
            return new Effect(key, "put " + value);
        }

        static Effect delete(String key) {
            return new Effect(key, "delete");
        }
    }

    /** A request: what it changes, all at one revision. */
    static final class Write {
        private final List<Effect> effects;
        private long acknowledgedRevision;
        private boolean refused;

        Write(List<Effect> effects) {
            this.effects = List.copyOf(effects);
        }
    }

    private final List<Write> writes = new ArrayList<>();
    private int acknowledgedCount;

    /** Notes a write before it is sent. */
    synchronized Write send(List<Effect> effects) {
        Write write = new Write(effects);
        writes.add(write);
        return write;
    }

    synchronized void acknowledge(Write write, long revision) {
        write.acknowledgedRevision = revision;
        acknowledgedCount++;
        notifyAll();
    }

    /** Notes that the server answered that it did not do it; such a write must not appear. */
    synchronized void refuse(Write write) {
        write.refused = true;
    }

    /** Takes over the writes of another ledger as if no answer had come. */
    synchronized void addUnanswered(Ledger other) {
        synchronized (other) {
            for (Write write : other.writes) {
                writes.add(new Write(write.effects));
            }
        }
    }

    synchronized int acknowledged() {
        return acknowledgedCount;
    }

    /** Checks the whole history of a store. */
    synchronized void verify(List<Event> history) {
        Map<Effect, Write> asked = new HashMap<>();
        for (Write write : writes) {
            for (Effect effect : write.effects) {
                asked.put(effect, write);
            }
        }
        Map<Write, Long> found = new HashMap<>();
        Map<Write, Set<Effect>> seen = new HashMap<>();
        long last = 0;
        for (Event event : history) {
            Effect effect = effect(event);
            long revision = event.getKv().getModRevision();
            if (revision < last) {
                throw new AssertionError("revision " + revision + " comes after " + last);
            }
            last = revision;
            Write write = asked.get(effect);
            if (write == null) {
                throw new AssertionError("nobody asked for " + effect + " at revision " + revision);
            }
            if (write.refused) {
                throw new AssertionError("refused, but there: " + effect + " at revision " + revision);
            }
            if (!seen.computeIfAbsent(write, key -> new HashSet<>()).add(effect)) {
                throw new AssertionError("twice in the history: " + effect + " at revision " + revision);
            }
            Long other = found.putIfAbsent(write, revision);
            if (other != null && other != revision) {
                throw new AssertionError("one write at two revisions, " + other + " and " + revision + ": " + effect);
            }
        }
        for (Write write : writes) {
            Long revision = found.get(write);
            if (revision != null && !seen.getOrDefault(write, Set.of()).equals(new HashSet<>(write.effects))) {
                throw new AssertionError(
                        "half a write at revision " + revision + ": " + seen.get(write) + " of " + write.effects);
            }
            if (write.acknowledgedRevision != 0) {
                if (revision == null) {
                    throw new AssertionError("acknowledged at revision " + write.acknowledgedRevision + " and lost: "
                            + write.effects + "; the history ends at " + last);
                }
                if (revision != write.acknowledgedRevision) {
                    throw new AssertionError("acknowledged at revision " + write.acknowledgedRevision + ", found at "
                            + revision + ": " + write.effects);
                }
            }
        }
    }

    /** Waits until so many writes were acknowledged; false when the time is over before. */
    synchronized boolean awaitAcknowledged(int count, long limitMillis) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        while (acknowledgedCount < count) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    /**
     * Checks only that nothing was made up: every change was asked for, stands at the revision that was acknowledged, and shows
     * the version that the key had.
     */
    synchronized void verifyNothingInvented(History history) {
        Map<Effect, Write> asked = new HashMap<>();
        for (Write write : writes) {
            write.effects.forEach(effect -> asked.put(effect, write));
        }
        history.events().forEach(event -> verifyWritten(asked, event));
        for (KeyValue keyValue : history.present()) {
            verifyWritten(asked, Event.newBuilder().setKv(keyValue).build());
        }
    }

    private static void verifyWritten(Map<Effect, Write> asked, Event event) {
        Write write = asked.get(effect(event));
        long revision = event.getKv().getModRevision();
        if (write == null || write.refused) {
            throw new AssertionError("nobody wrote " + event);
        }
        if (write.acknowledgedRevision != 0 && write.acknowledgedRevision != revision) {
            throw new AssertionError("acknowledged at revision " + write.acknowledgedRevision + ": " + event);
        }
        // A key is put once only.
        boolean isPut = event.getType() == Event.EventType.PUT;
        if (isPut
                && (event.getKv().getCreateRevision() != revision
                        || event.getKv().getVersion() != 1)) {
            throw new AssertionError("not the version that was written: " + event);
        }
    }

    private static Effect effect(Event event) {
        String key = event.getKv().getKey().toStringUtf8();
        return event.getType() == Event.EventType.PUT
                ? Effect.put(key, event.getKv().getValue().toStringUtf8())
                : Effect.delete(key);
    }
}
