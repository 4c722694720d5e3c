package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortOrder;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortTarget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates the options of one range request on a view.
 *
 * <p>Without filters and in key order the answer is built while the keys pass by; the rest are counted. Otherwise every key
 * is looked at but only as many as the limit asks for are kept, and the values of those are fetched at the end. Two
 * peculiarities of etcd are kept: a sort target without an order sorts ascending, but only the first keys up to one more than
 * the limit; and a keys-only answer shows leases when the target is VALUE.
 */
final class RangeQuery {
    private final RangeRequest request;
    private final KeyRange range;
    private final boolean filtered;
    private final SortTarget target;
    private final SortOrder order;

    RangeQuery(RangeRequest request) {
        this.request = request;
        this.range = KeyRange.of(request.getKey(), request.getRangeEnd());
        this.filtered = request.getMinModRevision() != 0
                || request.getMaxModRevision() != 0
                || request.getMinCreateRevision() != 0
                || request.getMaxCreateRevision() != 0;
        this.target = request.getSortTarget();
        boolean sortedByDefault = request.getSortOrder() == SortOrder.NONE && target != SortTarget.KEY;
        this.order = sortedByDefault ? SortOrder.ASCEND : request.getSortOrder();
    }

    KeyRange range() {
        return range;
    }

    /** The answer at the main revision; {@code shown} is the revision of the answer's header. */
    RangeResult evaluate(ReadView view, long main, long shown) {
        return evaluate(view, main, shown, Rests.NONE);
    }

    /** Says what becomes of a range that grows long while it is evaluated. */
    interface Rests {
        /** Everything is kept. */
        Rests NONE = new Rests() {
            @Override
            public long keptBytesMax() {
                return Long.MAX_VALUE;
            }

            @Override
            public @Nullable RangeRest begin(long main) {
                return null;
            }
        };

        /** From so many bytes on it is asked to begin a rest. */
        long keptBytesMax();

        /** What takes the values that are not kept; null when all have to be. */
        @Nullable
        RangeRest begin(long main);
    }

    RangeResult evaluate(ReadView view, long main, long shown, Rests rests) {
        RangeCursor cursor = view.range(range, main);
        long limit = Math.max(0, request.getLimit());
        if (request.getCountOnly()) {
            return new RangeResult(shown, cursor.countRest(), false, List.of());
        }
        boolean inKeyOrder = target == SortTarget.KEY && order != SortOrder.DESCEND;
        if (inKeyOrder && !filtered) {
            return firstInKeyOrder(cursor, limit, main, shown, rests);
        }
        boolean sortsFirstOnly = request.getSortOrder() == SortOrder.NONE && !filtered && limit > 0;
        return selected(view, cursor, limit, sortsFirstOnly, shown);
    }

    private RangeResult firstInKeyOrder(RangeCursor cursor, long limit, long main, long shown, Rests rests) {
        RangeResult first = inKeyOrder(cursor, limit > 0 ? limit : Long.MAX_VALUE, main, shown, rests);
        long passed = first.keyValuesInAll();
        long uncounted = passed == limit ? cursor.countRest() : 0;
        return first.counted(passed + uncounted, uncounted > 0);
    }

    /** The next ones that the walk meets, at most {@code most}. */
    private RangeResult inKeyOrder(RangeCursor cursor, long most, long main, long shown, Rests rests) {
        List<ByteString> keyValues = new ArrayList<>();
        long bytes = 0;
        // Keys hold nothing of the store, and in one piece they cost the least.
        RangeRest rest = request.getKeysOnly() && rests != Rests.NONE ? new KeysRest() : null;
        boolean keepsAll = false;
        for (long passed = 0; passed < most && cursor.next(); passed++) {
            if (rest == null && !keepsAll && bytes >= rests.keptBytesMax()) {
                rest = rests.begin(main);
                keepsAll = rest == null;
            }
            if (rest != null) {
                rest.add(cursor);
            } else {
                ByteString keyValue = shownKeyValue(cursor);
                keyValues.add(keyValue);
                bytes += keyValue.size();
            }
        }
        return new RangeResult(shown, 0, false, keyValues, rest);
    }

    private RangeResult selected(ReadView view, RangeCursor cursor, long limit, boolean sortsFirstOnly, long shown) {
        Selection selection = new Selection(sortsFirstOnly ? 0 : limit);
        long count = 0;
        long passed = 0;
        while (cursor.next()) {
            count++;
            if (passes(cursor) && (!sortsFirstOnly || passed <= limit)) {
                passed++;
                selection.offer(candidate(cursor, passed));
            }
        }
        List<Candidate> kept = selection.sorted();
        int size = limit == 0 ? kept.size() : (int) Math.min(kept.size(), limit);
        List<ByteString> keyValues = new ArrayList<>(size);
        for (Candidate candidate : kept.subList(0, size)) {
            ByteString encoded = candidate.keyValue();
            keyValues.add(encoded != null ? encoded : view.storedKeyValue(candidate.revision(), candidate.id()));
        }
        return new RangeResult(shown, count, limit > 0 && passed > limit, keyValues);
    }

