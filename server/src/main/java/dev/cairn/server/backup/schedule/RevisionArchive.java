package dev.cairn.server.backup.schedule;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyValueFields;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.RevisionTail;
import dev.cairn.mvcc.Table;
import dev.cairn.server.backup.archive.ArchiveEnd;
import dev.cairn.server.backup.archive.BackupDirectory;
import dev.cairn.server.backup.archive.Group;
import dev.cairn.server.backup.archive.SegmentHeader;
import dev.cairn.server.backup.archive.SegmentWriter;
import dev.cairn.server.metrics.BackupMetrics;
import dev.cairn.server.thread.NanoClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps every revision that the store makes durable, between one full backup and the next. {@link #work} is called again and again by one thread
 * at a time; {@link #line} may be read by any.
 *
 * <p><b>States.</b> Closed, while the member does not lead. Following: the store's tail stands behind what is archived and synced, so no
 * compaction takes away what is not; rows go into a segment, are synced, and only then released. Waiting, for a while, after a failure: the
 * tail still stands, and the rows are written anew.
 *
 * <p><b>Going on.</b> Whoever begins to lead looks at where the newest line in the directory ends. If the store still has every row behind it, and
 * the last rows of the line are the store's own, the line goes on, in a new segment. Otherwise a new line begins: after a compaction that was ahead of
 * the archive, when a store was restored to an earlier point, when somebody else's files lie there. A new line is what a full backup is due for.
 *
 * <p><b>Bounds.</b> Memory: a piece of {@link #PIECE_BYTES} and one row, and {@link #LEASES_MAX} IDs. One call: {@link #PIECES_MAX} pieces, then
 * the thread is given back. A segment: {@link #SEGMENT_BYTES} and a piece.
 */
final class RevisionArchive {
    private static final Logger LOG = LoggerFactory.getLogger(RevisionArchive.class);
    private static final int PIECE_BYTES = 1 << 20;
    private static final int PIECES_MAX = 64;
    private static final int LEASES_MAX = 1 << 16;
    static final long SEGMENT_BYTES = 64 << 20;

    /** That nothing was written is worth a group in such intervals. */
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** The pause after a failure. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** How long a new leader may be behind what the one before has archived. */
    private static final long BEHIND_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final MvccStore store;
    private final BackupDirectory directory;
    private final long cluster;
    private final long member;
    private final BooleanSupplier leading;
    private final LongSupplier newLine;
    private final Clock clock;
    private final NanoClock nanos;
    private final BackupMetrics metrics;

    private @Nullable RevisionTail tail;
    private @Nullable SegmentWriter segment;
    private boolean segmentHolds;
    private final Set<Long> leases = new HashSet<>();
    private long quietSince;
    private boolean failed;
    private long retryNanos;
    private boolean behind;
    private long behindSince;
    private volatile OptionalLong line = OptionalLong.empty();
    private volatile @Nullable Path openFile;
    private volatile boolean rollWanted;

    /** @param newLine a random number for each line */
    RevisionArchive(
            MvccStore store,
            BackupDirectory directory,
            long cluster,
            long member,
            BooleanSupplier leading,
            LongSupplier newLine,
            Clock clock,
            NanoClock nanos,
            BackupMetrics metrics) {
        this.store = store;
        this.directory = directory;
        this.cluster = cluster;
        this.member = member;
        this.leading = leading;
        this.newLine = newLine;
        this.clock = clock;
        this.nanos = nanos;
        this.metrics = metrics;
    }

    /** The line that is followed now; empty while none is. Any thread. */
    OptionalLong line() {
        return line;
    }

    /** The segment that is being written; null while there is none. Any thread. */
    @Nullable
    Path openFile() {
        return openFile;
    }

    /** A full backup was taken: what is archived from now on goes into another segment, so that this one can be removed one day. Any thread. */
    void rollSegment() {
        rollWanted = true;
    }

    /** Archives what there is, durably. Never throws for what may be wrong with the directory. */
    void work() {
        if (!leading.getAsBoolean()) {
            close();
            metrics.archiveLag.set(0);
            metrics.archiveFailing.set(false);
            failed = false;
            return;
        }
        if (failed && nanos.nanos() - retryNanos < 0) {
            showLag();
            return;
        }
        try {
            RevisionTail open = tail == null ? begin() : tail;
            if (open != null) {
                tail = open;
                follow(open);
                failed = false;
                metrics.archiveFailing.set(false);
                metrics.archiveRevision.set(open.released());
            }
        } catch (IOException | RuntimeException e) {
            fail(e);
        }
        showLag();
    }

    private void showLag() {
        RevisionTail open = tail;
        metrics.archiveLag.set(open == null ? 0 : Math.max(0, store.currentRevision() - open.released()));
    }

    private void fail(Exception cause) {
        metrics.archiveFailures.increment();
        metrics.archiveFailing.set(true);
        failed = true;
        retryNanos = nanos.nanos() + RETRY_NANOS;
        LOG.atWarn()
                .setMessage("failed to archive revisions")
                .addKeyValue("directory", directory.archive())
                .addKeyValue("error", cause.toString())
                .log();
        abandonSegment();
        RevisionTail open = tail;
        if (open != null) {
            open.back();
        }
    }

    /** Takes up the newest line, or begins a new one; null when this has to wait. */
    private @Nullable RevisionTail begin() throws IOException {
        directory.prepare();
        ArchiveEnd end = ArchiveEnd.find(directory);
        if (end == null) {
            return beginLine("there is no archive yet");
        }
        if (end.revision() > store.currentRevision()) {
            // A new leader may not have applied what the one before has archived.
            if (!behind) {
                behind = true;
                behindSince = nanos.nanos();
            }
            if (nanos.nanos() - behindSince < BEHIND_NANOS) {
                return null;
            }
            return gap("the archive reaches to revision " + end.revision() + ", the store only to "
                    + store.currentRevision());
        }
        if (!end.isContinuedBy(store)) {
            return gap("the store holds another history than the archive up to revision " + end.revision());
        }
        RevisionTail found = store.tail(end.revision());
        if (found == null) {
            return gap("the archive reaches to revision " + end.revision() + ", the store was compacted at "
                    + store.compactedRevision());
        }
        behind = false;
        line = OptionalLong.of(end.line());
        quietSince = nanos.nanos() - QUIET_NANOS;
        LOG.atInfo()
                .setMessage("archiving of revisions goes on")
                .addKeyValue("after-revision", end.revision())
                .addKeyValue("line", BackupDirectory.hex(end.line()))
                .log();
        return found;
    }

    private RevisionTail gap(String reason) throws IOException {
        metrics.archiveGaps.increment();
        return beginLine(reason);
    }

    private RevisionTail beginLine(String reason) throws IOException {
        behind = false;
        RevisionTail begun = null;
        while (begun == null) {
            // Null only where a compaction came in between.
            begun = store.tail(store.currentRevision());
        }
        long id = newLine.getAsLong();
        try {
            // It is in the directory before anything is said of it, so that the next one finds it.
            openSegment(id, begun.released());
        } catch (IOException | RuntimeException e) {
            begun.close();
            throw e;
        }
        line = OptionalLong.of(id);
        quietSince = nanos.nanos() - QUIET_NANOS;
        LOG.atInfo()
                .setMessage("archiving of revisions begins anew; a full backup follows")
                .addKeyValue("reason", reason)
                .addKeyValue("after-revision", begun.released())
                .addKeyValue("line", BackupDirectory.hex(id))
                .log();
        return begun;
    }

    private SegmentWriter openSegment(long lineId, long after) throws IOException {
        SegmentWriter opened =
                SegmentWriter.create(directory, new SegmentHeader(cluster, member, lineId, after, clock.millis()));
        segment = opened;
        openFile = opened.file();
        rollWanted = false;
        segmentHolds = false;
        leases.clear();
        return opened;
    }

    private void follow(RevisionTail from) throws IOException {
        SegmentWriter open = segment;
        if (open != null && !Files.exists(open.file())) {
            // Somebody has removed it. What the directory holds now says where to go on, if the store still reaches
            // there.
            closeQuietly();
            return;
        }
        rollIfDue();
        for (int i = 0; i < PIECES_MAX && leading.getAsBoolean(); i++) {
            // The current revision before the time: nothing behind it was there at that time.
            long current = store.currentRevision();
            long time = clock.millis();
            RevisionTail.Piece piece = from.next(PIECE_BYTES);
            if (from.isBroken()) {
                // What was read may have holes. Where the line ends is where it was released; the next look finds out
                // whether it goes on.
                closeQuietly();
                return;
            }
            if (piece.rows().isEmpty()) {
                if (current == from.released() && nanos.nanos() - quietSince >= QUIET_NANOS) {
                    append(from, new Group(time, from.released(), List.of(), List.of()));
                    sync(from);
                }
                return;
            }
            append(from, new Group(clock.millis(), piece.complete(), piece.rows(), leasesOf(piece.rows(), from)));
            if (piece.complete() > from.released()) {
                sync(from);
                rollIfDue();
            }
        }
    }

    private void append(RevisionTail from, Group group) throws IOException {
        SegmentWriter open = segment;
        if (open == null) {
            open = openSegment(line.orElseThrow(), from.released());
        }
        long before = open.bytes();
        open.append(group);
        metrics.archiveBytes.add(open.bytes() - before);
    }

    private void sync(RevisionTail from) throws IOException {
        SegmentWriter open = segment;
        if (open != null) {
            open.sync();
            segmentHolds = true;
        }
        from.release();
        quietSince = nanos.nanos();
    }

    /** Ends a segment that is long enough, or older than the last full backup. Between two revisions: what it holds is released. */
    private void rollIfDue() throws IOException {
        SegmentWriter open = segment;
        if (open != null && segmentHolds && (rollWanted || open.bytes() >= SEGMENT_BYTES)) {
            segment = null;
            openFile = null;
            open.close();
        }
    }

    /** What the store says of the leases of these rows, as far as this segment has not been told. */
    private List<Group.LeaseRow> leasesOf(List<RevisionTail.Row> rows, RevisionTail from) throws IOException {
        List<Group.LeaseRow> found = new ArrayList<>();
        for (RevisionTail.Row row : rows) {
            long id =
                    row.tombstone() ? 0 : KeyValueFields.decode(row.keyValue()).lease();
            if (id == 0 || leases.contains(id)) {
                continue;
            }
            ByteString key = ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(0, id));
            ByteString value = from.lookUp(Table.LEASE, key);
            if (value != null) {
                if (leases.size() == LEASES_MAX) {
                    leases.clear();
                }
                leases.add(id);
                found.add(new Group.LeaseRow(id, value));
            }
        }
        return found;
    }

    /** A segment that could not be written: nobody goes on with it, and nobody misses it if nothing in it was ever synced. */
    private void abandonSegment() {
        SegmentWriter open = segment;
        segment = null;
        openFile = null;
        if (open == null) {
            return;
        }
        try {
            open.close();
            if (!segmentHolds) {
                Files.deleteIfExists(open.file());
            }
        } catch (IOException e) {
            LOG.atDebug().setMessage("failed to close a segment").setCause(e).log();
        }
    }

    private void closeQuietly() {
        line = OptionalLong.empty();
        RevisionTail open = tail;
        tail = null;
        if (open != null) {
            open.close();
        }
        SegmentWriter writer = segment;
        segment = null;
        openFile = null;
        if (writer != null) {
            try {
                writer.close();
            } catch (IOException e) {
                LOG.atDebug()
                        .setMessage("failed to close a segment")
                        .setCause(e)
                        .log();
            }
        }
    }

    /** Ends following; compaction waits for nothing any more. On the thread that calls {@link #work}, or behind its end. */
    void close() {
        if (tail != null) {
            LOG.info("archiving of revisions rests");
        }
        behind = false;
        closeQuietly();
    }
}
