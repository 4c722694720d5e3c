package dev.cairn.testing.history;

import dev.cairn.testing.history.Request.Grant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of requests in which one etcd, working on them one after the other, would have given every answer that was
 * given, and in which no request is later than one that was called after its answer had come.
 *
 * <p>The search is that of Wing and Gong with Lowe's memory of what was tried, as in Porcupine. Requests of unknown outcome may have
 * their place anywhere behind their call, or none.
 *
 * <p><b>Why it is fast.</b> Etcd numbers its revisions, and every answer names one. So a write that was answered has one place
 * only, and a write of unknown outcome can only fill a revision that no answer claims. What is known of such a
 * revision, because a read or a watcher has seen a key of it, decides which write it was. Little is left to be searched.
 *
 * <p>Stateless; each check is confined to its caller.
 */
public final class Linearizability {
    /** More than any history needs that etcd's revisions are in. */
    private static final int TRIES_MAX = 300_000;

    /** No value. */
    private static final String DELETED = "\0deleted";

    private Linearizability() {}

    /**
     * What came of a check.
     *
     * @param order the requests in an order that explains all answers; the longest that was found if there is none
     * @param violation null if there is an order
     */
    public record Verdict(List<Operation> order, @Nullable String violation) {
        public boolean holds() {
            return violation == null;
        }
    }

    /**
     * @param seen changes that watchers of all keys were told of: of a revision that is mentioned nothing is missing. They decide
     *     which writes of unknown outcome had one; whether they are right is not checked here
     */
    public static Verdict check(Collection<Operation> history, Collection<Event> seen) {
        return new Search(history, seen, step -> true).run();
    }

    /** As {@link #check(Collection, Collection)}, among the orders whose revisions agree with what else was seen of them. */
    static Verdict check(Collection<Operation> history, Collection<Event> seen, Testimony testimony) {
        return new Search(history, seen, testimony::allows).run();
    }

    /** A call, or a return, in the order of time. */
    private static final class Moment {
        final int operation;
        final boolean call;

        @Nullable
        Moment before;

        @Nullable
        Moment after;

        Moment(int operation, boolean call) {
            this.operation = operation;
            this.call = call;
        }
    }

    private record Tried(BitSet done, KvState state) {}

    private record Choice(Moment call, KvState before) {}

    private static final class Search {
        private final List<Operation> operations = new ArrayList<>();
        private final Moment head = new Moment(-1, true);
        private final Map<Integer, Moment> returns = new HashMap<>();
        /** Revisions that an answer claims to have made. */
        private final Set<Long> claimed = new HashSet<>();

        /** What was seen of revisions, by anybody: values, or that a key was deleted. */
        private final TreeMap<Long, TreeMap<String, String>> values = new TreeMap<>();

        /** Revisions of which everything was seen. */
        private final Set<Long> complete = new HashSet<>();

        /** The revisions that writes of unknown outcome have made, as far as their values tell. */
        private final Map<Operation, Long> places = new HashMap<>();

        private int openReturns;

        /** How many answers of each revision have no place yet. */
        private final TreeMap<Long, Integer> openRevisions = new TreeMap<>();

        /** Asked of each step that makes a revision. */
        private final Predicate<KvState.Step> allowed;

        Search(Collection<Operation> history, Collection<Event> seen, Predicate<KvState.Step> allowed) {
            this.allowed = allowed;
            for (Operation operation : history) {
                // Nobody uses a lease that he does not know to be his, nor needs a read that was not answered.
                boolean matters = !operation.isUnknown()
                        || !(operation.request().isRead() || operation.request() instanceof Grant);
                if (matters) {
                    operations.add(operation);
                }
            }
            for (Event event : seen) {
                see(event.revision(), event.key(), valueOf(event));
                complete.add(event.revision());
            }
            operations.forEach(this::learn);
            place();
            link();
        }

        private void see(long revision, String key, String value) {
            values.computeIfAbsent(revision, number -> new TreeMap<>()).put(key, value);
        }

