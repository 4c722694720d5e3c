package dev.cairn.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * An open segment, locked against other processes, and how much of it is filled with zeros ahead of the writer.
 *
 * <p>Written by the log's thread; {@link #fill} is also called by a helper thread. The two never touch the same bytes: zeros
 * go beyond {@code filled} only, the writer {@linkplain #claim claims} bytes there before it writes them, and both happen
 * under one lock.
 *
 * <p><b>Why zeros.</b> Writing into blocks that were written before spares the file system the change of its block map, and
 * with it a third of every sync; reserving blocks without writing them does not.
 *
 * <p><b>Why two channels.</b> The helper syncs its zeros, so that they do not burden the next sync of the log. An error
 * of writing back is reported once to every open file: with one channel the helper could swallow the writer's error. The
 * second channel is closed together with the first, because closing any file descriptor gives up the process's
 * lock. For the same reason nothing else in this process may open a segment that is in use.
 */
final class SegmentFile implements AutoCloseable {
    private static final int ZEROS_BYTES = 1 << 20;
    private static final ByteBuffer ZEROS =
            ByteBuffer.allocateDirect(ZEROS_BYTES).asReadOnlyBuffer();

    private final FileChannel channel;
    private final FileChannel fillChannel;
    private final Object fillLock = new Object();
    private Path file;

    /** All bytes from the writer's position to here are zeros on the disk. Written under {@code fillLock}. */
    private volatile long filled;

    private SegmentFile(Path file, FileChannel channel, FileChannel fillChannel) {
        this.file = file;
        this.channel = channel;
        this.fillChannel = fillChannel;
    }

    /** Makes a new segment of this size that reads as zeros; what a crashed process left under the name is lost. */
    static SegmentFile create(WalFiles files, Path file, long bytes) throws IOException {
        Files.deleteIfExists(file);
        SegmentFile segment = open(
                files, file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE));
        try {
            segment.writeFully(ByteBuffer.allocate(1), bytes - 1);
            return segment;
        } catch (IOException | RuntimeException e) {
            segment.close();
            throw e;
        }
    }

    /** Opens a segment for appending. How far it is filled is not known, so it counts as not filled at all. */
    static SegmentFile open(WalFiles files, Path file) throws IOException {
        return open(files, file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    private static SegmentFile open(WalFiles files, Path file, Set<StandardOpenOption> options) throws IOException {
        FileChannel channel = files.open(file, options);
        try {
            if (!lock(channel)) {
                throw new WalException.Locked(file);
            }
            return new SegmentFile(file, channel, files.open(file, Set.of(StandardOpenOption.WRITE)));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Takes the lock that etcd takes: exclusive, on the whole file. */
    static boolean lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // Held by this process already.
            return false;
        }
    }

    Path file() {
        return file;
    }

    FileChannel channel() {
        return channel;
    }

    long filled() {
        return filled;
    }

    /** Gives the file its final name, which must be durable before anything in it is reported durable. */
    void rename(Path target) throws IOException {
        Files.move(file, target);
        file = target;
    }

    /** Follows a move of the directory that holds the file. */
    void moved(Path target) {
        file = target;
    }

    /** Writes a buffer's remaining bytes. */
    void write(ByteBuffer bytes, long offset) throws IOException {
        claim(offset + bytes.remaining());
        writeFully(bytes, offset);
    }

    /** Declares the segment in use up to here, so that filling starts behind it. */
    void claim(long end) {
        if (end > filled) {
            synchronized (fillLock) {
                filled = Math.max(filled, end);
            }
        }
    }

    /** Fills with zeros up to this offset and makes them durable, a piece at a time, until it is told to stop. */
    void fill(long end, BooleanSupplier stop) throws IOException {
        while (!stop.getAsBoolean() && fillPiece(end)) {
            fillChannel.force(false);
        }
    }

    private boolean fillPiece(long end) throws IOException {
        synchronized (fillLock) {
            int bytes = (int) Math.min(ZEROS_BYTES, end - filled);
            if (bytes <= 0) {
                return false;
            }
            long start = filled;
            ByteBuffer zeros = ZEROS.duplicate().limit(bytes);
            while (zeros.hasRemaining()) {
                fillChannel.write(zeros, start + zeros.position());
            }
            filled = start + bytes;
            return true;
        }
    }

    /**
     * Makes all bytes from here to this size zero, durably. What a crash left there must not be taken for records once new
     * ones are written before it.
     */
    void eraseFrom(long offset, long bytes) throws IOException {
        channel.truncate(offset);
        if (bytes > offset) {
            writeFully(ByteBuffer.allocate(1), bytes - 1);
        }
        channel.force(true);
    }

    private void writeFully(ByteBuffer bytes, long offset) throws IOException {
        long at = offset;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    /** Ends the segment at its real length, durably. */
    void finish(long length) throws IOException {
        synchronized (fillLock) {
            // Nothing may be filled behind the end any more.
            filled = Long.MAX_VALUE;
            channel.truncate(length);
        }
        channel.force(true);
    }

    @Override
    public void close() throws IOException {
        try (fillChannel) {
            channel.close();
        }
    }
}
