package dev.cairn.server.metrics;

import java.util.concurrent.atomic.AtomicLong;

/** Thread-safe. What scheduled backups count; there are such series only where backups are scheduled. */
public final class BackupMetrics {
    private static final double MILLIS_PER_SECOND = 1000;

    public final Gauge lastSuccessSeconds;
    /** Shown in seconds. */
    public final AtomicLong lastDurationMillis = new AtomicLong();

    public final Gauge lastBytes;
    public final Gauge lastRevision;
    public final Counter taken;
    public final Counter fullFailures;
    public final Counter archiveFailures;
    public final Gauge fullFailing;
    public final Gauge archiveFailing;
    public final Gauge archiveRevision;
    public final Gauge archiveLag;
    public final Counter archiveBytes;
    public final Counter archiveGaps;

    BackupMetrics(Registry registry) {
        lastSuccessSeconds = registry.gauge(
                "cairn_backup_last_success_timestamp_seconds", "Time of the newest full backup in the directory.");
        registry.gauge("cairn_backup_last_duration_seconds", "How long the last full backup took, verified.")
                .follow(() -> lastDurationMillis.get() / MILLIS_PER_SECOND);
        lastBytes = registry.gauge("cairn_backup_last_bytes", "Size of the last full backup.");
        lastRevision = registry.gauge("cairn_backup_last_revision", "Newest revision in the last full backup.");
        taken = registry.counter("cairn_backup_taken_total", "Full backups that were written and verified.");
        Family<Counter> failures = registry.counters(
                "cairn_backup_failures_total", "Attempts to write a full backup or the archive that failed.", "kind");
        fullFailures = failures.with("full");
        archiveFailures = failures.with("archive");
        Family<Gauge> failing =
                registry.gauges("cairn_backup_failing", "1 from a failure until the next success.", "kind");
        fullFailing = failing.with("full");
        archiveFailing = failing.with("archive");
        archiveRevision =
                registry.gauge("cairn_backup_archive_revision", "Up to this revision everything is in the archive.");
        archiveLag = registry.gauge(
                "cairn_backup_archive_lag_revisions", "Revisions of the store that are not in the archive yet.");
        archiveBytes = registry.counter("cairn_backup_archive_bytes_total", "Bytes written to the archive.");
        archiveGaps = registry.counter(
                "cairn_backup_archive_gaps_total", "Gaps in the archive, each closed by a new full backup.");
    }
}
