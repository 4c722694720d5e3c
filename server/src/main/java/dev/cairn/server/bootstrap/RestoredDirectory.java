package dev.cairn.server.bootstrap;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.StartException;
import dev.cairn.server.backup.DatabaseWriter;
import dev.cairn.server.backup.SnapshotRestore;
import dev.cairn.server.backup.TableSource;
import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.V2StoreFormat;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalListener;
import dev.cairn.wal.WalMetadata;
import dev.cairn.wal.WalOptions;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A data directory that is made of a snapshot, in etcd's own layout: an etcd starts on it, and so does our server, which takes it over as it
 * does with any of etcd's. Used once, by one thread.
 *
 * <p><b>Crash.</b> Everything is made in {@code member.restoring}, beside the {@code member} that it becomes by a rename when all of it is
 * durable; what is found under that name was left behind by a crash, and the next restore removes it. A log that lies elsewhere is made
 * beside its place in the same way and is renamed last: without it our server refuses the directory, while a log without its database would
 * look like a new cluster.
 */
public final class RestoredDirectory {
    private static final String MEMBER = "member";
    private static final String UNFINISHED = ".restoring";

    /** The server's lock has this name too, so that it is known in either. */
    private static final String LOCK = "lock";

    private final Path dataDir;

    /** Where the log goes if it is not to lie in the member's directory; absolute. */
    private final Optional<Path> elsewhere;

    /** What the log's directory is called in the member's. */
    private final Path logInside;

    private RestoredDirectory(Path dataDir, Optional<Path> elsewhere, Path logInside) {
        this.dataDir = dataDir;
        this.elsewhere = elsewhere;
        this.logInside = logInside;
    }

