package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.EnumMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * One generation of the overlay: everything that a row of whole log entries has written. Written by the apply loop while it is
 * active, by nobody once it is frozen. The versions are read by any thread; all else belongs to the apply loop and, once
 * frozen, to the flusher as well.
 */
final class Generation {
    /** What a version costs beside its bytes: map node, records, list slot. An estimate on the safe side. */
    private static final int VERSION_OVERHEAD_BYTES = 320;

    private static final int PAIR_OVERHEAD_BYTES = 120;

    private final ConcurrentSkipListMap<ByteString, Version> newest = new ConcurrentSkipListMap<>(KeyRange.KEY_ORDER);
    private final ChangeList changes = new ChangeList();
    private final Map<Table, NavigableMap<ByteString, PairChange>> pairs = new EnumMap<>(Table.class);

    private int operations;
    private volatile long bytes;
    private volatile long dataBytes;
    private @Nullable Applied applied;

    /**
     * The state of the log after the last entry in this generation.
     *
     * @param keys the number of live keys then
     */
    record Applied(long index, long term, long keys) {}

    /**
     * The newest change of a pair in one of the small tables.
     *
     * @param value the new value; null when the pair was deleted
     */
    record PairChange(@Nullable ByteString value) {}

    /** The newest version of the key here; null when the key was not written. */
    @Nullable
    Version newest(ByteString key) {
        return newest.get(key);
    }

    ConcurrentSkipListMap<ByteString, Version> versions() {
        return newest;
    }

    ChangeList changes() {
        return changes;
    }

    /** The changes of the small tables. */
    Map<Table, NavigableMap<ByteString, PairChange>> pairs() {
        return pairs;
    }

    @Nullable
    PairChange pair(Table table, ByteString key) {
        NavigableMap<ByteString, PairChange> changed = pairs.get(table);
        return changed == null ? null : changed.get(key);
    }

    void add(Version version) {
        changes.append(version);
        newest.put(version.key(), version);
        grow(2L * version.key().size() + version.keyValue().size(), VERSION_OVERHEAD_BYTES);
    }

    void put(Table table, ByteString key, @Nullable ByteString value) {
        pairs.computeIfAbsent(table, name -> new TreeMap<>(KeyRange.KEY_ORDER)).put(key, new PairChange(value));
        grow(key.size() + (value == null ? 0 : value.size()), PAIR_OVERHEAD_BYTES);
    }

    private void grow(long data, int overhead) {
        operations++;
        long grownData = dataBytes + data;
        dataBytes = grownData;
        long grown = bytes + data + overhead;
        bytes = grown;
    }

    void applied(Applied state) {
        applied = state;
    }

    @Nullable
    Applied applied() {
        return applied;
    }

    int operations() {
        return operations;
    }

    /** The memory this generation takes, estimated. Any thread. */
    long bytes() {
        return bytes;
    }

    /** How much of that are keys and values. Any thread. */
    long dataBytes() {
        return dataBytes;
    }

    boolean isEmpty() {
        return operations == 0 && applied == null;
    }
}
