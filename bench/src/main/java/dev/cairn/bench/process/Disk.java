package dev.cairn.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The block device that a directory lies on. What the kernel counts for a process is no use here: it charges a process that changes four
 * kilobytes with the whole piece of memory that holds them, dozens of times as much as is written. Thread-safe.
 *
 * @param statistics where the kernel counts, see its {@code Documentation/block/stat.rst}
 */
record Disk(Path statistics) {
    private static final int SECTORS_WRITTEN = 6;
    private static final double SECTOR_BYTES = 512;

    static Disk of(Path directory) throws IOException {
        long device = (Long) Files.getAttribute(directory, "unix:dev");
        long major = device >>> 8 & 0xfff;
        long minor = device & 0xff | device >>> 12 & 0xfff00;
        return new Disk(Path.of("/sys/dev/block", major + ":" + minor, "stat"));
    }

    /**
     * What anybody has written to it, with what waits in memory, which is written now.
     *
     * @return NaN where nobody counts, as in memory
     */
    double bytesWritten() throws IOException {
        if (!Files.exists(statistics)) {
            return Double.NaN;
        }
        try {
            new ProcessBuilder("sync").inheritIO().start().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        String[] counts = Files.readString(statistics).trim().split("\\s+");
        return Long.parseLong(counts[SECTORS_WRITTEN]) * SECTOR_BYTES;
    }
}
