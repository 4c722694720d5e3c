package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.ReadTxn;
import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A whole store beside the one in use, to take its place ({@link MvccStore#replace}). Confined to one thread at a time; nobody writes to
 * it before.
 */
public final class StoreReplacement implements AutoCloseable {
    private final ChecksummedBackend backend;
    private final Recovered recovered;
    private boolean taken;

    private StoreReplacement(ChecksummedBackend backend, Recovered recovered) {
        this.backend = backend;
        this.recovered = recovered;
    }

    /**
     * Opens what a {@link StoreLoader} has filled.
     *
     * @param options where it lies; nothing else of them is used
     * @throws dev.cairn.mvcc.backend.BackendException when it cannot be opened
     * @throws DamagedStoreException when it is not what was written
     */
    public static StoreReplacement open(StoreOptions options) {
        StoreFailure failure = new StoreFailure(cause -> {});
        ChecksummedBackend backend =
                new ChecksummedBackend(options.backend().open(Layout.TABLES), Layout.TABLES, failure);
        try {
            return new StoreReplacement(backend, Recovered.from(backend));
        } catch (RuntimeException e) {
            backend.close();
            throw e;
        }
    }

    /** The log entry that the store ends with. */
    public AppliedState applied() {
        return recovered.applied();
    }

    public long currentRevision() {
        return recovered.current();
    }

    Recovered recovered() {
        return recovered;
    }

    /** The small tables, to be looked at only. */
    public Tables tables() {
        return new Tables() {
            @Override
            public @Nullable ByteString get(Table table, ByteString key) {
                try (ReadTxn txn = backend.read()) {
                    ByteBuffer value = SmallTables.stored(table).get(txn, key);
                    return value == null ? null : ByteString.copyFrom(value);
                }
            }

            @Override
            public void put(Table table, ByteString key, ByteString value) {
                throw new UnsupportedOperationException("a store that is not in use yet is not changed");
            }

            @Override
            public void delete(Table table, ByteString key) {
                throw new UnsupportedOperationException("a store that is not in use yet is not changed");
            }

            @Override
            public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {
                try (ReadTxn txn = backend.read();
                        KeyTable.Scan scan = SmallTables.stored(table).scan(txn, ByteString.EMPTY)) {
                    for (; !scan.atEnd(); scan.next()) {
                        consumer.accept(scan.key(), ByteString.copyFrom(scan.value()));
                    }
                }
            }
        };
    }

    /** Hands the backend over; from now on this replacement does not close it. */
    ChecksummedBackend take(StoreFailure failure) {
        if (taken) {
            throw new IllegalStateException("the replacement was used already");
        }
        taken = true;
        return backend.reportingTo(failure);
    }

    /** Lets go of the store if it has not taken another's place. */
    @Override
    public void close() {
        if (!taken) {
            taken = true;
            backend.close();
        }
    }
}
