package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The tables beside the revisions, through the overlay. Confined to the apply loop, except {@link #write}. */
final class SmallTables implements Tables {
    private static final Map<Table, KeyTable> STORED = allStored();

    private final StoreState state;

    SmallTables(StoreState state) {
        this.state = state;
    }

    private static Map<Table, KeyTable> allStored() {
        Map<Table, KeyTable> tables = new EnumMap<>(Table.class);
        for (Table table : Table.values()) {
            tables.put(table, new KeyTable(Layout.bucket(table)));
        }
        return tables;
    }

    static KeyTable stored(Table table) {
        return Objects.requireNonNull(STORED.get(table));
    }

    @Override
    public @Nullable ByteString get(Table table, ByteString key) {
        try (ReadView view = state.open()) {
            Generation.PairChange changed = view.overlay().active().pair(table, key);
            Generation frozen = view.overlay().frozen();
            if (changed == null && frozen != null) {
                changed = frozen.pair(table, key);
            }
            if (changed != null) {
                return changed.value();
            }
            ByteBuffer value = stored(table).get(view.txn(), key);
            return value == null ? null : ByteString.copyFrom(value);
        }
    }

    @Override
    public void put(Table table, ByteString key, ByteString value) {
        state.overlay().active().put(table, key, value);
    }

    @Override
    public void delete(Table table, ByteString key) {
        state.overlay().active().put(table, key, null);
    }

    @Override
    public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {
        NavigableMap<ByteString, ByteString> pairs = new TreeMap<>(KeyRange.KEY_ORDER);
        try (ReadView view = state.open()) {
            KeyTable.Scan scan = stored(table).scan(view.txn(), ByteString.EMPTY);
            for (; !scan.atEnd(); scan.next()) {
                pairs.put(scan.key(), ByteString.copyFrom(scan.value()));
            }
            Generation frozen = view.overlay().frozen();
            if (frozen != null) {
                change(pairs, frozen, table);
            }
            change(pairs, view.overlay().active(), table);
        }
        pairs.forEach(consumer);
    }

    private static void change(NavigableMap<ByteString, ByteString> pairs, Generation generation, Table table) {
        NavigableMap<ByteString, Generation.PairChange> changes =
                generation.pairs().get(table);
        if (changes == null) {
            return;
        }
        changes.forEach((key, change) -> {
            ByteString value = change.value();
            if (value == null) {
                pairs.remove(key);
            } else {
                pairs.put(key, value);
            }
        });
    }

    /** Writes a frozen generation's changes to the backend. Flusher. */
    static void write(Generation generation, WriteTxn txn) {
        generation.pairs().forEach((name, changes) -> {
            KeyTable table = stored(name);
            changes.forEach((key, change) -> {
                ByteString value = change.value();
                if (value == null) {
                    table.delete(txn, key);
                } else {
                    write(txn, table, key, value);
                }
            });
        });
    }

    static void write(WriteTxn txn, KeyTable table, ByteString key, ByteString value) {
        value.copyTo(table.reserve(txn, key, value.size()));
    }
}
