package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The tables beside the revisions, through the overlay. Confined to the apply loop, except {@link #write}. */
final class SmallTables implements Tables {
    private static final List<KeyTable> STORED = stored();

    private final StoreState state;

    SmallTables(StoreState state) {
        this.state = state;
    }

    private static List<KeyTable> stored() {
        List<KeyTable> tables = new ArrayList<>();
        for (Table table : Table.values()) {
            tables.add(new KeyTable(Layout.bucket(table)));
        }
        return List.copyOf(tables);
    }

    static KeyTable stored(Table table) {
        return STORED.get(table.ordinal());
    }

    @Override
    public @Nullable ByteString get(Table table, ByteString key) {
        try (ReadView view = state.open()) {
            Optional<ByteString> changed = view.overlay().active().pair(table, key);
            Generation frozen = view.overlay().frozen();
            if (changed == null && frozen != null) {
                changed = frozen.pair(table, key);
            }
            if (changed != null) {
                return changed.orElse(null);
            }
            ByteBuffer value = stored(table).get(view.txn(), key);
            return value == null ? null : ByteString.copyFrom(value);
        }
    }

    @Override
    public void put(Table table, ByteString key, ByteString value) {
        state.overlay.active().put(table, key, Optional.of(value));
    }

    @Override
    public void delete(Table table, ByteString key) {
        state.overlay.active().put(table, key, Optional.empty());
    }

    @Override
    public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {
        TreeMap<ByteString, ByteString> pairs = new TreeMap<>(KeyRange.KEY_ORDER);
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

    private static void change(TreeMap<ByteString, ByteString> pairs, Generation generation, Table table) {
        TreeMap<ByteString, Optional<ByteString>> changes = generation.pairs().get(table);
        if (changes != null) {
            changes.forEach(
                    (key, value) -> value.ifPresentOrElse(present -> pairs.put(key, present), () -> pairs.remove(key)));
        }
    }

    /** Writes a frozen generation's changes to the backend. Flusher. */
    static void write(Generation generation, WriteTxn txn) {
        for (Map.Entry<Table, TreeMap<ByteString, Optional<ByteString>>> changes :
                generation.pairs().entrySet()) {
            KeyTable table = stored(changes.getKey());
            changes.getValue().forEach((key, value) -> {
                if (value.isPresent()) {
                    write(txn, table, key, value.get());
                } else {
                    table.delete(txn, key);
                }
            });
        }
    }

    static void write(WriteTxn txn, KeyTable table, ByteString key, ByteString value) {
        value.copyTo(table.reserve(txn, key, value.size()));
    }
}
