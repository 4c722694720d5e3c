package dev.cairn.testing.history;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What etcd promises its watchers, checked response by response against what happened.
 *
 * <ul>
 *   <li>Ordered: events come in the order of their revisions.
 *   <li>Unique: no event comes twice, also not to a watcher that resumes.
 *   <li>Atomic: the events of one revision come in one response.
 *   <li>Reliable: no event is left out, up to the last revision that the watcher was told of.
 *   <li>Resumable: a watcher that goes on behind what it has seen misses nothing.
 *   <li>Bookmarkable: a progress notice says that everything up to its revision was sent.
 *   <li>Previous values are those that the key had.
 * </ul>
 *
 * <p>Stateless.
 */
public final class WatchGuarantees {
    private WatchGuarantees() {}

    /**
     * A response to one watcher. Immutable.
     *
     * @param revision that of the header
     * @param events empty in a progress notice
     */
    public record Told(long revision, List<Event> events) {
        public Told {
            events = List.copyOf(events);
        }

        public boolean isProgress() {
            return events.isEmpty();
        }
    }

    /**
     * One watcher over all streams on which it was resumed. Immutable.
     *
     * @param end the first key behind the range; null for the one key
     * @param from the first revision to hear of
     * @param previous whether it asked for previous values
     */
    public record Watcher(String key, @Nullable String end, long from, boolean previous, List<Told> told) {
        public Watcher {
            told = List.copyOf(told);
        }

        /** The last revision up to which the watcher was told everything. */
        public long toldUpTo() {
            long last = from - 1;
            for (Told one : told) {
                // What an event's response says of later revisions, its header, promises nothing.
                last = Math.max(
                        last,
                        one.isProgress()
                                ? one.revision()
                                : one.events().get(one.events().size() - 1).revision());
            }
            return last;
        }
    }

    /** @return what is wrong; empty if nothing is */
    public static List<String> check(Watcher watcher, Revisions revisions) {
        List<String> wrong = new ArrayList<>();
        long upTo = watcher.from() - 1;
        List<Event> all = new ArrayList<>();
        for (Told told : watcher.told()) {
            if (told.isProgress()) {
                // What comes later must be newer; that nothing before is missing shows below.
                upTo = Math.max(upTo, told.revision());
                continue;
            }
            long first = told.events().get(0).revision();
            if (first <= upTo) {
                wrong.add("order, uniqueness or atomicity: told of revision " + first + " when all up to " + upTo
                        + " had been told: " + told);
            }
            long last = first;
            for (Event event : told.events()) {
                if (event.revision() < last) {
                    wrong.add("order: revision " + event.revision() + " after " + last + " in " + told);
                }
                last = Math.max(last, event.revision());
            }
            if (last > told.revision()) {
                wrong.add("header: revision " + told.revision() + " with an event of " + last);
            }
            upTo = Math.max(upTo, last);
            all.addAll(told.events());
        }
        List<Event> expected = revisions.events(watcher.key(), watcher.end(), watcher.from(), watcher.toldUpTo());
        if (!watcher.previous()) {
            expected = expected.stream().map(Event::withoutPrevious).toList();
        }
        if (!expected.equals(all)) {
            wrong.add("reliability: " + difference(expected, all));
        }
        return wrong;
    }

    private static String difference(List<Event> expected, List<Event> told) {
        int same = 0;
        while (same < Math.min(expected.size(), told.size())
                && expected.get(same).equals(told.get(same))) {
            same++;
        }
        return "after " + same + " events the watcher was told " + (same < told.size() ? told.get(same) : "nothing")
                + " instead of " + (same < expected.size() ? expected.get(same) : "nothing");
    }
}
