package dev.cairn.server.metrics;

import static dev.cairn.server.metrics.Histogram.doubling;

/** Thread-safe. The series about the key-value store and its watchers; each field is named like its series without the prefix. */
public final class MvccMetrics {
    public final Gauge compactRevision;
    public final Gauge currentRevision;
    public final Counter dbCompactionKeysTotal;
    public final Gauge dbCompactionLast;
    public final Histogram dbCompactionPauseDurationMilliseconds;
    public final Histogram dbCompactionTotalDurationMilliseconds;
    public final Counter eventsTotal;
    public final Histogram indexCompactionPauseDurationMilliseconds;
    public final Gauge keysTotal;
    public final Gauge pendingEventsTotal;
    public final Gauge slowWatcherTotal;
    public final Gauge totalPutSizeInBytes;
    public final Gauge watchStreamTotal;
    public final Gauge watcherTotal;
    public final Gauge dbOpenReadTransactions;
    public final Gauge dbTotalSizeInBytes;
    public final Gauge dbTotalSizeInUseInBytes;
    public final Counter deleteTotal;
    public final Histogram hashDurationSeconds;
    public final Histogram hashRevDurationSeconds;
    public final Counter putTotal;
    public final Counter rangeTotal;
    public final Counter txnTotal;

    MvccMetrics(Registry registry) {
        compactRevision = registry.gauge("etcd_debugging_mvcc_compact_revision", "Last compacted revision.");
        currentRevision = registry.gauge("etcd_debugging_mvcc_current_revision", "Current store revision.");
        dbCompactionKeysTotal =
                registry.counter("etcd_debugging_mvcc_db_compaction_keys_total", "Revisions deleted by compactions.");
        dbCompactionLast = registry.gauge(
                "etcd_debugging_mvcc_db_compaction_last", "Unix time of the last finished compaction, 0 after start.");
        dbCompactionPauseDurationMilliseconds = registry.histogram(
                "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
                "Pause per compaction batch.",
                doubling(1, 13));
        dbCompactionTotalDurationMilliseconds = registry.histogram(
                "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
                "Whole compaction time.",
                doubling(100, 14));
        eventsTotal = registry.counter("etcd_debugging_mvcc_events_total", "Watch events sent.");
        indexCompactionPauseDurationMilliseconds = registry.histogram(
                "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
                "Index compaction time.",
                doubling(0.5, 14));
        keysTotal = registry.gauge("etcd_debugging_mvcc_keys_total", "Number of keys.");
        pendingEventsTotal =
                registry.gauge("etcd_debugging_mvcc_pending_events_total", "Events waiting for slow watchers.");
        slowWatcherTotal = registry.gauge("etcd_debugging_mvcc_slow_watcher_total", "Watchers not in sync.");
        totalPutSizeInBytes =
                registry.gauge("etcd_debugging_mvcc_total_put_size_in_bytes", "Sum of key and value bytes put.");
        watchStreamTotal = registry.gauge("etcd_debugging_mvcc_watch_stream_total", "Open watch streams.");
        watcherTotal = registry.gauge("etcd_debugging_mvcc_watcher_total", "Watchers.");
        dbOpenReadTransactions =
                registry.gauge("etcd_mvcc_db_open_read_transactions", "Open backend read transactions.");
        dbTotalSizeInBytes = registry.gauge("etcd_mvcc_db_total_size_in_bytes", "Allocated size of the db.");
        dbTotalSizeInUseInBytes = registry.gauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Size in use of the db.");
        deleteTotal = registry.counter("etcd_mvcc_delete_total", "Delete operations.");
        hashDurationSeconds =
                registry.histogram("etcd_mvcc_hash_duration_seconds", "Time of Hash.", doubling(0.01, 15));
        hashRevDurationSeconds =
                registry.histogram("etcd_mvcc_hash_rev_duration_seconds", "Time of HashKV.", doubling(0.01, 15));
        putTotal = registry.counter("etcd_mvcc_put_total", "Put operations.");
        rangeTotal = registry.counter("etcd_mvcc_range_total", "Range operations.");
        txnTotal = registry.counter("etcd_mvcc_txn_total", "Transactions with writes and others.");
    }
}
