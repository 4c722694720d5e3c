package dev.cairn.server.install;

import dev.cairn.mvcc.StoreOptions;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The directories beside a member's store in which others are built: {@code member/lmdb.<n>.tmp}, on the same file system, so that one can take
 * the store's place by a rename. What is found there at the start is what a crash has left, and is removed. Thread-safe.
 */
final class AsideStores {
    private static final String PREFIX = "lmdb.";
    private static final String SUFFIX = ".tmp";
    private static final String DATA_FILE = "data.mdb";

    private final Path member;
    private final Function<Path, StoreOptions> options;
    private final AtomicLong last = new AtomicLong();

    /** @param member the directory in which the store's own directory lies */
    AsideStores(Path member, long quotaBytes) {
        this(member, directory -> StoreOptions.lmdb(directory, Math.max(quotaBytes, 0)));
    }

    /** @param options what is to be built in a directory */
    AsideStores(Path member, Function<Path, StoreOptions> options) {
        this.member = member;
        this.options = options;
    }

    /** A new, empty directory. */
    Path create() throws IOException {
        Path directory = member.resolve(PREFIX + last.incrementAndGet() + SUFFIX);
        remove(directory);
        return Files.createDirectory(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    StoreOptions options(Path directory) {
        return options.apply(directory);
    }

    /** Removes all: at the start, when none of them is in use. */
    void removeAll() throws IOException {
        List<Path> found;
        try (Stream<Path> files = Files.list(member)) {
            found = files.filter(file -> {
                        String name = file.getFileName().toString();
                        return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
                    })
                    .toList();
        }
        for (Path directory : found) {
            remove(directory);
        }
    }

    /** Removes a directory with the files in it; there are no directories within. */
    static void remove(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            return;
        }
        Files.deleteIfExists(directory);
    }

    /**
     * Puts a store that is closed and durable in the place of another that is closed, or of none. A crash leaves the one or the other.
     */
    static void move(Path from, Path to) throws IOException {
        Files.move(from.resolve(DATA_FILE), to.resolve(DATA_FILE), StandardCopyOption.ATOMIC_MOVE);
        sync(to);
        remove(from);
    }

    static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
