package dev.cairn.server.snapshot;

import dev.cairn.mvcc.Flusher;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.loop.LogLoop;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.membership.V2StoreFormat;
import dev.cairn.server.thread.Duty;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalDirectory;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a Raft snapshot whenever enough entries have been applied since the last one, and then lets the log go of what
 * lies before it.
 *
 * <p>The apply loop marks a place; this duty, on the housekeeping thread, waits until the store is durable up to there,
 * writes the {@code .snap} file, and only then has the log record it. So the log never starts behind what the store holds:
 * whatever the moment of a crash, every entry is in the one or the other.
 */
public final class SnapshotDuty implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotDuty.class);
    private static final long PURGE_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(30);

    private record Mark(long index, long term, Cluster.View cluster) {}

    private final Cluster cluster;
    private final Flusher flusher;
    private final SnapStore snapshots;
    private final LogLoop log;
    private final long entriesBetween;
    private final int filesKept;
    private final Path walDirectory;
    private final WalWriter wal;
    private final int segmentsKept;
    /** Set by the apply loop when there is none, taken away by this duty when its snapshot is written. */
    private volatile @Nullable Mark mark;

    private volatile boolean forced;
    private volatile long lastIndex;
    private long nextPurgeNanos;

    /**
     * @param entriesBetween a snapshot is written when more than so many entries have been applied since the last
     * @param filesKept how many {@code .snap} files stay; 0 for all
     * @param wal asked only which segments it still holds
     * @param segmentsKept how many log segments stay; 0 for all
     * @param lastIndex the place of the newest snapshot
     */
    public SnapshotDuty(
            Cluster cluster,
            Flusher flusher,
            SnapStore snapshots,
            LogLoop log,
            long entriesBetween,
            int filesKept,
            Path walDirectory,
            WalWriter wal,
            int segmentsKept,
            long lastIndex,
            long nowNanos) {
        this.cluster = cluster;
        this.flusher = flusher;
        this.snapshots = snapshots;
        this.log = log;
        this.entriesBetween = entriesBetween;
        this.filesKept = filesKept;
        this.walDirectory = walDirectory;
        this.wal = wal;
        this.segmentsKept = segmentsKept;
        this.lastIndex = lastIndex;
        this.nextPurgeNanos = nowNanos + PURGE_INTERVAL_NANOS;
    }

    /** Has a snapshot made behind the entry that is just applied, however few they are. Apply loop only. */
    public void force() {
        forced = true;
    }

    /** The store was exchanged for that of a snapshot from the leader, which is on disk and in the log. Apply loop only. */
    public void onInstalled(long index) {
        lastIndex = index;
        mark = null;
    }

    /** An entry has been applied. Apply loop only. */
    public void onApplied(long index, long term) {
        if ((forced || index - lastIndex > entriesBetween) && mark == null) {
            LOG.atInfo()
                    .setMessage("triggering snapshot")
                    .addKeyValue("local-member-applied-index", index)
                    .addKeyValue("local-member-snapshot-index", lastIndex)
                    .addKeyValue("local-member-snapshot-count", entriesBetween)
                    .addKeyValue("snapshot-forced", forced)
                    .log();
            forced = false;
            mark = new Mark(index, term, cluster.view());
        }
    }

    @Override
    public int doWork(long nowNanos) throws IOException {
        if (nowNanos - nextPurgeNanos >= 0) {
            nextPurgeNanos = nowNanos + PURGE_INTERVAL_NANOS;
            snapshots.purge(filesKept);
            // What was received with a snapshot is of no use once the store is beyond it.
            snapshots.purgeDatabases(flusher.durableIndex() + 1);
            WalDirectory.purge(walDirectory, segmentsKept, wal.firstHeldSequence());
        }
        Mark due = mark;
        if (due == null || flusher.durableIndex() < due.index()) {
            return 0;
        }
        SnapshotMetadata metadata =
                new SnapshotMetadata(ConfStateFormat.confState(due.cluster()), due.index(), due.term());
        snapshots.save(new Snapshot(V2StoreFormat.encode(due.cluster()), metadata));
        log.markSnapshot(
                metadata,
                () -> LOG.atInfo()
                        .setMessage("saved snapshot to disk")
                        .addKeyValue("snapshot-index", due.index())
                        .log());
        lastIndex = Math.max(lastIndex, due.index());
        mark = null;
        return 1;
    }
}
