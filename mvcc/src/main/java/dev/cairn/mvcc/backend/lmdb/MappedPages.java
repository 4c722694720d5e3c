package dev.cairn.mvcc.backend.lmdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * pages are let go each time that walks have gone through so many bytes. They stay in the kernel's memory of files, and who needs one again maps it again, in less
 * than a microsecond.
 *
 * <p>Linux only; elsewhere, and where the map cannot be found, nothing is let go. Thread-safe, but a {@link Walk} may only be told of records while its
 * transaction keeps the environment open: the range of addresses may be somebody else's afterwards.
 */
final class MappedPages {
    private static final Logger LOG = LoggerFactory.getLogger(MappedPages.class);

    /** After so many bytes, of all walks together, the pages are let go. */
    static final long LET_GO_AFTER_BYTES = 64 << 20;

    /** What the kernel calls it. On maps of files that others share it changes no data. */
    private static final int MADV_DONTNEED = 4;

    /** The part of the C library that is needed. */
    public interface Memory {
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
     * What one transaction goes through. Its first megabyte does not count, so those who look up single keys cost nobody the pages that are used again
     * and again. Confined to the transaction's thread.
     */
    final class Walk {
        private static final int TOLD_EACH_BYTES = 1 << 20;

        /** A record that is looked up brings a page at least, and the records beside it may be of no use. */
        private static final int LOOKUP_BYTES = 1024;

        private long bytes;

        /** A record was looked up. */
        void found(int valueBytes) {
            passed(valueBytes + LOOKUP_BYTES);
        }

        /** A cursor has stood at a record. */
        void passed(int valueBytes) {
            bytes += valueBytes;
            if (bytes >= 2 * TOLD_EACH_BYTES) {
                walked(bytes - TOLD_EACH_BYTES);
                bytes = TOLD_EACH_BYTES;
            }
        }
    }

    private final @Nullable Range range;
    private final AtomicLong walked = new AtomicLong();

    private MappedPages(@Nullable Range range) {
        this.range = range;
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

    /** Whether the map was found. */
    boolean areKnown() {
        return range != null;
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
        if (sum < LET_GO_AFTER_BYTES || !walked.compareAndSet(sum, 0)) {
            return;
        }
        Memory memory = Native.MEMORY;
        if (memory != null) {
            // It may fail, for a map that is locked in memory for example; then all stays as it is.
            memory.madvise(all.start(), all.bytes(), MADV_DONTNEED);
        }
    }
}
