package dev.cairn.server.metrics;

import static dev.cairn.server.metrics.Histogram.doubling;

/** Thread-safe. The series about the log, the store's commits and the snapshots; each field is named like its series without the prefix. */
public final class DiskMetrics {
    public final Histogram backendCommitRebalanceDurationSeconds;
    public final Histogram backendCommitSpillDurationSeconds;
    public final Histogram backendCommitWriteDurationSeconds;
    public final Histogram snapSaveMarshallingDurationSeconds;
    public final Histogram snapSaveTotalDurationSeconds;
    public final Histogram backendCommitDurationSeconds;
    public final Histogram backendDefragDurationSeconds;
    public final Histogram backendSnapshotDurationSeconds;
    public final Gauge defragInflight;
    public final Histogram walFsyncDurationSeconds;
    public final Gauge walWriteBytesTotal;
    public final Histogram walWriteDurationSeconds;
    public final Histogram snapDbFsyncDurationSeconds;
    public final Histogram snapDbSaveTotalDurationSeconds;
    public final Histogram snapFsyncDurationSeconds;

    DiskMetrics(Registry registry) {
        backendCommitRebalanceDurationSeconds = registry.histogram(
                "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
                "Time of the rebalance step in a backend commit.",
                doubling(0.001, 14));
        backendCommitSpillDurationSeconds = registry.histogram(
                "etcd_debugging_disk_backend_commit_spill_duration_seconds",
                "Time of the spill step in a backend commit.",
                doubling(0.001, 14));
        backendCommitWriteDurationSeconds = registry.histogram(
                "etcd_debugging_disk_backend_commit_write_duration_seconds",
                "Time of the write step in a backend commit.",
                doubling(0.001, 14));
        snapSaveMarshallingDurationSeconds = registry.histogram(
                "etcd_debugging_snap_save_marshalling_duration_seconds",
                "Time to encode a .snap file.",
                doubling(0.001, 14));
        snapSaveTotalDurationSeconds = registry.histogram(
                "etcd_debugging_snap_save_total_duration_seconds", "Time to save a .snap file.", doubling(0.001, 14));
        backendCommitDurationSeconds = registry.histogram(
                "etcd_disk_backend_commit_duration_seconds", "Backend commit time.", doubling(0.001, 14));
        backendDefragDurationSeconds = registry.histogram(
                "etcd_disk_backend_defrag_duration_seconds", "Defragmentation time.", doubling(0.1, 13));
        backendSnapshotDurationSeconds = registry.histogram(
                "etcd_disk_backend_snapshot_duration_seconds",
                "Time to stream or write a backend snapshot.",
                doubling(0.01, 17));
        defragInflight = registry.gauge("etcd_disk_defrag_inflight", "1 while defragmenting.");
        walFsyncDurationSeconds =
                registry.histogram("etcd_disk_wal_fsync_duration_seconds", "WAL fsync time.", doubling(0.001, 14));
        walWriteBytesTotal =
                registry.gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the WAL (declared gauge).");
        walWriteDurationSeconds =
                registry.histogram("etcd_disk_wal_write_duration_seconds", "WAL write time.", doubling(0.001, 14));
        snapDbFsyncDurationSeconds = registry.histogram(
                "etcd_snap_db_fsync_duration_seconds", "Fsync of a received .snap.db.", doubling(0.001, 14));
        snapDbSaveTotalDurationSeconds = registry.histogram(
                "etcd_snap_db_save_total_duration_seconds", "Time to store a received .snap.db.", doubling(0.1, 10));
        snapFsyncDurationSeconds =
                registry.histogram("etcd_snap_fsync_duration_seconds", "Fsync of .snap files.", doubling(0.001, 14));
    }
}