    /** The next keys in key order, at most {@code most}, each piece sorted by the target if there is one. */
    RangeResult piece(RangeCursor cursor, long most, long main, long shown, Rests rests) {
        if (target == SortTarget.KEY) {
            return inKeyOrder(cursor, most, main, shown, rests);
        }
        Selection selection = new Selection(0);
        for (long passed = 1; passed <= most && cursor.next(); passed++) {
            Candidate candidate = candidate(cursor, passed);
            ByteString encoded = candidate.keyValue();
            selection.offer(new Candidate(
                    candidate.rank(),
                    candidate.value(),
                    candidate.number(),
                    candidate.revision(),
                    candidate.id(),
                    encoded != null ? encoded : shownKeyValue(cursor)));
        }
        List<ByteString> keyValues = new ArrayList<>();
        for (Candidate candidate : selection.sorted()) {
            ByteString encoded = candidate.keyValue();
            if (encoded != null) {
                keyValues.add(encoded);
            }
        }
        return new RangeResult(shown, 0, false, keyValues);
    }

    private boolean passes(RangeCursor cursor) {
        if (!filtered) {
            return true;
        }
        long mod = cursor.mod();
        if (!within(mod, request.getMinModRevision(), request.getMaxModRevision())) {
            return false;
        }
        if (request.getMinCreateRevision() == 0 && request.getMaxCreateRevision() == 0) {
            return true;
        }
        return within(cursor.create(), request.getMinCreateRevision(), request.getMaxCreateRevision());
    }

    private static boolean within(long revision, long min, long max) {
        return (min == 0 || revision >= min) && (max == 0 || revision <= max);
    }

    /** The key-value as the answer shows it. */
    private ByteString shownKeyValue(RangeCursor cursor) {
        if (!request.getKeysOnly()) {
            return cursor.keyValue();
        }
        return KeyValues.encode(
                cursor.key(),
                cursor.create(),
                cursor.mod(),
                cursor.versionNumber(),
                ByteString.EMPTY,
                target == SortTarget.VALUE ? cursor.lease() : 0);
    }

    private Candidate candidate(RangeCursor cursor, long number) {
        long rank = switch (target) {
            case VERSION -> cursor.versionNumber();
            case CREATE -> cursor.create();
            case MOD -> cursor.mod();
            case KEY, VALUE, UNRECOGNIZED -> 0;
        };
        ByteString value = target == SortTarget.VALUE ? cursor.decoded().getValue() : ByteString.EMPTY;
        Version version = cursor.version();
        ByteString keyValue = null;
        if (request.getKeysOnly()) {
            keyValue = shownKeyValue(cursor);
        } else if (version != null) {
            keyValue = version.keyValue();
        }
        return new Candidate(rank, value, number, cursor.revision(), cursor.id(), keyValue);
    }

    /**
     * A key that may be part of the answer.
     *
     * @param rank what a number target sorts by
     * @param value what the target VALUE sorts by
     * @param number the key's place in key order
     * @param id the key's id
     * @param keyValue what the answer shows; null when it is still to be fetched
     */
    private record Candidate(
            long rank,
            ByteString value,
            long number,
            Revision revision,
            Revision id,
            @Nullable ByteString keyValue) {}

    private Comparator<Candidate> candidateOrder() {
        Comparator<Candidate> ascending =
                Comparator.comparingLong(Candidate::rank).thenComparing(Candidate::value, KeyRange.KEY_ORDER);
        if (target == SortTarget.KEY) {
            ascending = Comparator.comparingLong(Candidate::number);
        }
        if (order == SortOrder.DESCEND) {
            return ascending.reversed();
        }
        return order == SortOrder.ASCEND ? ascending : Comparator.comparingLong(Candidate::number);
    }

    /** The best candidates, as many as the limit; all when it is 0. Ties are broken by key order. */
    private final class Selection {
        private final Comparator<Candidate> best =
                candidateOrder().thenComparing(Comparator.comparingLong(Candidate::number));
        private final long limit;
        private final PriorityQueue<Candidate> worstFirst = new PriorityQueue<>(best.reversed());
        private final List<Candidate> all = new ArrayList<>();

        Selection(long limit) {
            this.limit = limit;
        }

        void offer(Candidate candidate) {
            if (limit == 0) {
                all.add(candidate);
                return;
            }
            if (worstFirst.size() < limit) {
                worstFirst.add(candidate);
            } else if (best.compare(candidate, worstFirst.element()) < 0) {
                worstFirst.remove();
                worstFirst.add(candidate);
            }
        }

        List<Candidate> sorted() {
            List<Candidate> kept = limit == 0 ? all : new ArrayList<>(worstFirst);
            kept.sort(best);
            return kept;
        }
    }
}
