package dev.cairn.testing.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All that the clients of one cluster have noted since its first revision, checked together. Stateless. */
public final class HistoryCheck {
    private static final int SHOWN_MAX = 12;

    private HistoryCheck() {}

    /**
     * A read that was allowed to be late. Immutable.
     *
     * @param revision that of the response
     */
    public record LateRead(Request.Range request, long revision, List<KeyValue> found) {
        public LateRead {
            found = List.copyOf(found);
        }
    }

    /**
     * Finds an order for the requests, and holds what was read late and what the watchers were told against it.
     *
     * @param history requests, and the ends of leases as revocations of unknown outcome
     * @param watchers each was told of everything when the last answer came
     * @param ended those that ended before
     * @return what is wrong; null if nothing is
     */
    public static @Nullable String check(
            Collection<Operation> history,
            Collection<LateRead> lateReads,
            Collection<WatchGuarantees.Watcher> watchers,
            Collection<WatchGuarantees.Watcher> ended) {
        List<Event> seen = new ArrayList<>();
        Stream.concat(watchers.stream(), ended.stream())
                .filter(watcher -> watcher.end() != null)
                .forEach(watcher -> watcher.told().forEach(told -> seen.addAll(told.events())));
        Linearizability.Verdict verdict = Linearizability.check(history, seen);
        if (!verdict.holds()) {
            Set<Operation> placed = new HashSet<>(verdict.order());
            return verdict.violation()
                    + history.stream()
                            .filter(operation -> !operation.isUnknown() && !placed.contains(operation))
                            .sorted(Comparator.comparingLong(Operation::calledAt))
                            .limit(SHOWN_MAX)
                            .map(String::valueOf)
                            .collect(Collectors.joining("\n  ", "\nthe first answers without a place:\n  ", ""));
        }
        String wrong = check(Revisions.of(verdict.order()), lateReads, watchers, ended);
        if (wrong == null) {
            return null;
        }
        // Where outcomes are unknown the answers may leave several orders open, of which this was one.
        List<WatchGuarantees.Watcher> everybody =
                Stream.concat(watchers.stream(), ended.stream()).toList();
        Linearizability.Verdict other = Linearizability.check(history, seen, new Testimony(lateReads, everybody));
        return other.holds() ? check(Revisions.of(other.order()), lateReads, watchers, ended) : wrong;
    }

    private static @Nullable String check(
            Revisions revisions,
            Collection<LateRead> lateReads,
            Collection<WatchGuarantees.Watcher> watchers,
            Collection<WatchGuarantees.Watcher> ended) {
        for (LateRead read : lateReads) {
            String wrong = revisions.checkRead(read.request(), read.revision(), read.found());
            if (wrong != null) {
                return "serializable read: " + wrong;
            }
        }
        for (WatchGuarantees.Watcher watcher :
                Stream.concat(watchers.stream(), ended.stream()).toList()) {
            List<String> wrong = WatchGuarantees.check(watcher, revisions);
            if (!wrong.isEmpty()) {
                return "watch of " + watcher.key() + ": " + wrong;
            }
        }
        for (WatchGuarantees.Watcher watcher : watchers) {
            List<Event> missing =
                    revisions.events(watcher.key(), watcher.end(), watcher.toldUpTo() + 1, revisions.newest());
            if (!missing.isEmpty()) {
                return "watch of " + watcher.key() + ": never told of " + missing.get(0);
            }
        }
        return null;
    }
}
