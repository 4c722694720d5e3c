package dev.cairn.mvcc.backend.lmdb;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import jnr.ffi.LibraryLoader;
import jnr.ffi.types.intptr_t;
import jnr.ffi.types.size_t;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pages of an environment's file that are resident in this process, and an end to those that long walks have brought.
 *
 * <p>Whatever is read from the map stays mapped until the kernel needs memory. To the kernel that costs nothing, but it counts as memory of this
 * process: after a range over a gigabyte an operator sees a gigabyte more, and so does whoever decides which process to end. So the map's
 * pages are let go when walks have made many of them resident. They stay in the kernel's memory of files, and who needs one again maps it again, in less
 * than a microsecond.
 *
 * <p>Linux only; elsewhere, and where the map cannot be found, nothing is let go. Thread-safe, but a {@link Walk} may only be told of records while its
 * transaction keeps the environment open: the range of addresses may be somebody else's afterwards.
 */
final class MappedPages {
    private static final Logger LOG = LoggerFactory.getLogger(MappedPages.class);

    /** After so many bytes of all walks together somebody looks. They may have made far more resident: the kernel maps what lies around them as well. */
    private static final long LOOKED_AFTER_BYTES = 4 << 20;

    /** When so much more is resident than at the last time, the pages are let go. */
    static final long RESIDENT_BYTES_MAX = 64 << 20;

    /** What the kernel counts of this process's memory, in pages; kept open, as to open it takes longer than to read it. */
    private static final @Nullable FileChannel COUNTS = openCounts();

    private static final int COUNTS_BYTES_MAX = 256;
    private static final int COUNT_OF_FILES = 2;

    /** What the kernel calls it. On maps of files that others share it changes no data. */
    private static final int MADV_DONTNEED = 4;

    /** The part of the C library that is needed. */
    public interface Memory {
        int getpagesize();

        int madvise(@intptr_t long address, @size_t long length, int advice);
    }

    /** Loaded by the first who needs it, as a start need not wait for it; null where there is none. */
    private static final class Native {
        static final @Nullable Memory MEMORY = load();

        private static @Nullable Memory load() {
            try {
                return LibraryLoader.create(Memory.class).failImmediately().load("c");
            } catch (LinkageError | RuntimeException e) {
                LOG.atDebug()
                        .setMessage("pages of the store stay resident until the kernel needs memory")
                        .setCause(e)
                        .log();
                return null;
            }
        }
    }

    /** A range of addresses. */
    record Range(long start, long bytes) {
        private static final int SHARED = 3;

        /** Of one line that the kernel tells of this process's memory; empty unless it is the shared map of this file. */
        static Optional<Range> parse(String line, String file) {
            // Every start reads hundreds of them.
            if (!line.endsWith(file)) {
                return Optional.empty();
            }
            String[] fields = line.split(" +", 6);
            if (fields.length < 6 || !fields[5].equals(file) || fields[1].charAt(SHARED) != 's') {
                return Optional.empty();
            }
            int dash = fields[0].indexOf('-');
            long start = Long.parseUnsignedLong(fields[0].substring(0, dash), 16);
            long end = Long.parseUnsignedLong(fields[0].substring(dash + 1), 16);
            return Optional.of(new Range(start, end - start));
        }
    }

    /**
     * What one transaction goes through. The first few records do not count: nobody looks after memory for the sake of single keys. Confined to the
     * transaction's thread.
     */
    final class Walk {
        private static final int FREE_BYTES = 16 << 10;
        private static final int TOLD_EACH_BYTES = 256 << 10;

        /** A record that is looked up brings a page at least, and the records beside it may be of no use. */
        private static final int LOOKUP_BYTES = 1024;

        private long bytes = -FREE_BYTES;

        /** A record was looked up. */
        void found(int valueBytes) {
            passed(valueBytes + LOOKUP_BYTES);
        }

        /** A cursor has stood at a record. */
        void passed(int valueBytes) {
            bytes += valueBytes;
            if (bytes >= TOLD_EACH_BYTES) {
                end();
            }
        }

        /** Tells what has not been told yet, while the environment is open for certain. */
        void end() {
            if (bytes > 0) {
                walked(bytes);
                bytes = 0;
            }
        }
    }

    private final @Nullable Range range;
    private final AtomicLong walked = new AtomicLong();

    /** How many pages of files were resident in this process when those of the map had been let go. */
    private volatile long least;

    private MappedPages(@Nullable Range range) {
        this.range = range;
        this.least = range == null ? 0 : residentPages();
    }

    /** Finds the map of a file that has just been opened. */
    static MappedPages of(Path file) {
        Path maps = Path.of("/proc/self/maps");
        if (!Files.isReadable(maps)) {
            return new MappedPages(null);
        }
        try (var lines = Files.lines(maps)) {
            String path = file.toRealPath().toString();
            return new MappedPages(lines.flatMap(line -> Range.parse(line, path).stream())
                    .findFirst()
                    .orElse(null));
        } catch (IOException | RuntimeException e) {
            LOG.atDebug()
                    .setMessage("the map of the store cannot be found")
                    .setCause(e)
                    .log();
            return new MappedPages(null);
        }
    }

    /** The walk of a transaction that keeps the environment open. */
    Walk walk() {
        return new Walk();
    }

    private void walked(long bytes) {
        Range all = range;
        if (all == null) {
            return;
        }
        long sum = walked.addAndGet(bytes);
        if (sum < LOOKED_AFTER_BYTES || !walked.compareAndSet(sum, 0)) {
            return;
        }
        Memory memory = Native.MEMORY;
        // Who goes through the same pages again and again makes no more of them resident, and had to map them anew each
        // time.
        if (memory == null || (residentPages() - least) * memory.getpagesize() < RESIDENT_BYTES_MAX) {
            return;
        }
        // It may fail, for a map that is locked in memory for example; then all stays as it is.
        memory.madvise(all.start(), all.bytes(), MADV_DONTNEED);
        least = residentPages();
    }

    /** How many pages of files are resident in this process; zero where the kernel does not tell. */
    private static long residentPages() {
        FileChannel counts = COUNTS;
        if (counts == null) {
            return 0;
        }
        try {
            ByteBuffer text = ByteBuffer.allocate(COUNTS_BYTES_MAX);
            counts.read(text, 0);
            String[] fields = new String(text.array(), 0, text.position(), US_ASCII).split(" ", COUNT_OF_FILES + 2);
            return Long.parseLong(fields[COUNT_OF_FILES]);
        } catch (IOException | RuntimeException e) {
            return 0;
        }
    }

    private static @Nullable FileChannel openCounts() {
        try {
            return FileChannel.open(Path.of("/proc/self/statm"), StandardOpenOption.READ);
        } catch (IOException e) {
            return null;
        }
    }
}
