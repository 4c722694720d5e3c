package dev.cairn.raft.message;

import java.util.Arrays;

/**
 * An immutable set of node ids in unsigned order.
 *
 * <p>Sets hold a handful of members, so a sorted array beats any tree, and its order is the same everywhere.
 */
public final class IdSet {
    /** No ids. */
    public static final IdSet EMPTY = new IdSet(new long[0]);

    private final long[] sorted;

    private IdSet(long[] sorted) {
        this.sorted = sorted;
    }

    /** The set of these ids, in any order; an id given twice counts once. */
    public static IdSet of(long... ids) {
        IdSet set = EMPTY;
        for (long id : ids) {
            set = set.with(id);
        }
        return set;
    }

    /** How many ids there are. */
    public int size() {
        return sorted.length;
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return sorted.length == 0;
    }

    /** The id at a position of the unsigned order. */
    public long get(int position) {
        return sorted[position];
    }

    /** Whether the id is in the set. */
    public boolean contains(long id) {
        return search(id) >= 0;
    }

    /** This set and one more id. */
    public IdSet with(long id) {
        int found = search(id);
        if (found >= 0) {
            return this;
        }
        int at = -found - 1;
        long[] grown = new long[sorted.length + 1];
        System.arraycopy(sorted, 0, grown, 0, at);
        grown[at] = id;
        System.arraycopy(sorted, at, grown, at + 1, sorted.length - at);
        return new IdSet(grown);
    }

    /** This set without one id. */
    public IdSet without(long id) {
        int at = search(id);
        if (at < 0) {
            return this;
        }
        if (sorted.length == 1) {
            return EMPTY;
        }
        long[] shrunk = new long[sorted.length - 1];
        System.arraycopy(sorted, 0, shrunk, 0, at);
        System.arraycopy(sorted, at + 1, shrunk, at, shrunk.length - at);
        return new IdSet(shrunk);
    }

    /** All ids of both sets. */
    public IdSet union(IdSet other) {
        IdSet set = this;
        for (long id : other.sorted) {
            set = set.with(id);
        }
        return set;
    }

    /** A copy of the ids in unsigned order. */
    public long[] toArray() {
        return sorted.clone();
    }

    private int search(long id) {
        int low = 0;
        int high = sorted.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = Long.compareUnsigned(sorted[middle], id);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -(low + 1);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof IdSet that && Arrays.equals(sorted, that.sorted);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sorted);
    }

    /** The ids as etcd prints a majority: decimal, {@code (1 2 3)}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("(");
        for (int i = 0; i < sorted.length; i++) {
            if (i > 0) {
                text.append(' ');
            }
            text.append(Long.toUnsignedString(sorted[i]));
        }
        return text.append(')').toString();
    }
}
