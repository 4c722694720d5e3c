package dev.cairn.failpoint;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What a place was told to do: a chain of terms, of which each pass carries out the first that is willing. A term that may run three
 * times ({@code 3*}) leaves the fourth pass to the next one; one with a chance ({@code 5.0%}) leaves to it what it does not take.
 *
 * <p>Thread-safe: the counters are under the monitor; what a term does is done outside of it.
 */
final class Terms {
    enum Action {
        OFF,
        RETURN,
        SLEEP,
        PANIC,
        PRINT,
        BREAK
    }

    /** Whether a term is willing. Guarded by its chain. */
    interface Condition {
        boolean allows();
    }

    /** A number of times. */
    static final class Count implements Condition {
        private long left;

        Count(long times) {
            left = times;
        }

        @Override
        public boolean allows() {
            if (left == 0) {
                return false;
            }
            left--;
            return true;
        }
    }

    /** Per cent. */
    record Chance(double percent) implements Condition {
        @Override
        public boolean allows() {
            return ThreadLocalRandom.current().nextDouble() * 100 < percent;
        }
    }

    /** One thing to do, if all conditions allow it; they are asked in their order, and those behind a refusal are not. */
    record Term(List<Condition> conditions, Action action, Argument argument) {
        private boolean isWilling() {
            for (Condition condition : conditions) {
                if (!condition.allows()) {
                    return false;
                }
            }
            return true;
        }
    }

    private final String text;
    private final List<Term> chain;
    private long passes;

    Terms(String text, List<Term> chain) {
        this.text = text;
        this.chain = List.copyOf(chain);
    }

    /** As it was given. */
    String text() {
        return text;
    }

    /** How often a term was carried out. */
    synchronized long passes() {
        return passes;
    }

    /** What this pass has to carry out; null when no term is willing. */
    synchronized @Nullable Term next() {
        for (Term term : chain) {
            if (term.isWilling()) {
                passes++;
                return term;
            }
        }
        return null;
    }
}
