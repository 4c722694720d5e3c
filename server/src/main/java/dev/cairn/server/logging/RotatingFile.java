package dev.cairn.server.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.cairn.server.config.LogRotation;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Called by one thread at a time. A log file that is put aside before it would grow beyond its bound, under the names that etcd's
 * library for this gives ({@link RotatedFiles}), so that what collects and removes such files goes on working; no appender of logback
 * can name them so. A line longer than the bound has a file of its own.
 */
final class RotatingFile implements LogOutput {
    private static final long MEGABYTE = 1 << 20;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private final Path path;
    private final long bytesMax;
    private final RotatedFiles rotated;
    private final Clock clock;
    private @Nullable OutputStream file;
    private long bytes;

    RotatingFile(Path path, LogRotation rotation, Clock clock) throws IOException {
        this.path = path;
        this.bytesMax = rotation.megabytesMax() * MEGABYTE;
        this.rotated = new RotatedFiles(path, rotation, clock);
        this.clock = clock;
        rotated.tidyLater();
        open();
    }

    @Override
    public void write(ILoggingEvent event, byte[] line) throws IOException {
        OutputStream current = file;
        if (current == null) {
            current = open();
        }
        if (bytes > 0 && bytes + line.length > bytesMax) {
            current = rotate(current);
        }
        current.write(line);
        bytes += line.length;
    }

    private OutputStream rotate(OutputStream full) throws IOException {
        file = null;
        full.close();
        PosixFileAttributes before = Files.readAttributes(path, PosixFileAttributes.class);
        Files.move(path, rotated.nameFor(clock.instant()));
        OutputStream next = create(before.permissions());
        try {
            Files.setOwner(path, before.owner());
        } catch (IOException e) {
            // Only who may give files away can; otherwise the owner is ourselves already.
        }
        rotated.tidyLater();
        return next;
    }

    private OutputStream open() throws IOException {
        Path directory = path.toAbsolutePath().getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        try {
            return create(OWNER_ONLY);
        } catch (FileAlreadyExistsException e) {
            OutputStream existing = new FileOutputStream(path.toFile(), true);
            file = existing;
            bytes = Files.size(path);
            return existing;
        }
    }

    private OutputStream create(Set<PosixFilePermission> permissions) throws IOException {
        Files.createFile(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        if (!permissions.equals(OWNER_ONLY)) {
            Files.setPosixFilePermissions(path, permissions);
        }
        OutputStream created = new FileOutputStream(path.toFile(), true);
        file = created;
        bytes = 0;
        return created;
    }
}
