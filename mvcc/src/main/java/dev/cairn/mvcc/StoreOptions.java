package dev.cairn.mvcc;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.lmdb.LmdbBackend;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * How a store is set up. Immutable; start from {@link #lmdb} or {@link #of} and change what differs.
 *
 * @param backend opens the storage; called once by each {@link MvccStore#open}
 * @param flushIntervalNanos the longest an applied entry stays in memory only, while the flusher keeps up
 * @param flushOperationsMax so many changes in memory start a flush before the interval is over
 * @param overlayBytesMax so many bytes in memory make the apply loop wait for the flusher; a twentieth of it in keys and values starts a
 *     flush before the interval is over
 * @param compactionBatchMax how many revisions one compaction transaction looks at
 * @param compactionPauseNanos the least time between two compaction transactions
 * @param onFailure told once when the backend fails (disk full, I/O error, damage), by the thread that notices; the store
 *     takes no writes from then on
 * @param meter told of the store's work
 */
public record StoreOptions(
        Backend.Factory backend,
        long flushIntervalNanos,
        int flushOperationsMax,
        long overlayBytesMax,
        int compactionBatchMax,
        long compactionPauseNanos,
        Consumer<Throwable> onFailure,
        StoreMeter meter) {
    /** The least address space reserved for the environment. It is not memory and not disk. */
    public static final long MAP_BYTES_MIN = 16L << 30;

    /** Storage in an LMDB environment at {@code directory}, with room for twice the quota. */
    public static StoreOptions lmdb(Path directory, long quotaBytes) {
        long mapBytes = Math.max(Math.multiplyExact(2, quotaBytes), MAP_BYTES_MIN);
        return of(new Backend.Factory() {
            @Override
            public Backend open(List<TableRef> tables) {
                return LmdbBackend.open(directory, mapBytes, tables);
            }

            @Override
            public Backend openForLoading(List<TableRef> tables) {
                return LmdbBackend.openForLoading(directory, mapBytes, tables);
            }
        });
    }

    /** As {@link #lmdb}, but nothing is synced before the store is closed: a crash of the machine may leave files of no use. */
    public static StoreOptions lmdbWithoutSync(Path directory, long quotaBytes) {
        Backend.Factory synced = lmdb(directory, quotaBytes).backend();
        return of(new Backend.Factory() {
            @Override
            public Backend open(List<TableRef> tables) {
                return synced.openForLoading(tables);
            }

            @Override
            public Backend openForLoading(List<TableRef> tables) {
                return synced.openForLoading(tables);
            }
        });
    }

    /** Loads what {@link #lmdb} needs, so that opening a store takes less time afterwards. Any thread. */
    public static void preloadLmdb() {
        LmdbBackend.loadLibrary();
    }

    /** Default bounds over any storage. */
    public static StoreOptions of(Backend.Factory backend) {
        return new StoreOptions(
                backend,
                Duration.ofMillis(100).toNanos(),
                10_000,
                64L << 20,
                1_000,
                Duration.ofMillis(10).toNanos(),
                failure -> {},
                StoreMeter.NONE);
    }

    public StoreOptions withFlush(long intervalNanos, int operationsMax, long bytesMax) {
        return new StoreOptions(
                backend,
                intervalNanos,
                operationsMax,
                bytesMax,
                compactionBatchMax,
                compactionPauseNanos,
                onFailure,
                meter);
    }

    public StoreOptions withCompaction(int batchMax, long pauseNanos) {
        return new StoreOptions(
                backend,
                flushIntervalNanos,
                flushOperationsMax,
                overlayBytesMax,
                batchMax,
                pauseNanos,
                onFailure,
                meter);
    }

    public StoreOptions onFailure(Consumer<Throwable> handler) {
        return new StoreOptions(
                backend,
                flushIntervalNanos,
                flushOperationsMax,
                overlayBytesMax,
                compactionBatchMax,
                compactionPauseNanos,
                handler,
                meter);
    }

    public StoreOptions withMeter(StoreMeter newMeter) {
        return new StoreOptions(
                backend,
                flushIntervalNanos,
                flushOperationsMax,
                overlayBytesMax,
                compactionBatchMax,
                compactionPauseNanos,
                onFailure,
                newMeter);
    }
}
