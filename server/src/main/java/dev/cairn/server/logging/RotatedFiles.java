package dev.cairn.server.logging;

import dev.cairn.server.config.LogRotation;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. The files that a {@link RotatingFile} has put aside: {@code etcd.log} becomes {@code etcd-2026-11-21T10-20-30.000.log}
 * and, when files are compressed, {@code ...log.gz}. On a thread of its own, which is there only while there is something to do, files
 * are compressed, and removed when they are too old or too many.
 */
final class RotatedFiles {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH-mm-ss.SSS");
    private static final String COMPRESSED = ".gz";
    private static final long IDLE_SECONDS = 5;

    /** Between two files of the same millisecond. */
    private static final int NAME_ATTEMPTS_MAX = 1000;

    private final Path directory;
    private final String prefix;
    private final String extension;
    private final LogRotation rotation;
    private final Clock clock;
    private final ThreadPoolExecutor tidier;

    /** @param timestamp of the name, read as UTC whichever time it tells, as etcd does */
    private record Backup(Path file, String plainName, Instant timestamp) {
        boolean isCompressed() {
            return file.toString().endsWith(COMPRESSED);
        }
    }

    RotatedFiles(Path log, LogRotation rotation, Clock clock) {
        Path absolute = log.toAbsolutePath();
        String name = String.valueOf(absolute.getFileName());
        int dot = name.lastIndexOf('.');
        this.directory = absolute.resolveSibling("");
        this.extension = dot < 0 ? "" : name.substring(dot);
        this.prefix = name.substring(0, name.length() - extension.length()) + "-";
        this.rotation = rotation;
        this.clock = clock;
        // One round that waits is enough: it looks at everything.
        this.tidier = new ThreadPoolExecutor(
                1,
                1,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(1),
                work -> {
                    Thread thread = new Thread(work, "etcd-log-files");
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        tidier.allowCoreThreadTimeOut(true);
    }

    /** The name under which the log that is full now is kept; no file has it yet. */
    Path nameFor(Instant now) throws IOException {
        ZoneId zone = rotation.localTime() ? clock.getZone() : ZoneOffset.UTC;
        for (int later = 0; later < NAME_ATTEMPTS_MAX; later++) {
            String time = TIME.format(now.plusMillis(later).atZone(zone));
            Path name = directory.resolve(prefix + time + extension);
            if (!Files.exists(name) && !Files.exists(Path.of(name + COMPRESSED))) {
                return name;
            }
        }
        throw new IOException("can't rename log file: too many files of this moment");
    }

    void tidyLater() {
        if (rotation.backupsMax() > 0 || rotation.daysMax() > 0 || rotation.compress()) {
            tidier.execute(this::tidy);
        }
    }

    private void tidy() {
        for (Backup backup : tooManyOrTooOld()) {
            try {
                Files.deleteIfExists(backup.file());
            } catch (IOException e) {
                // The next round tries again; a log that cannot be tidied goes on being written.
            }
        }
        if (rotation.compress()) {
            for (Backup backup : backups()) {
                compress(backup);
            }
        }
    }

    private List<Backup> tooManyOrTooOld() {
        List<Backup> remove = new ArrayList<>();
        Instant oldest = clock.instant().minus(Duration.ofDays(rotation.daysMax()));
        Set<String> kept = new HashSet<>();
        for (Backup backup : backups()) {
            // A file and its half compressed form are one.
            boolean within = rotation.backupsMax() == 0
                    || kept.contains(backup.plainName())
                    || kept.size() < rotation.backupsMax();
            boolean young = rotation.daysMax() == 0 || !backup.timestamp().isBefore(oldest);
            if (within && young) {
                kept.add(backup.plainName());
            } else {
                remove.add(backup);
            }
        }
        return remove;
    }

    /** The newest first. */
    private List<Backup> backups() {
        List<Backup> backups = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            files.filter(Files::isRegularFile).forEach(file -> {
                Backup backup = backup(file);
                if (backup != null) {
                    backups.add(backup);
                }
            });
        } catch (IOException e) {
            return List.of();
        }
        backups.sort(Comparator.comparing(Backup::timestamp).reversed());
        return backups;
    }

    private @Nullable Backup backup(Path file) {
        String name = String.valueOf(file.getFileName());
        String plain = name.endsWith(COMPRESSED) ? name.substring(0, name.length() - COMPRESSED.length()) : name;
        if (!plain.startsWith(prefix)
                || !plain.endsWith(extension)
                || plain.length() < prefix.length() + extension.length()) {
            return null;
        }
        String time = plain.substring(prefix.length(), plain.length() - extension.length());
        try {
            return new Backup(file, plain, LocalDateTime.parse(time, TIME).toInstant(ZoneOffset.UTC));
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private void compress(Backup backup) {
        if (backup.isCompressed()) {
            return;
        }
        Path target = Path.of(backup.file() + COMPRESSED);
        try {
            // What a killed process left of an earlier attempt is made anew.
            Files.deleteIfExists(target);
            Files.createFile(
                    target, PosixFilePermissions.asFileAttribute(Files.getPosixFilePermissions(backup.file())));
            try (InputStream from = Files.newInputStream(backup.file());
                    OutputStream to = new java.util.zip.GZIPOutputStream(Files.newOutputStream(target))) {
                from.transferTo(to);
            }
            Files.delete(backup.file());
        } catch (IOException e) {
            try {
                Files.deleteIfExists(target);
            } catch (IOException again) {
                e.addSuppressed(again);
            }
        }
    }
}
