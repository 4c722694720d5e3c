package dev.cairn.auth;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of keys as disjoint intervals in key order. Ranges that overlap or touch become one, so that a request which spans
 * two adjacent grants lies in one interval. Immutable.
 */
final class KeyIntervals {
    static final KeyIntervals EMPTY = new KeyIntervals(new KeyRange[0]);

    /** No two overlap or touch; only the last may be open. */
    private final KeyRange[] intervals;

    private KeyIntervals(KeyRange[] intervals) {
        this.intervals = intervals;
    }

    /** The union of the ranges; empty ones add nothing. */
    static KeyIntervals union(List<KeyRange> ranges) {
        List<KeyRange> sorted = new ArrayList<>(ranges);
        sorted.removeIf(KeyRange::isEmpty);
        sorted.sort(Comparator.comparing(KeyRange::start, KeyRange.KEY_ORDER));
        List<KeyRange> merged = new ArrayList<>(sorted.size());
        KeyRange last = null;
        for (KeyRange range : sorted) {
            if (last != null && reaches(last.end(), range.start())) {
                last = new KeyRange(last.start(), later(last.end(), range.end()));
                merged.set(merged.size() - 1, last);
            } else {
                last = range;
                merged.add(range);
            }
        }
        return new KeyIntervals(merged.toArray(new KeyRange[0]));
    }

    /**
     * Whether the whole range lies in the set. A range that holds no key, because its end is not behind its start, does so
     * where its start lies in the set, as in etcd.
     */
    boolean covers(KeyRange range) {
        KeyRange interval = intervalOf(range.start());
        if (interval == null) {
            return false;
        }
        ByteString end = interval.end();
        return end == null || (range.end() != null && KeyRange.KEY_ORDER.compare(range.end(), end) <= 0);
    }

    private @Nullable KeyRange intervalOf(ByteString key) {
        int low = 0;
        int high = intervals.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (KeyRange.KEY_ORDER.compare(intervals[middle].start(), key) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high >= 0 && intervals[high].contains(key) ? intervals[high] : null;
    }

    private static boolean reaches(@Nullable ByteString end, ByteString start) {
        return end == null || KeyRange.KEY_ORDER.compare(end, start) >= 0;
    }

    private static @Nullable ByteString later(@Nullable ByteString a, @Nullable ByteString b) {
        if (a == null || b == null) {
            return null;
        }
        return KeyRange.KEY_ORDER.compare(a, b) >= 0 ? a : b;
    }
}
