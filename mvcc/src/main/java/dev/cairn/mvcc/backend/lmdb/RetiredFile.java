package dev.cairn.mvcc.backend.lmdb;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/**
 * A file of which another one is about to take the name. A file system that frees some gigabytes at once keeps every sync waiting meanwhile; so the space is
 * given back piece by piece.
 *
 * <p>Confined to the caller's thread.
 */
final class RetiredFile implements AutoCloseable {
    private static final long STEP_BYTES = 16L << 20;

    private final FileChannel channel;
    private final boolean shared;

    private RetiredFile(FileChannel channel, boolean shared) {
        this.channel = channel;
        this.shared = shared;
    }

    /** To be opened as long as the file has its name. */
    static RetiredFile open(Path file) throws IOException {
        boolean shared = file.getFileSystem().supportedFileAttributeViews().contains("unix")
                && !Files.getAttribute(file, "unix:nlink").equals(1);
        return new RetiredFile(FileChannel.open(file, StandardOpenOption.WRITE), shared);
    }

    /**
     * Gives the space back. Only when nobody has a map of the file, and it has no name any more; what somebody has given a second name is left as it is.
     *
     * @param pace told between two pieces for how many nanoseconds the last one went; may wait
     */
    void giveBack(LongConsumer pace) throws IOException {
        if (shared) {
            return;
        }
        for (long size = channel.size(); size > 0; ) {
            long started = System.nanoTime();
            size = Math.max(0, size - STEP_BYTES);
            channel.truncate(size);
            if (size > 0) {
                pace.accept(System.nanoTime() - started);
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
