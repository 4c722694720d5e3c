package dev.cairn.it.backup;

import dev.cairn.it.process.ServerProcess;
import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.backup.archive.ArchiveException;
import dev.cairn.server.backup.archive.BackupDirectory;
import dev.cairn.server.backup.archive.BackupDirectory.Full;
import dev.cairn.server.backup.archive.PointInTime;
import dev.cairn.server.backup.archive.Target;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The backup directory of a server that writes to it by itself. */
public final class Backups {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Path directory;

    public Backups(Path directory) {
        this.directory = directory;
    }

    /** Waits for a full backup that holds this revision; which one is found is chance. */
    public Full awaitFull(long revision, ServerProcess server) throws IOException {
        server.await(
                "a full backup of revision " + revision,
                LIMIT,
                () -> full(revision).isPresent());
        return full(revision).orElseThrow();
    }

    /** Waits until this point can be restored. */
    public void awaitReached(Target target, ServerProcess server) {
        server.await(target + " in the archive", LIMIT, () -> reaches(target));
    }

    private Optional<Full> full(long revision) throws IOException {
        try {
            return BackupDirectory.find(directory).fulls().stream()
                    .filter(full -> full.revision() >= revision)
                    .findFirst();
        } catch (ArchiveException notYet) {
            return Optional.empty();
        }
    }

    private boolean reaches(Target target) {
        try {
            PointInTime.find(BackupDirectory.find(directory), target, WorkProgress.UNSEEN);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }
}
