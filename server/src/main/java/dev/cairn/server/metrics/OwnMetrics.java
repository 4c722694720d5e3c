package dev.cairn.server.metrics;

/** Thread-safe. What etcd has no series for: the storage below the keys, and how full each bounded queue is. */
public final class OwnMetrics {
    public final Gauge lmdbPageSizeBytes;
    public final Gauge lmdbPages;
    public final Gauge lmdbPagesFree;
    public final Gauge lmdbMapSizeBytes;
    public final Gauge lmdbReaders;
    public final Gauge lmdbReadersMax;
    public final Family<Gauge> queueEntries;
    public final Family<Gauge> queueEntriesMax;
    public final Family<Gauge> queueBytes;
    public final Family<Gauge> queueBytesMax;

    OwnMetrics(Registry registry) {
        lmdbPageSizeBytes = registry.gauge("cairn_lmdb_page_size_bytes", "Size of a page of the database.");
        lmdbPages = registry.gauge("cairn_lmdb_pages", "Pages of the database file.");
        lmdbPagesFree =
                registry.gauge("cairn_lmdb_pages_free", "Pages of the database file that later commits may use again.");
        lmdbMapSizeBytes = registry.gauge("cairn_lmdb_map_size_bytes", "The most that the database may ever take.");
        lmdbReaders = registry.gauge("cairn_lmdb_readers", "Transactions that read now.");
        lmdbReadersMax = registry.gauge("cairn_lmdb_readers_max", "Transactions that may read at a time.");
        queueEntries = registry.gauges("cairn_queue_entries", "What waits in a bounded queue.", "queue");
        queueEntriesMax = registry.gauges("cairn_queue_entries_max", "How much may wait in a bounded queue.", "queue");
        queueBytes = registry.gauges("cairn_queue_bytes", "Bytes that wait in a bounded queue.", "queue");
        queueBytesMax = registry.gauges("cairn_queue_bytes_max", "Bytes that may wait in a bounded queue.", "queue");
    }
}
