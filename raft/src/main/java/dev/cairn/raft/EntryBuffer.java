package dev.cairn.raft;

import dev.cairn.raft.message.Entry;
import java.util.Arrays;
import java.util.List;

/**
 * A run of entries with consecutive indexes that grows at the back and shrinks at both ends.
 *
 * <p>Confined to its owner. What {@link #slice} returns is a copy and stays valid. Adding an entry and dropping one from
 * the front take constant time, amortised.
 */
final class EntryBuffer {
    private static final int CAPACITY_MIN = 16;

    private Entry[] array = new Entry[CAPACITY_MIN];
    private int head;
    private int size;
    private long bytes;

    /** The index of the entry at the front; of the next one to be added if there is none. */
    private long firstIndex;

    EntryBuffer(long firstIndex) {
        this.firstIndex = firstIndex;
    }

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }

    long firstIndex() {
        return firstIndex;
    }

    /** The index of the last entry; {@code firstIndex() - 1} if there is none. */
    long lastIndex() {
        return firstIndex + size - 1;
    }

    /** The encoded size of all entries held. */
    long bytes() {
        return bytes;
    }

    Entry get(long index) {
        checkInside(index);
        return array[head + (int) (index - firstIndex)];
    }

    /** Adds entries at the back. */
    void append(List<Entry> entries) {
        reserve(entries.size());
        for (Entry entry : entries) {
            if (entry.index() != firstIndex + size) {
                throw new IllegalStateException("entry " + entry.index() + " added at index " + (firstIndex + size));
            }
            array[head + size++] = entry;
            bytes += entry.encodedBytes();
        }
    }

    /** Drops all entries from an index on. */
    void truncateFrom(long index) {
        while (size > 0 && lastIndex() >= index) {
            size--;
            bytes -= array[head + size].encodedBytes();
            array[head + size] = null;
        }
    }

    /** Drops all entries before an index, which becomes the first one. */
    void dropBefore(long index) {
        int count = (int) Math.min(size, index - firstIndex);
        for (int i = 0; i < count; i++) {
            bytes -= array[head].encodedBytes();
            array[head++] = null;
        }
        size -= count;
        firstIndex = index;
        if (size == 0) {
            head = 0;
            if (array.length > CAPACITY_MIN) {
                array = new Entry[CAPACITY_MIN];
            }
        } else if (size < array.length / 8) {
            move(Math.max(CAPACITY_MIN, size * 2));
        }
    }

    /** Drops everything and starts anew at an index. */
    void reset(long index) {
        array = new Entry[CAPACITY_MIN];
        head = 0;
        size = 0;
        bytes = 0;
        firstIndex = index;
    }

    /** Entries from {@code low} to before {@code high}. */
    List<Entry> slice(long low, long high) {
        if (low == high) {
            return List.of();
        }
        checkInside(low);
        checkInside(high - 1);
        int from = head + (int) (low - firstIndex);
        return List.of(Arrays.copyOfRange(array, from, from + (int) (high - low)));
    }

    /** Entries from {@code low} to before {@code high}, from the front as many as fit, one at least. */
    List<Entry> slice(long low, long high, long bytesMax) {
        if (low == high) {
            return List.of();
        }
        checkInside(low);
        checkInside(high - 1);
        long end = low + 1;
        long taken = get(low).encodedBytes();
        while (end < high) {
            taken += get(end).encodedBytes();
            if (taken > bytesMax) {
                break;
            }
            end++;
        }
        return slice(low, end);
    }

    private void reserve(int more) {
        if (head + size + more > array.length) {
            int needed = size + more;
            // Moves down within the same length only if that frees at least half of it, so that the cost is amortised.
            move(needed <= array.length / 2 ? array.length : Math.max(needed, array.length * 2));
        }
    }

    private void move(int capacity) {
        Entry[] moved = new Entry[capacity];
        System.arraycopy(array, head, moved, 0, size);
        array = moved;
        head = 0;
    }

    private void checkInside(long index) {
        if (index < firstIndex || index >= firstIndex + size) {
            throw new IllegalStateException(
                    "index " + index + " outside of entries [" + firstIndex + ", " + (firstIndex + size) + ")");
        }
    }
}
