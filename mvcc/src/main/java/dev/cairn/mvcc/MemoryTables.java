package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The small tables without a disk, for simulation and for the tests of their owners. Confined to the apply loop. */
public final class MemoryTables implements Tables {
    /** Sorted by key. */
    private final Map<Table, Map<ByteString, ByteString>> rows = new EnumMap<>(Table.class);

    public MemoryTables() {
        for (Table table : Table.values()) {
            rows.put(table, new TreeMap<>(KeyRange.KEY_ORDER));
        }
    }

    @Override
    public @Nullable ByteString get(Table table, ByteString key) {
        return rows(table).get(key);
    }

    @Override
    public void put(Table table, ByteString key, ByteString value) {
        rows(table).put(key, value);
    }

    @Override
    public void delete(Table table, ByteString key) {
        rows(table).remove(key);
    }

    @Override
    public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {
        // A copy, so that the consumer may write to the table.
        List<Map.Entry<ByteString, ByteString>> copy =
                new ArrayList<>(rows(table).entrySet());
        copy.forEach(row -> consumer.accept(row.getKey(), row.getValue()));
    }

    private Map<ByteString, ByteString> rows(Table table) {
        Map<ByteString, ByteString> found = rows.get(table);
        if (found == null) {
            throw new IllegalStateException("no table " + table);
        }
        return found;
    }
}