        /** A write of unknown outcome whose value nobody else writes, and that was seen, has one place. */
        private void place() {
            record Write(String key, String value) {}
            Map<Write, Integer> writers = new HashMap<>();
            operations.forEach(operation -> puts(
                    operation.request(), put -> writers.merge(new Write(put.key(), put.value()), 1, Integer::sum)));
            Map<Write, Long> revisions = new HashMap<>();
            values.forEach(
                    (revision, made) -> made.forEach((key, value) -> revisions.put(new Write(key, value), revision)));
            for (Operation operation : operations) {
                if (operation.isUnknown()) {
                    puts(operation.request(), put -> {
                        Write write = new Write(put.key(), put.value());
                        Long revision = revisions.get(write);
                        if (revision != null && Integer.valueOf(1).equals(writers.get(write))) {
                            places.put(operation, revision);
                        }
                    });
                }
            }
        }

        private static void puts(Request request, Consumer<Request.Put> consumer) {
            if (request instanceof Request.Put put) {
                consumer.accept(put);
            } else if (request instanceof Request.Txn txn) {
                txn.success().forEach(each -> puts(each, consumer));
                txn.failure().forEach(each -> puts(each, consumer));
            }
        }

        private void learn(Operation operation) {
            Response response = operation.response();
            if (response == null) {
                return;
            }
            learn(response.result());
            if (writes(operation.request(), response.result())) {
                claimed.add(response.revision());
            }
        }

        private void learn(Response.Result result) {
            if (result instanceof Response.Found found) {
                found.keyValues().forEach(each -> see(each.modRevision(), each.key(), each.value()));
            } else if (result instanceof Response.Decided decided) {
                decided.results().forEach(this::learn);
            }
        }

        /** Whether the answer says that the request made a revision. For some it does not say. */
        private static boolean writes(Request request, Response.Result result) {
            if (result instanceof Response.LeaseRefused) {
                return false;
            }
            if (request instanceof Request.Put) {
                return true;
            }
            if (result instanceof Response.Deleted deleted) {
                return deleted.count() > 0;
            }
            if (request instanceof Request.Txn txn && result instanceof Response.Decided decided) {
                List<Request> branch = decided.succeeded() ? txn.success() : txn.failure();
                for (int i = 0; i < branch.size(); i++) {
                    if (writes(branch.get(i), decided.results().get(i))) {
                        return true;
                    }
                }
            }
            return false;
        }

        private void link() {
            record At(long time, Moment moment) {}
            List<At> moments = new ArrayList<>();
            for (int i = 0; i < operations.size(); i++) {
                Operation operation = operations.get(i);
                moments.add(new At(operation.calledAt(), new Moment(i, true)));
                if (!operation.isUnknown()) {
                    Moment end = new Moment(i, false);
                    returns.put(i, end);
                    moments.add(new At(operation.returnedAt(), end));
                    openReturns++;
                    open(operation, 1);
                }
            }
            // At the same time means that nobody knows which was first: calls go before returns.
            moments.sort(Comparator.comparingLong(At::time).thenComparing(at -> !at.moment().call));
            Moment last = head;
            for (At at : moments) {
                last.after = at.moment();
                at.moment().before = last;
                last = at.moment();
            }
        }

        Verdict run() {
            Set<Tried> tried = new HashSet<>();
            Deque<Choice> choices = new ArrayDeque<>();
            List<Operation> best = List.of();
            String stuck = "";
            BitSet done = new BitSet();
            KvState state = KvState.EMPTY;
            Moment at = head.after;
            while (openReturns > 0) {
                if (at != null && at.call) {
                    Operation operation = operations.get(at.operation);
                    KvState next = next(state, operation);
                    if (next != null) {
                        done.set(at.operation);
                        if (tried.size() > TRIES_MAX) {
                            return new Verdict(best, "undecided: too many orders to try; the furthest: " + stuck);
                        }
                        if (tried.add(new Tried((BitSet) done.clone(), next))) {
                            choices.push(new Choice(at, state));
                            lift(at);
                            state = next;
                            at = head.after;
                            continue;
                        }
                        done.clear(at.operation);
                    }
                    at = at.after;
                    continue;
                }
                // Nothing more can go before this return, nor can its own request: one of the choices was wrong.
                if (choices.size() > best.size() || stuck.isEmpty()) {
                    best = order(choices);
                    stuck = at == null ? "nothing is left" : operations.get(at.operation) + " has no place at " + state;
                }
                Choice wrong = choices.poll();
                if (wrong == null) {
                    return new Verdict(
                            best, "not linearizable: after " + best.size() + " of " + operations.size() + ", " + stuck);
                }
                done.clear(wrong.call().operation);
                state = wrong.before();
                unlift(wrong.call());
                at = wrong.call().after;
            }
            return new Verdict(order(choices), null);
        }

