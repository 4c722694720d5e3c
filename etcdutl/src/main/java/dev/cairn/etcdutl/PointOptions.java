package dev.cairn.etcdutl;

import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.backup.archive.BackupDirectory;
import dev.cairn.server.backup.archive.PointInTime;
import dev.cairn.server.backup.archive.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that name a point in time, and what they mean for a restore. */
final class PointOptions {
    /** More than a cluster writes in the time for which clients remember revisions; what Kubernetes' documentation recommends. */
    static final long BUMP_DEFAULT = 1_000_000_000;

    @Option(
            names = "--to-revision",
            paramLabel = "N",
            description = {
                "Restores the store as it was when N was its newest revision. FILE is the backup directory of a server with",
                "--backup-archive. The revision is bumped by " + BUMP_DEFAULT + " and marked as compacted, unless",
                "--bump-revision or --mark-compacted say otherwise."
            })
    private Optional<Long> revision = Optional.empty();

    @Option(
            names = "--to-time",
            paramLabel = "TIME",
            description = "As --to-revision, by the time, in the form of RFC 3339: 2026-11-22T03:15:00Z.")
    private Optional<String> time = Optional.empty();

    /** Whether a point in time is wanted. */
    boolean given() {
        return revision.isPresent() || time.isPresent();
    }

    /** What is to be done with this argument: looks for the way, which reads the archive. */
    PointInTime find(Path directory, WorkProgress progress) throws IOException, CommandException {
        Target target = target();
        if (!Files.isDirectory(directory)) {
            throw new CommandException(
                    directory + " is not a backup directory, which --to-revision and --to-time need",
                    CommandException.BAD_ARGUMENTS);
        }
        return PointInTime.find(BackupDirectory.find(directory), target, progress);
    }

    private Target target() throws CommandException {
        if (revision.isPresent() && time.isPresent()) {
            throw new CommandException(
                    "--to-revision and --to-time exclude each other", CommandException.BAD_ARGUMENTS);
        }
        if (revision.isPresent()) {
            if (revision.get() < 1) {
                throw new CommandException("--to-revision is less than 1", CommandException.BAD_ARGUMENTS);
            }
            return new Target.AtRevision(revision.get());
        }
        String text = time.orElseThrow();
        try {
            Instant instant = OffsetDateTime.parse(text).toInstant();
            return new Target.AtTime(instant);
        } catch (DateTimeParseException e) {
            throw new CommandException(
                    "--to-time " + text + " is not a time as 2026-11-22T03:15:00Z", CommandException.BAD_ARGUMENTS);
        }
    }
}
