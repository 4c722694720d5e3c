package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The small tables beside the revisions: leases, alarms, members, users. Their owners keep what they need in memory, load
 * it at start and write through here. Writes become durable together with the applied index of the entry that made them.
 * Confined to the apply loop.
 */
public interface Tables {
    @Nullable
    ByteString get(Table table, ByteString key);

    void put(Table table, ByteString key, ByteString value);

    void delete(Table table, ByteString key);

    /** Hands every pair to the consumer in key order. */
    void forEach(Table table, BiConsumer<ByteString, ByteString> consumer);
}
