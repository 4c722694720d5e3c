package dev.cairn.testing.history;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What an etcd held at each of its revisions, by an order of requests that was found to explain a history. Immutable. */
public final class Revisions {
    private final TreeMap<Long, KvState> states = new TreeMap<>();
    private final TreeMap<Long, List<Event>> events = new TreeMap<>();

    private Revisions() {}

    /** Carries out the requests in this order. */
    public static Revisions of(List<Operation> order) {
        Revisions revisions = new Revisions();
        KvState state = KvState.EMPTY;
        revisions.states.put(state.revision(), state);
        for (Operation operation : order) {
            Response response = operation.response();
            if (response != null && response.result() instanceof Response.LeaseRefused) {
                // Changes nothing; the lease may have ended without leaving a trace.
                continue;
            }
            KvState.Step step = state.apply(operation.request());
            state = step.state();
            revisions.states.put(state.revision(), state);
            if (!step.events().isEmpty()) {
                revisions.events.put(state.revision(), List.copyOf(step.events()));
            }
        }
        return revisions;
    }

    public long newest() {
        return states.lastKey();
    }

    /** The changes of a range, at these revisions and those between. */
    public List<Event> events(String key, @Nullable String end, long from, long to) {
        List<Event> found = new ArrayList<>();
        if (from <= to) {
            events.subMap(from, true, to, true)
                    .values()
                    .forEach(all -> all.forEach(event -> {
                        if (event.isWithin(key, end)) {
                            found.add(event);
                        }
                    }));
        }
        return found;
    }

    /**
     * Checks a read that was allowed to be late, or one of an old revision.
     *
     * @param at the revision that was read
     * @return what is wrong; null if nothing is
     */
    public @Nullable String checkRead(Request.Range request, long at, List<KeyValue> found) {
        KvState state = states.get(at);
        if (state == null) {
            return request + " was answered at revision " + at + ", which never was";
        }
        List<KeyValue> expected = state.range(request.key(), request.end());
        return expected.equals(found)
                ? null
                : request + " at revision " + at + " found " + found + " instead of " + expected;
    }
}