        /** The state behind the request if it may be next; null if not. */
        private @Nullable KvState next(KvState state, Operation operation) {
            Response response = operation.response();
            if (response != null) {
                if (response.result() instanceof Response.LeaseRefused) {
                    return refused(state, operation);
                }
                // Far the most cannot be next, and their revision says so.
                if (response.revision() < state.revision() || response.revision() > state.revision() + 1) {
                    return null;
                }
                KvState.Step step = state.apply(operation.request());
                boolean passes = step.state().revision() > state.revision();
                return step.response().equals(response) && (!passes || mayPass(state) && allowed.test(step))
                        ? step.state()
                        : null;
            }
            if (claimed.contains(state.revision() + 1) || !mayPass(state)) {
                return null;
            }
            Long place = places.get(operation);
            if (place != null && place != state.revision() + 1) {
                return null;
            }
            KvState.Step step = state.apply(operation.request());
            // What makes no revision changes nothing that anybody could see, but for the end of a lease: see refused.
            return step.state().revision() > state.revision() && fits(step) && allowed.test(step) ? step.state() : null;
        }

        /**
         * A refusal has no header. If the lease is there still, then it has ended without anybody noticing: it had no keys. Such
         * ends are not tried out one by one, because there is nothing to tell a right moment from a wrong one.
         */
        private @Nullable KvState refused(KvState state, Operation operation) {
            if (state.apply(operation.request()).response().result() instanceof Response.LeaseRefused) {
                return state;
            }
            Long lease = leaseOf(operation.request());
            if (lease == null || state.hasKeysOn(lease)) {
                return null;
            }
            boolean mayHaveEnded = operations.stream()
                    .anyMatch(other -> other.isUnknown()
                            && other.request().equals(new Request.Revoke(lease))
                            && other.calledAt() <= operation.returnedAt());
            return mayHaveEnded ? state.apply(new Request.Revoke(lease)).state() : null;
        }

        private static @Nullable Long leaseOf(Request request) {
            if (request instanceof Request.Put put) {
                return put.lease();
            }
            return request instanceof Request.Revoke revoke ? Long.valueOf(revoke.lease()) : null;
        }

        /** Whether the step makes what was seen of its revision. */
        private boolean fits(KvState.Step step) {
            Map<String, String> known = values.get(step.state().revision());
            if (known == null) {
                return true;
            }
            Map<String, String> made = new HashMap<>();
            step.events().forEach(event -> made.put(event.key(), valueOf(event)));
            if (complete.contains(step.state().revision())) {
                return known.equals(made);
            }
            return known.entrySet().stream().allMatch(one -> one.getValue().equals(made.get(one.getKey())));
        }

        private static String valueOf(Event event) {
            return event.value() == null ? DELETED : event.value().value();
        }

        private List<Operation> order(Deque<Choice> choices) {
            List<Operation> order = new ArrayList<>(choices.size());
            choices.descendingIterator().forEachRemaining(choice -> order.add(operations.get(choice.call().operation)));
            return order;
        }

        private void lift(Moment call) {
            unlink(call);
            Moment end = returns.get(call.operation);
            if (end != null) {
                unlink(end);
                openReturns--;
                open(operations.get(call.operation), -1);
            }
        }

        private void unlift(Moment call) {
            Moment end = returns.get(call.operation);
            if (end != null) {
                relink(end);
                openReturns++;
                open(operations.get(call.operation), 1);
            }
            relink(call);
        }

        private void open(Operation operation, int more) {
            Response response = operation.response();
            if (response != null && !(response.result() instanceof Response.LeaseRefused)) {
                openRevisions.merge(response.revision(), more, (x, y) -> x + y == 0 ? null : x + y);
            }
        }

        /** Whether the state may be left behind: nobody was answered with its revision who has no place yet. */
        private boolean mayPass(KvState state) {
            return openRevisions.isEmpty() || openRevisions.firstKey() > state.revision();
        }

        private static void unlink(Moment moment) {
            Moment before = moment.before;
            Moment after = moment.after;
            if (before != null) {
                before.after = after;
            }
            if (after != null) {
                after.before = before;
            }
        }

        private static void relink(Moment moment) {
            if (moment.before != null) {
                moment.before.after = moment;
            }
            if (moment.after != null) {
                moment.after.before = moment;
            }
        }
    }
}
