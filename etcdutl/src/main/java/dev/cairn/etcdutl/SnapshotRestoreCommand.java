package dev.cairn.etcdutl;

import dev.cairn.server.backup.DatabaseFile;
import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.backup.archive.PointInTime;
import dev.cairn.server.bootstrap.RestoredCluster;
import dev.cairn.server.bootstrap.RestoredDirectory;
import dev.cairn.server.names.SystemNames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a data directory of a snapshot. */
@Command(
        name = "restore",
        description = {
            "Makes of a snapshot the data directory of a member of a new cluster, on which Cairn and etcd start.",
            "Every member of the new cluster restores the same snapshot, with its own name and URLs."
        },
        mixinStandardHelpOptions = true)
final class SnapshotRestoreCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotRestoreCommand.class);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Parameters(paramLabel = "FILE", arity = "0..*", description = "The snapshot, or the database of a stopped etcd.")
    private List<Path> files = List.of();

    @Option(names = "--data-dir", description = "The data directory to make; the name with '.etcd' if none is given.")
    private Optional<Path> dataDir = Optional.empty();

    @Option(names = "--wal-dir", description = "The directory of the log, where it is not to be in the data directory.")
    private Optional<Path> walDir = Optional.empty();

    @Option(names = "--name", description = "The name of this member.", defaultValue = "default")
    private String name = "";

    @Option(
            names = "--initial-cluster",
            description = "The members of the new cluster: name=URL, separated by commas.",
            defaultValue = "default=http://localhost:2380")
    private String initialCluster = "";

    @Option(
            names = "--initial-cluster-token",
            description = "What tells this cluster from others with the same members.",
            defaultValue = "etcd-cluster")
    private String initialClusterToken = "";

    @Option(
            names = "--initial-advertise-peer-urls",
            description = "Where the other members reach this one.",
            defaultValue = "http://localhost:2380")
    private String peerUrls = "";

    @Option(
            names = "--skip-hash-check",
            arity = "0..1",
            fallbackValue = "true",
            description = "The file has no checksum, because it is a database and no snapshot, or it does not matter.")
    private boolean skipHashCheck;

    @Option(names = "--bump-revision", description = "By how much the newest revision grows.", defaultValue = "0")
    private long bumpRevision;

    @Option(
            names = "--mark-compacted",
            arity = "0..1",
            fallbackValue = "true",
            description = "The newest revision then is marked as compacted; goes with --bump-revision.")
    private boolean markCompacted;

    @Option(names = "--initial-memory-map-size", description = "Is of no use: no file is mapped into memory here.")
    private Optional<Long> memoryMapSize = Optional.empty();

    @Mixin
    private PointOptions point = new PointOptions();

    @Override
    public Integer call() throws Exception {
        if (files.size() != 1) {
            throw new CommandException(
                    "snapshot restore requires exactly one argument", CommandException.BAD_ARGUMENTS);
        }
        if (point.given() && !isGiven("--bump-revision") && !isGiven("--mark-compacted")) {
            // Whoever goes back in time has clients that have seen more.
            bumpRevision = PointOptions.BUMP_DEFAULT;
            markCompacted = true;
        }
        if (bumpRevision < 0) {
            throw new CommandException("--bump-revision is less than 0", CommandException.FAILURE);
        }
        if (markCompacted != bumpRevision > 0) {
            throw new CommandException(
                    "--mark-compacted required if --revision-bump > 0", CommandException.BAD_ARGUMENTS);
        }
        if (memoryMapSize.isPresent()) {
            spec.commandLine()
                    .getErr()
                    .println("--initial-memory-map-size is not used: no file is mapped into memory here.");
        }
        RestoredCluster cluster =
                RestoredCluster.of(name, initialCluster, initialClusterToken, peerUrls, new SystemNames());
        Path target = dataDir.filter(path -> !path.toString().isEmpty()).orElseGet(() -> Path.of(name + ".etcd"));
        RestoredDirectory directory = RestoredDirectory.at(
                target, walDir.filter(path -> !path.toString().isEmpty()));
        Path file = files.get(0);
        tell("restoring snapshot", file, target, directory);
        if (!Files.exists(file)) {
            throw new CommandException("open " + file + ": no such file or directory", CommandException.FAILURE);
        }
        if (Files.isDirectory(file) && !point.given()) {
            throw new CommandException(
                    file + " is a directory: name a file, or a point in time by --to-revision or --to-time",
                    CommandException.BAD_ARGUMENTS);
        }
        try (ProgressLine progress = new ProgressLine(spec.commandLine().getErr())) {
            if (point.given()) {
                restorePoint(file, directory, cluster, progress);
            } else {
                restore(file, directory, cluster, progress);
            }
        }
        tell("restored snapshot", file, target, directory);
        return 0;
    }

    private void restore(Path file, RestoredDirectory directory, RestoredCluster cluster, WorkProgress progress)
            throws Exception {
        try (DatabaseFile content = DatabaseFile.open(file, skipHashCheck, progress)) {
            directory.write(content, cluster, bumpRevision, progress);
        }
    }

    private void restorePoint(Path file, RestoredDirectory directory, RestoredCluster cluster, WorkProgress progress)
            throws Exception {
        PointInTime way = point.find(file, progress);
        try (DatabaseFile content = DatabaseFile.open(way.full().file(), skipHashCheck, progress)) {
            directory.write(way.from(content), cluster, bumpRevision, progress);
        }
        LOG.atInfo()
                .setMessage("restored a point in time")
                .addKeyValue("revision", way.revision())
                .addKeyValue("bumped-by", bumpRevision)
                .addKeyValue("full-backup", way.full().file())
                .addKeyValue("full-backup-revision", way.full().revision())
                .log();
    }

    private boolean isGiven(String option) {
        return spec.commandLine().getParseResult().hasMatchedOption(option);
    }

    /** In the words that scripts look for. */
    private static void tell(String message, Path file, Path target, RestoredDirectory directory) {
        LOG.atInfo()
                .setMessage(message)
                .addKeyValue("path", file)
                .addKeyValue("wal-dir", directory.wal())
                .addKeyValue("data-dir", target)
                .addKeyValue("snap-dir", directory.snap())
                .log();
    }
}
