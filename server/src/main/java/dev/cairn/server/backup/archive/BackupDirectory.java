package dev.cairn.server.backup.archive;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names and places of the backups of one cluster. Immutable; the directory itself is read anew in each call.
 *
 * <pre>
 * BACKUP-DIR/CLUSTER/                                            one directory a cluster, by its ID in hex
 *   20261122T031500Z-0000000000000004711-LINE.db                 full backup: UTC, newest revision, line (without archive: no line)
 *   MEMBER.part                                                  a full backup that a member is at, or did not get to the end of
 *   archive/0000000000000004712-LINE-MEMBER-1795317300123.log    segment: first revision that may be in it, line, who began it and when
 * </pre>
 *
 * IDs and lines are 16 digits of hex, revisions 19 decimal digits, so that names sort by what they tell. Files with other names are nobody's
 * business here: they are neither read nor removed.
 */
public final class BackupDirectory {
    private static final Pattern FULL = Pattern.compile("(\\d{8}T\\d{6}Z)-(\\d{19})(?:-([0-9a-f]{16}))?\\.db");
    private static final Pattern SEGMENT = Pattern.compile("(\\d{19})-([0-9a-f]{16})-([0-9a-f]{16})-(\\d{1,18})\\.log");
    private static final Pattern CLUSTER = Pattern.compile("[0-9a-f]{16}");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'");

    private final Path top;
    private final Path path;

    private BackupDirectory(Path top, Path path) {
        this.top = top;
        this.path = path;
    }

    /**
     * A full backup.
     *
     * @param time a whole second at which its content had been written already
     * @param revision the newest one in it
     * @param line the history that it belongs to; empty if none was archived
     */
    public record Full(Path file, Instant time, long revision, OptionalLong line) {}

    /**
     * A piece of the archive.
     *
     * @param after it begins behind this revision
     * @param created by the clock of the member that began it
     */
    public record Segment(Path file, long after, long line, long member, long created) {}

    /** The part of a cluster in a backup directory. */
    public static BackupDirectory of(Path top, long cluster) {
        return new BackupDirectory(top, top.resolve(hex(cluster)));
    }

    /**
     * Finds the cluster in what an operator has named: a backup directory with one cluster in it, or the directory of a cluster.
     *
     * @throws ArchiveException when there is none, or more than one
     */
    public static BackupDirectory find(Path named) throws IOException {
        List<Path> clusters = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(named)) {
            for (Path entry : entries) {
                if (CLUSTER.matcher(nameOf(entry)).matches() && Files.isDirectory(entry)) {
                    clusters.add(entry);
                }
            }
        } catch (NotDirectoryException e) {
            throw new ArchiveException(named + " is not a backup directory");
        }
        if (clusters.size() == 1) {
            return new BackupDirectory(named, clusters.get(0));
        }
        BackupDirectory itself = new BackupDirectory(named, named);
        if (clusters.isEmpty() && !itself.fulls().isEmpty()) {
            return itself;
        }
        throw new ArchiveException(
                clusters.isEmpty()
                        ? named + " holds no full backup"
                        : named + " holds the backups of " + clusters.size() + " clusters, name one of them: "
                                + clusters.stream().sorted().toList());
    }

    /** Makes what is missing below the backup directory, which must be there: a file system that is not mounted must not be written beside. */
    public void prepare() throws IOException {
        if (!Files.isDirectory(top)) {
            throw new NoSuchFileException(top.toString(), null, "the backup directory is not there");
        }
        makeDirectory(path);
        makeDirectory(archive());
    }

    private static void makeDirectory(Path directory) throws IOException {
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            sync(Objects.requireNonNull(directory.toAbsolutePath().getParent()));
        } catch (FileAlreadyExistsException e) {
            // Another member, or an earlier run, was here first.
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        }
    }

    /** Makes created, renamed and removed names durable. */
    public static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Where the full backups are. */
    public Path path() {
        return path;
    }

    /** Where the segments are. */
    public Path archive() {
        return path.resolve("archive");
    }

    /** Where a member writes its next full backup; the next attempt writes it anew, so there is never more than one for each. */
    public Path part(long member) {
        return path.resolve(hex(member) + ".part");
    }

    /** The name of a finished full backup. */
    public Path full(Instant time, long revision, OptionalLong line) {
        String at = TIME.format(LocalDateTime.ofInstant(time, ZoneOffset.UTC));
        return path.resolve(
                at + '-' + decimal(revision) + (line.isPresent() ? '-' + hex(line.getAsLong()) : "") + ".db");
    }

    /** The name of a segment that is about to begin. */
    public Path segment(SegmentHeader header) {
        return archive()
                .resolve(decimal(header.after() + 1) + '-' + hex(header.line()) + '-' + hex(header.member()) + '-'
                        + header.created() + ".log");
    }

    /** All full backups, the oldest first; empty when the directory is not there yet. */
    public List<Full> fulls() throws IOException {
        List<Full> found = new ArrayList<>();
        for (Path file : files(path)) {
            Full full = fullOf(file);
            if (full != null) {
                found.add(full);
            }
        }
        found.sort(Comparator.comparing(Full::time).thenComparing(Full::revision));
        return found;
    }

    /** All segments in the order of their names: of revisions, then of lines. */
    public List<Segment> segments() throws IOException {
        List<Segment> found = new ArrayList<>();
        for (Path file : files(archive())) {
            Matcher name = SEGMENT.matcher(nameOf(file));
            if (name.matches()) {
                long first = revision(name.group(1));
                if (first > 0) {
                    found.add(new Segment(
                            file,
                            first - 1,
                            Long.parseUnsignedLong(name.group(2), 16),
                            Long.parseUnsignedLong(name.group(3), 16),
                            Long.parseLong(name.group(4))));
                }
            }
        }
        found.sort(Comparator.comparing(segment -> nameOf(segment.file())));
        return found;
    }

    private static List<Path> files(Path directory) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(files::add);
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        return files;
    }

    private static @Nullable Full fullOf(Path file) {
        Matcher name = FULL.matcher(nameOf(file));
        if (!name.matches()) {
            return null;
        }
        long revision = revision(name.group(2));
        if (revision < 0) {
            return null;
        }
        try {
            Instant time = LocalDateTime.parse(name.group(1), TIME).toInstant(ZoneOffset.UTC);
            String line = name.group(3);
            return new Full(
                    file,
                    time,
                    revision,
                    line == null ? OptionalLong.empty() : OptionalLong.of(Long.parseUnsignedLong(line, 16)));
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** Nineteen digits may be more than a revision can be: -1. */
    private static long revision(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private static String nameOf(Path file) {
        return String.valueOf(file.getFileName());
    }

    private static String decimal(long revision) {
        return String.format("%019d", revision);
    }

    /** An ID as names carry it. */
    public static String hex(long id) {
        return String.format("%016x", id);
    }
}
