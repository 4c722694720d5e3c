package dev.cairn.testing.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What late reads and watchers have seen of single revisions: it tells apart orders of requests that the answers alone leave open, where
 * the outcome of some requests is unknown. Immutable once made.
 */
final class Testimony {
    private final Map<Long, List<HistoryCheck.LateRead>> reads = new HashMap<>();
    private final List<Watched> watchers = new ArrayList<>();

    private record Watched(String key, @Nullable String end, long from, long upTo, Map<Long, List<Event>> told) {}

    Testimony(Collection<HistoryCheck.LateRead> lateReads, Collection<WatchGuarantees.Watcher> watchers) {
        for (HistoryCheck.LateRead read : lateReads) {
            reads.computeIfAbsent(read.revision(), revision -> new ArrayList<>())
                    .add(read);
        }
        for (WatchGuarantees.Watcher watcher : watchers) {
            Map<Long, List<Event>> told = new HashMap<>();
            watcher.told()
                    .forEach(one -> one.events()
                            .forEach(event -> told.computeIfAbsent(event.revision(), revision -> new ArrayList<>())
                                    .add(event.withoutPrevious())));
            this.watchers.add(new Watched(watcher.key(), watcher.end(), watcher.from(), watcher.toldUpTo(), told));
        }
    }

    /** Whether a step that makes a revision agrees with all that was seen of it. */
    boolean allows(KvState.Step step) {
        KvState state = step.state();
        for (HistoryCheck.LateRead read : reads.getOrDefault(state.revision(), List.of())) {
            if (!state.range(read.request().key(), read.request().end()).equals(read.found())) {
                return false;
            }
        }
        for (Watched watcher : watchers) {
            if (watcher.from() <= state.revision() && state.revision() <= watcher.upTo()) {
                List<Event> made = step.events().stream()
                        .filter(event -> event.isWithin(watcher.key(), watcher.end()))
                        .map(Event::withoutPrevious)
                        .toList();
                if (!made.equals(watcher.told().getOrDefault(state.revision(), List.of()))) {
                    return false;
                }
            }
        }
        return true;
    }
}
