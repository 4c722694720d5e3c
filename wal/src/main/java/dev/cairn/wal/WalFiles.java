package dev.cairn.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** The door to the file system: how segments are opened. Tests put failing channels behind it. */
interface WalFiles {
    /** The real thing. */
    WalFiles REAL = (file, options) -> FileChannel.open(
            file, options, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));

    /** Opens a file; one that is created can be read and written by its owner only. */
    FileChannel open(Path file, Set<? extends OpenOption> options) throws IOException;

    /** Creates a directory, and its parents, that only its owner can enter. */
    static void createDirectories(Path directory) throws IOException {
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Makes created, renamed and deleted names of a directory durable. */
    static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Makes the name of a file or directory itself durable. */
    static void syncParent(Path file) throws IOException {
        syncDirectory(Objects.requireNonNull(file.toAbsolutePath().getParent(), "parent of a file system's root"));
    }

    /** Removes a flat directory; one that is not there is fine. */
    static void deleteFlatDirectory(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
