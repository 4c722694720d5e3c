package dev.cairn.watch;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.watch.interval.IntervalTree;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the entries that want to hear of a key: those of one key by hash, ranges by an interval tree. Entries with the same
 * range share a place, so that the cost of a key is that of its matches. Not thread-safe: the owner guards it.
 */
final class RangeIndex<E extends RangeIndex.Entry> {
    /** What an index holds. An entry is in one index at a time. */
    abstract static class Entry {
        private final KeyRange range;

        /** Where the entry stands among those of its range; -1 when it is in no index. */
        private int position = -1;

        Entry(KeyRange range) {
            this.range = range;
        }

        final KeyRange range() {
            return range;
        }
    }

    private final Map<ByteString, List<E>> singles = new HashMap<>();
    private final IntervalTree<List<E>> ranges = new IntervalTree<>();

    void add(E entry) {
        KeyRange range = entry.range();
        List<E> group;
        if (range.isSingle()) {
            group = singles.computeIfAbsent(range.start(), key -> new ArrayList<>(1));
        } else {
            List<E> known = ranges.get(range);
            group = known == null ? new ArrayList<>(1) : known;
            if (known == null) {
                ranges.put(range, group);
            }
        }
        Entry placed = entry;
        placed.position = group.size();
        group.add(entry);
    }

    boolean contains(E entry) {
        Entry placed = entry;
        return placed.position >= 0;
    }

    /** Takes the entry out; nothing happens when it is not in. */
    void remove(E entry) {
        Entry placed = entry;
        if (placed.position < 0) {
            return;
        }
        KeyRange range = entry.range();
        List<E> group = groupOf(range);
        if (group == null || group.get(placed.position) != entry) {
            throw new IllegalStateException("the index has lost the entry of " + range);
        }
        E last = group.remove(group.size() - 1);
        if (last != entry) {
            Entry moved = last;
            moved.position = placed.position;
            group.set(placed.position, last);
        }
        placed.position = -1;
        if (group.isEmpty()) {
            if (range.isSingle()) {
                singles.remove(range.start());
            } else {
                ranges.remove(range);
            }
        }
    }

    /** Hands every entry whose range holds the key to the consumer, which must not change the index. */
    void forEachMatch(ByteString key, Consumer<? super E> consumer) {
        List<E> group = singles.get(key);
        if (group != null) {
            group.forEach(consumer);
        }
        if (ranges.size() > 0) {
            ranges.stab(key, matching -> matching.forEach(consumer));
        }
    }

    void forEach(Consumer<? super E> consumer) {
        singles.values().forEach(group -> group.forEach(consumer));
        ranges.forEach(group -> group.forEach(consumer));
    }

    private @Nullable List<E> groupOf(KeyRange range) {
        return range.isSingle() ? singles.get(range.start()) : ranges.get(range);
    }
}
