package dev.cairn.wal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps zeros ahead of the log: in the current segment, and in the next one, which lies as {@code 0.tmp} or {@code 1.tmp} until
 * it is needed.
 *
 * <p>Confined to the log's thread; the work is done by tasks on the helper, at most one of each kind at a time. The next
 * segment is begun when the current one is half full, so an idle member does not write 64 MB for nothing. What the helper
 * has not done when it is needed is done by the log's thread (preparing) or left undone (filling: syncs are slower then).
 */
final class SegmentPreparer implements AutoCloseable {
    /** Zeros behind the last record in the current segment. */
    private static final long AHEAD_BYTES = 8 << 20;

    private final Path directory;
    private final WalOptions options;

    /** Read by the tasks, so that they end early. */
    private volatile boolean closed;

    private volatile boolean filling;

    /** Whether filling failed. It is not tried again, because the log's own writes will meet the same disk. */
    private volatile boolean fillFailed;

    private @Nullable FutureTask<SegmentFile> next;

    SegmentPreparer(Path directory, WalOptions options) {
        this.directory = directory;
        this.options = options;
    }

    /** How far a segment is to be filled if the log ends here. */
    static long fillTarget(long end, long segmentBytes) {
        return Math.min(segmentBytes, end + AHEAD_BYTES);
    }

    /** Starts what is due. */
    void keepAhead(SegmentFile current, long end, long nextSequence) {
        if (!filling
                && !fillFailed
                && current.filled() < fillTarget(end, options.segmentBytes)
                && current.filled() - end < AHEAD_BYTES / 2) {
            filling = true;
            long target = fillTarget(end, options.segmentBytes);
            submit(() -> fill(current, target));
        }
        if (next == null && end >= options.segmentBytes / 2) {
            FutureTask<SegmentFile> task = new FutureTask<>(() -> prepare(nextSequence, options.segmentBytes));
            next = task;
            submit(task);
        }
    }

    /** The next segment, ready to be written to. Waits for the helper if it is at it. */
    SegmentFile take(long sequence) throws IOException {
        FutureTask<SegmentFile> task = next;
        next = null;
        fillFailed = false;
        if (task == null) {
            return prepare(sequence, fillTarget(0, options.segmentBytes));
        }
        // Does nothing if the helper has started.
        task.run();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw new IOException("the next segment could not be prepared", e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        if (next == null) {
            return;
        }
        try (SegmentFile segment = take(0)) {
            Files.deleteIfExists(segment.file());
        }
    }

    private SegmentFile prepare(long sequence, long filled) throws IOException {
        Path file = directory.resolve((sequence & 1) + WalFormat.TEMPORARY_SUFFIX);
        SegmentFile segment = SegmentFile.create(options.files, file, options.segmentBytes);
        try {
            segment.fill(filled, () -> closed);
            return segment;
        } catch (IOException | RuntimeException e) {
            segment.close();
            throw e;
        }
    }

    private void fill(SegmentFile segment, long target) {
        try {
            segment.fill(target, () -> closed);
        } catch (IOException e) {
            fillFailed = true;
        } finally {
            filling = false;
        }
    }

    private void submit(Runnable task) {
        try {
            options.helper.execute(task);
        } catch (RejectedExecutionException e) {
            // The process is stopping, and the log does without its helper.
            fillFailed = true;
        }
    }
}
