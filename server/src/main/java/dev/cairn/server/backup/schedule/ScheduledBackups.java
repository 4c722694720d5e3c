package dev.cairn.server.backup.schedule;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.backup.archive.BackupDirectory;
import dev.cairn.server.backup.archive.BackupDirectory.Full;
import dev.cairn.server.config.BackupSettings;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.metrics.BackupMetrics;
import dev.cairn.server.thread.Duty;
import dev.cairn.server.thread.NanoClock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduled backups of one member. As a duty, on the housekeeping thread, it does no more than wake two others once a second: a directory on
 * a network may not answer for minutes, and nothing else must wait for it.
 *
 * <p><b>Threads.</b> {@code archive} runs {@link RevisionArchive}, a look at a time; {@code full} decides by {@link BackupSchedule} and takes full
 * backups, one at a time, minutes long. What falls due while the one before is under way is left out. {@link #close} is called by the thread that
 * stops the server, behind the duty's end and before the store's.
 */
public final class ScheduledBackups implements Duty, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ScheduledBackups.class);
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How long the end of the server waits for what is under way, which ends by itself within moments unless a disk hangs. */
    private static final long STOP_SECONDS = 5;

    private final BackupSettings settings;
    private final BackupDirectory directory;
    private final MvccStore store;
    private final long member;
    private final BooleanSupplier leading;
    private final BackupSchedule schedule;
    private final @Nullable RevisionArchive archive;
    private final ExecutorService fullThread;
    private final ExecutorService archiveThread;
    private final Clock clock;
    private final NanoClock nanos;
    private final BackupMetrics metrics;
    private final AtomicBoolean archiving = new AtomicBoolean();
    private final AtomicBoolean takingFull = new AtomicBoolean();
    private long nextNanos;
    private volatile boolean stopping;

    /**
     * @param leading whether this member leads
     * @param newLine a random number for each line of history
     * @param fullThread one thread
     * @param archiveThread one thread
     */
    public ScheduledBackups(
            BackupSettings settings,
            MvccStore store,
            Identity identity,
            BooleanSupplier leading,
            LongSupplier newLine,
            ExecutorService fullThread,
            ExecutorService archiveThread,
            Clock clock,
            NanoClock nanos,
            BackupMetrics metrics) {
        this.settings = settings;
        this.directory = BackupDirectory.of(settings.directory(), identity.clusterId());
        this.store = store;
        this.member = identity.memberId();
        this.leading = () -> !stopping && leading.getAsBoolean();
        this.schedule = new BackupSchedule(settings.interval());
        this.archive = settings.archive()
                ? new RevisionArchive(
                        store, directory, identity.clusterId(), member, this.leading, newLine, clock, nanos, metrics)
                : null;
        this.fullThread = fullThread;
        this.archiveThread = archiveThread;
        this.clock = clock;
        this.nanos = nanos;
        this.metrics = metrics;
        this.nextNanos = nanos.nanos();
        LOG.atInfo()
                .setMessage("enabled scheduled backups")
                .addKeyValue("directory", directory.path())
                .addKeyValue("interval", settings.interval())
                .addKeyValue("retention", settings.retention())
                .addKeyValue("rate-limit", settings.bytesPerSecond())
                .addKeyValue("archive", settings.archive())
                .log();
    }

    @Override
    public int doWork(long nowNanos) {
        if (nowNanos - nextNanos < 0) {
            return 0;
        }
        nextNanos = nowNanos + LOOK_NANOS;
        RevisionArchive revisions = archive;
        if (revisions != null) {
            run(archiveThread, archiving, revisions::work);
        }
        run(fullThread, takingFull, this::lookAtSchedule);
        return 1;
    }

    @Override
    public long nextDeadlineNanos() {
        return nextNanos;
    }

    private static void run(ExecutorService thread, AtomicBoolean running, Runnable work) {
        if (!running.compareAndSet(false, true)) {
            return;
        }
        try {
            thread.execute(() -> {
                try {
                    work.run();
                } finally {
                    running.set(false);
                }
            });
        } catch (RejectedExecutionException e) {
            // The server stops.
            running.set(false);
        }
    }

    /** Takes a full backup if one is due. On its thread; tests call it themselves. */
    void lookAtSchedule() {
        OptionalLong line = archive == null ? OptionalLong.empty() : archive.line();
        if (!leading.getAsBoolean()) {
            metrics.fullFailing.set(false);
            return;
        }
        if (archive != null && line.isEmpty()) {
            // It tells by itself what it waits for.
            return;
        }
        try {
            List<Full> present = directory.fulls();
            if (!present.isEmpty()) {
                metrics.lastSuccessSeconds.set(
                        present.get(present.size() - 1).time().getEpochSecond());
            }
            if (schedule.isDue(clock.instant(), nanos.nanos(), present, line)) {
                take(line);
            }
        } catch (CancellationException e) {
            LOG.atInfo()
                    .setMessage("full backup ended early")
                    .addKeyValue("reason", e.getMessage())
                    .log();
        } catch (IOException | RuntimeException e) {
            if (stopping) {
                return;
            }
            schedule.failed(nanos.nanos());
            metrics.fullFailures.increment();
            metrics.fullFailing.set(true);
            LOG.atWarn()
                    .setMessage("failed to take a full backup")
                    .addKeyValue("directory", directory.path())
                    .addKeyValue("error", e.toString())
                    .log();
        }
    }

    private void take(OptionalLong line) throws IOException {
        long started = nanos.nanos();
        RateLimit rate = new RateLimit(
                settings.bytesPerSecond(), nanos, napping -> TimeUnit.NANOSECONDS.sleep(napping), leading);
        FullBackup.Result done = FullBackup.take(store, directory, member, line, rate, clock);
        long tookMillis = TimeUnit.NANOSECONDS.toMillis(nanos.nanos() - started);
        schedule.succeeded();
        metrics.taken.increment();
        metrics.fullFailing.set(false);
        metrics.lastSuccessSeconds.set(done.time().getEpochSecond());
        metrics.lastDurationMillis.set(tookMillis);
        metrics.lastBytes.set(done.bytes());
        metrics.lastRevision.set(done.revision());
        LOG.atInfo()
                .setMessage("took a full backup")
                .addKeyValue("file", done.file())
                .addKeyValue("revision", done.revision())
                .addKeyValue("bytes", done.bytes())
                .addKeyValue("took", tookMillis + "ms")
                .log();
        RevisionArchive revisions = archive;
        if (revisions != null) {
            revisions.rollSegment();
        }
        Path inUse = revisions == null ? null : revisions.openFile();
        for (Path removed : Retention.apply(directory, settings.retention(), inUse)) {
            LOG.atInfo()
                    .setMessage("removed an old backup")
                    .addKeyValue("file", removed)
                    .log();
        }
    }

    /** Ends what is under way; a full backup that is not finished leaves nothing. */
    @Override
    public void close() {
        stopping = true;
        archiveThread.shutdown();
        fullThread.shutdownNow();
        try {
            if (archiveThread.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                RevisionArchive revisions = archive;
                if (revisions != null) {
                    revisions.close();
                }
            }
            if (!fullThread.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("a full backup does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
