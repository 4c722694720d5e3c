package dev.cairn.testing.history;

import dev.cairn.testing.history.Request.Compare;
import dev.cairn.testing.history.Request.Delete;
import dev.cairn.testing.history.Request.Grant;
import dev.cairn.testing.history.Request.Put;
import dev.cairn.testing.history.Request.Range;
import dev.cairn.testing.history.Request.Revoke;
import dev.cairn.testing.history.Request.Txn;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Etcd as a sequential program: keys, revisions, leases. Immutable. */
public final class KvState {
    /** An etcd in which nothing was ever written. */
    public static final KvState EMPTY = new KvState(1, new TreeMap<>(), new TreeSet<>());

    private final long revision;
    private final TreeMap<String, KeyValue> keys;
    private final TreeSet<Long> leases;
    private final int hash;

    private KvState(long revision, TreeMap<String, KeyValue> keys, TreeSet<Long> leases) {
        this.revision = revision;
        this.keys = keys;
        this.leases = leases;
        // Revisions tell most states apart; keys are compared in full when they do not.
        this.hash = Long.hashCode(revision * 31 + keys.hashCode()) * 31 + leases.hashCode();
    }

    /**
     * What a request leads to.
     *
     * @param events what it changed
     */
    public record Step(KvState state, Response response, List<Event> events) {}

    public long revision() {
        return revision;
    }

    boolean hasKeysOn(long lease) {
        return keys.values().stream().anyMatch(keyValue -> keyValue.lease() == lease);
    }

    /** The keys of a range. */
    public List<KeyValue> range(String key, @Nullable String end) {
        if (end == null) {
            KeyValue one = keys.get(key);
            return one == null ? List.of() : List.of(one);
        }
        return List.copyOf(within(keys, key, end).values());
    }

    private static NavigableMap<String, KeyValue> within(TreeMap<String, KeyValue> map, String key, String end) {
        return key.compareTo(end) < 0 ? map.subMap(key, true, end, false) : new TreeMap<>();
    }

    /** Carries out a request. */
    public Step apply(Request request) {
        if (request instanceof Range range) {
            return new Step(
                    this, new Response(revision, new Response.Found(range(range.key(), range.end()))), List.of());
        }
        if (request instanceof Grant grant) {
            if (leases.contains(grant.lease())) {
                return refused();
            }
            TreeSet<Long> more = new TreeSet<>(leases);
            more.add(grant.lease());
            KvState next = new KvState(revision, keys, more);
            return new Step(next, new Response(revision, new Response.Done()), List.of());
        }
        Draft draft = new Draft();
        Response.Result result = draft.carryOut(request);
        if (result == null) {
            return refused();
        }
        KvState next = draft.finish();
        return new Step(next, new Response(next.revision, result), draft.events);
    }

    private Step refused() {
        return new Step(this, new Response(revision, new Response.LeaseRefused()), List.of());
    }

    /** The writes of one request, which belong to one revision. */
    private final class Draft {
        private final TreeMap<String, KeyValue> draft = new TreeMap<>(keys);
        private final List<Event> events = new ArrayList<>();
        private TreeSet<Long> draftLeases = leases;

        /** @return null when a lease does not allow it */
        private Response.@Nullable Result carryOut(Request request) {
            if (request instanceof Range range) {
                List<KeyValue> found = range.end() == null
                        ? draft.containsKey(range.key()) ? List.of(draft.get(range.key())) : List.of()
                        : List.copyOf(within(draft, range.key(), range.end()).values());
                return new Response.Found(found);
            }
            if (request instanceof Put put) {
                if (put.lease() != 0 && !leases.contains(put.lease())) {
                    return null;
                }
                put(put);
                return new Response.Done();
            }
            if (request instanceof Delete delete) {
                List<String> gone = delete.end() == null
                        ? draft.containsKey(delete.key()) ? List.of(delete.key()) : List.of()
                        : List.copyOf(within(draft, delete.key(), delete.end()).keySet());
                gone.forEach(this::delete);
                return new Response.Deleted(gone.size());
            }
            if (request instanceof Revoke revoke) {
                return revoke(revoke.lease());
            }
            return decide((Txn) request);
        }

        private void put(Put put) {
            KeyValue before = draft.get(put.key());
            KeyValue now = new KeyValue(
                    put.key(),
                    put.value(),
                    before == null ? revision + 1 : before.createRevision(),
                    revision + 1,
                    before == null ? 1 : before.version() + 1,
                    put.lease());
            draft.put(put.key(), now);
            events.add(new Event(put.key(), revision + 1, now, before));
        }

        private void delete(String key) {
            KeyValue before = draft.remove(key);
            events.add(new Event(key, revision + 1, null, before));
        }

        private Response.@Nullable Result revoke(long lease) {
            if (!leases.contains(lease)) {
                return null;
            }
            draftLeases = new TreeSet<>(leases);
            draftLeases.remove(lease);
            List<String> attached = draft.values().stream()
                    .filter(keyValue -> keyValue.lease() == lease)
                    .map(KeyValue::key)
                    .toList();
            attached.forEach(this::delete);
            return new Response.Done();
        }

        private Response.@Nullable Result decide(Txn txn) {
            boolean succeeded = txn.compares().stream().allMatch(this::holds);
            List<Response.Result> results = new ArrayList<>();
            for (Request operation : succeeded ? txn.success() : txn.failure()) {
                Response.Result result = carryOut(operation);
                if (result == null) {
                    return null;
                }
                results.add(result);
            }
            return new Response.Decided(succeeded, results);
        }

        private boolean holds(Compare compare) {
            KeyValue there = keys.get(compare.key());
            if (there == null) {
                return compare.modRevision() == 0 && compare.value() == null;
            }
            return there.modRevision() == compare.modRevision()
                    && (compare.value() == null || compare.value().equals(there.value()));
        }

        private KvState finish() {
            if (events.isEmpty() && draftLeases == leases) {
                return KvState.this;
            }
            return new KvState(events.isEmpty() ? revision : revision + 1, draft, draftLeases);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof KvState state
                && state.revision == revision
                && state.hash == hash
                && state.keys.equals(keys)
                && state.leases.equals(leases);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return "revision " + revision + " " + keys.values() + " leases " + leases;
    }
}