    /**
     * Where a member is to be restored. Nothing is written yet.
     *
     * @param walDir as {@code --wal-dir}; within the data directory where there is none
     * @throws StartException in etcd's words when there is something already
     */
    public static RestoredDirectory at(Path dataDir, Optional<Path> walDir) throws StartException {
        if (!isFree(dataDir)) {
            throw notEmpty(dataDir);
        }
        Path member = absolute(dataDir).resolve(MEMBER);
        if (walDir.isEmpty()) {
            return new RestoredDirectory(dataDir, Optional.empty(), Path.of("wal"));
        }
        if (Files.exists(walDir.get(), LinkOption.NOFOLLOW_LINKS)) {
            throw new StartException("wal-dir \"" + walDir.get() + "\" exists");
        }
        Path log = absolute(walDir.get());
        if (member.startsWith(log)) {
            throw new StartException("wal-dir \"" + walDir.get() + "\" would hold the database");
        }
        return log.startsWith(member)
                ? new RestoredDirectory(dataDir, Optional.empty(), member.relativize(log))
                : new RestoredDirectory(dataDir, Optional.of(log), Path.of("wal"));
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private static StartException notEmpty(Path dataDir) {
        return new StartException("data-dir \"" + dataDir + "\" not empty or could not be read");
    }

    /** What a crash has left of another restore does not count. */
    private static boolean isFree(Path dataDir) {
        if (!Files.exists(dataDir, LinkOption.NOFOLLOW_LINKS)) {
            return true;
        }
        try (Stream<Path> files = Files.list(dataDir)) {
            return files.allMatch(file -> file.getFileName().toString().equals(MEMBER + UNFINISHED));
        } catch (IOException e) {
            return false;
        }
    }

    /** Where the log will be. */
    public Path wal() {
        return elsewhere.orElse(dataDir.resolve(MEMBER).resolve(logInside));
    }

    /** Where the database will be. */
    public Path snap() {
        return dataDir.resolve(MEMBER).resolve("snap");
    }

    /**
     * Makes the directory, durably. What was made before a failure is removed again.
     *
     * @param content of the snapshot
     * @param revisionBump see {@link SnapshotRestore}
     * @return the length of the database
     * @throws StartException when the place is taken meanwhile
     */
    public long write(TableSource content, RestoredCluster cluster, long revisionBump, WorkProgress progress)
            throws IOException, StartException {
        boolean isNew = !Files.exists(dataDir);
        createPrivate(dataDir);
        Path unfinished = dataDir.resolve(MEMBER + UNFINISHED);
        createPrivate(unfinished);
        try (FileChannel lockFile = FileChannel.open(
                unfinished.resolve(LOCK),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            // Given back with the file, whatever its directory is called by then.
            lock(lockFile);
            if (!isFree(dataDir)) {
                // Another restore has come to its end between our look and our lock.
                throw notEmpty(dataDir);
            }
            try {
                return make(unfinished, content, cluster, revisionBump, progress);
            } catch (IOException | RuntimeException e) {
                cleanUp(unfinished, isNew, e);
                throw e;
            }
        }
    }

    /** Leaves the place as it was, as far as possible. */
    private void cleanUp(Path unfinished, boolean isNew, Exception reason) {
        try {
            removeTree(unfinished);
            if (elsewhere.isPresent()) {
                removeTree(unfinished(elsewhere.get()));
            }
            if (isNew && isFree(dataDir)) {
                Files.deleteIfExists(dataDir);
            }
        } catch (IOException e) {
            // What is left has a name that nobody takes for a member's.
            reason.addSuppressed(e);
        }
    }

    private void lock(FileChannel file) throws IOException, StartException {
        FileLock lock = null;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException e) {
            // Held in this process.
        }
        if (lock == null) {
            throw new StartException("another restore is making \"" + dataDir + "\"");
        }
    }

    private long make(
            Path unfinished, TableSource content, RestoredCluster cluster, long revisionBump, WorkProgress progress)
            throws IOException {
        removeContent(unfinished);
        Path snap = unfinished.resolve("snap");
        createPrivate(snap);
        List<Member> members = cluster.members();
        long index = members.size();
        long term = Bootstrap.FOUNDING_TERM;
        long bytes = DatabaseWriter.write(
                new SnapshotRestore(members, index, term, revisionBump).restored(content),
                snap.resolve("db"),
                progress);

        Cluster.View view = new Cluster.View(members, Set.of(), null, null);
        ConfState confState = ConfStateFormat.confState(view);
        SnapshotMetadata place = new SnapshotMetadata(confState, index, term);
        new SnapStore(snap).save(new Snapshot(V2StoreFormat.encode(view), place));
        Path log = elsewhere.map(RestoredDirectory::unfinished).orElse(unfinished.resolve(logInside));
        removeTree(log);
        createPrivate(log);
        WalMetadata metadata = new WalMetadata(
                cluster.identity().memberId(), cluster.identity().clusterId());
        // Voted for is whom etcd's tool has every member vote for.
        HardState state = new HardState(term, members.get(0).id(), index);
        try (WalWriter wal = WalWriter.create(
                log,
                metadata,
                Bootstrap.foundingEntries(members),
                state,
                WalOptions.of(Runnable::run, WalListener.NONE))) {
            wal.saveSnapshot(place);
        }
        sync(snap);
        sync(unfinished);
        Files.move(unfinished, dataDir.resolve(MEMBER), StandardCopyOption.ATOMIC_MOVE);
        sync(dataDir);
        syncParent(dataDir);
        if (elsewhere.isPresent()) {
            Files.move(log, elsewhere.get(), StandardCopyOption.ATOMIC_MOVE);
            syncParent(elsewhere.get());
        }
        return bytes;
    }

    private static Path unfinished(Path directory) {
        return directory.resolveSibling(directory.getFileName() + UNFINISHED);
    }

    private static void createPrivate(Path directory) throws IOException {
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new NotDirectoryException(directory.toString());
        }
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Everything but the lock, whose holder this is. */
    private static void removeContent(Path unfinished) throws IOException {
        try (Stream<Path> files = Files.list(unfinished)) {
            for (Path file : files.toList()) {
                if (!file.getFileName().toString().equals(LOCK)) {
                    removeTree(file);
                }
            }
        }
    }

    private static void removeTree(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void syncParent(Path path) throws IOException {
        Path parent = path.toAbsolutePath().getParent();
        if (parent != null) {
            sync(parent);
        }
    }
}
