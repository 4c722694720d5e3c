package dev.cairn.wal;

import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The {@code .snap} files of a member, and the databases received with them.
 *
 * <p>Thread-safe: it holds no state, and files appear under their names only when they are whole and durable. A snapshot is
 * saved here first and recorded in the log second; a file without a record does not count.
 */
public final class SnapStore {
    /** Files that a crash left behind; etcd's names. */
    private static final String TEMPORARY_PREFIX = "tmp";

    private static final String DATABASE_TEMPORARY_PREFIX = "db.tmp.";

    private static final Comparator<Path> NEWEST_FIRST =
            Comparator.comparing((Path file) -> file.getFileName().toString()).reversed();

    private final Path directory;
    private SnapListener listener = SnapListener.NONE;

    public SnapStore(Path directory) {
        this.directory = directory;
    }

    /** Names who hears of what is written. Before the first snapshot is. */
    public void reportTo(SnapListener newListener) {
        listener = newListener;
    }

    /** Writes a snapshot, durably. */
    public Path save(Snapshot snapshot) throws IOException {
        if (snapshot.isEmpty()) {
            throw new IllegalArgumentException("there is no snapshot at the start of the log");
        }
        long begun = System.nanoTime();
        byte[] encoded = SnapFormat.encode(snapshot);
        listener.snapshotEncoded(System.nanoTime() - begun);
        String name = SnapFormat.fileName(
                snapshot.metadata().term(), snapshot.metadata().index());
        Path temporary = directory.resolve(TEMPORARY_PREFIX + '-' + name);
        Path target = directory.resolve(name);
        Files.deleteIfExists(temporary);
        try (FileChannel channel =
                WalFiles.REAL.open(temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
            ByteBuffer content = ByteBuffer.wrap(encoded);
            while (content.hasRemaining()) {
                channel.write(content);
            }
            long syncing = System.nanoTime();
            channel.force(true);
            listener.snapshotSynced(System.nanoTime() - syncing);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        WalFiles.syncDirectory(directory);
        listener.snapshotSaved(System.nanoTime() - begun);
        return target;
    }

    /** The newest snapshot that can be read. Files that cannot are renamed to {@code .broken}. */
    public Optional<Snapshot> loadNewest() throws IOException {
        return load(snapshot -> true);
    }

    /**
     * The newest snapshot that can be read and that the log has a record of.
     *
     * @param recorded what {@link WalReader#validSnapshots} says
     */
    public Optional<Snapshot> loadNewest(Collection<SnapshotMetadata> recorded) throws IOException {
        Set<Place> places = new HashSet<>();
        for (SnapshotMetadata each : recorded) {
            places.add(new Place(each.index(), each.term()));
        }
        return load(snapshot -> places.contains(
                new Place(snapshot.metadata().index(), snapshot.metadata().term())));
    }

    /** The snapshots that cannot be read, as they lie there; nothing is renamed. */
    public List<Path> unreadable() throws IOException {
        List<Path> found = new ArrayList<>();
        for (Path file : snapshots()) {
            boolean sound = Files.size(file) <= SnapFormat.SNAP_BYTES_MAX
                    && SnapFormat.decode(Files.readAllBytes(file)).isPresent();
            if (!sound) {
                found.add(file);
            }
        }
        return found;
    }

    /**
     * Removes the oldest snapshots until so many are left.
     *
     * @param snapshotsMax how many to keep; zero keeps all
     * @return the removed files
     */
    public List<Path> purge(int snapshotsMax) throws IOException {
        List<Path> removed = new ArrayList<>();
        if (snapshotsMax > 0) {
            List<Path> files = snapshots();
            for (Path file : files.subList(Math.min(snapshotsMax, files.size()), files.size())) {
                if (Files.deleteIfExists(file)) {
                    removed.add(file);
                }
            }
        }
        return removed;
    }

    /** Removes received databases of snapshots before this index: they were applied or overtaken. */
    public List<Path> purgeDatabases(long index) throws IOException {
        List<Path> removed = new ArrayList<>();
        for (Path file : list()) {
            Optional<Long> of = SnapFormat.databaseIndex(file);
            if (of.isPresent() && Long.compareUnsigned(of.get(), index) < 0 && Files.deleteIfExists(file)) {
                removed.add(file);
            }
        }
        return removed;
    }

    /** Removes what a crash left half written. Before anything else at start. */
    public List<Path> removeTemporaries() throws IOException {
        List<Path> removed = new ArrayList<>();
        for (Path file : list()) {
            String name = file.getFileName().toString();
            boolean temporary = name.startsWith(TEMPORARY_PREFIX) || name.startsWith(DATABASE_TEMPORARY_PREFIX);
            if (temporary && Files.deleteIfExists(file)) {
                removed.add(file);
            }
        }
        return removed;
    }

    /** Where a database received with a snapshot lies until it is applied. */
    public Path databaseFile(long index) {
        return directory.resolve(SnapFormat.databaseFileName(index));
    }

    private Optional<Snapshot> load(Predicate<Snapshot> wanted) throws IOException {
        for (Path file : snapshots()) {
            Optional<Snapshot> snapshot = read(file);
            if (snapshot.isPresent() && wanted.test(snapshot.get())) {
                return snapshot;
            }
        }
        return Optional.empty();
    }

    private Optional<Snapshot> read(Path file) throws IOException {
        byte[] content;
        try {
            long bytes = Files.size(file);
            if (bytes > SnapFormat.SNAP_BYTES_MAX) {
                throw new IOException(
                        "snapshot " + file + " has " + bytes + " bytes, more than " + SnapFormat.SNAP_BYTES_MAX);
            }
            content = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            // Purged in the meantime.
            return Optional.empty();
        }
        Optional<Snapshot> snapshot = SnapFormat.decode(content);
        if (snapshot.isEmpty()) {
            Files.move(
                    file,
                    file.resolveSibling(file.getFileName() + WalFormat.BROKEN_SUFFIX),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        return snapshot;
    }

    private List<Path> snapshots() throws IOException {
        return list().stream()
                .filter(SnapFormat::isSnapName)
                .sorted(NEWEST_FIRST)
                .toList();
    }

    private List<Path> list() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private record Place(long index, long term) {}
}
