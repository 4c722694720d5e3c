package dev.cairn.server.bootstrap;

import dev.cairn.server.api.StartException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member's directory, held by this process alone.
 *
 * <pre>
 *  &lt;data-dir&gt;/member/          0700
 *     lock                     held while a server runs on the directory
 *     wal/                     the log, etcd's format
 *     snap/                    Raft snapshots, etcd's format; databases received with them
 *        db.taken-over         the database of an etcd that ran here before
 *     lmdb/                    the store
 *     lmdb.&lt;n&gt;.tmp/            a store that is being built; of no use after a crash
 * </pre>
 */
final class DataDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataDirectory.class);
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");
    private static final long LOCK_NOTICE_SECONDS = 10;
    private static final long LOCK_RETRY_MILLIS = 100;

    private final Path member;
    private final Path wal;
    private final FileChannel lockFile;
    private final FileLock lock;

    private DataDirectory(Path member, Path wal, FileChannel lockFile, FileLock lock) {
        this.member = member;
        this.wal = wal;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /** Makes the directory if there is none, and waits until no other process holds it, however long that takes. */
    static DataDirectory open(Path dataDir, Path memberDir, Path walDir) throws StartException, InterruptedException {
        try {
            createPrivate(dataDir);
            Path member = createPrivate(memberDir);
            createPrivate(member.resolve("snap"));
            createPrivate(member.resolve("lmdb"));
            FileChannel file = FileChannel.open(
                    member.resolve("lock"),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            return new DataDirectory(member, walDir, file, await(file, member));
        } catch (IOException e) {
            throw new StartException("cannot access data directory: " + e, e);
        }
    }

    /** Opens a directory that is there, unless another process holds it. */
    static DataDirectory openNow(Path dataDir, Path memberDir, Path walDir) throws StartException, IOException {
        FileChannel file =
                FileChannel.open(memberDir.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = file.tryLock();
        } catch (OverlappingFileLockException e) {
            // Held in this process.
        }
        if (lock == null) {
            file.close();
            throw new StartException(dataDir + " is in use by a server; stop it first");
        }
        return new DataDirectory(memberDir, walDir, file, lock);
    }

    Path wal() {
        return wal;
    }

    Path snap() {
        return member.resolve("snap");
    }

    Path lmdb() {
        return member.resolve("lmdb");
    }

    /** The database of an etcd that ran here. */
    Path etcdDatabase() {
        return snap().resolve("db");
    }

    boolean hasLog() throws IOException {
        return hasFiles(wal, ".wal");
    }

    boolean hasStore() throws IOException {
        return hasFiles(lmdb(), ".mdb");
    }

    @Override
    public void close() throws IOException {
        lock.release();
        lockFile.close();
    }

    private static Path createPrivate(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
        } else if (!Files.isWritable(directory)) {
            throw new IOException(directory + " is not writable");
        } else if (!Files.getPosixFilePermissions(directory).equals(PRIVATE)) {
            LOG.atWarn()
                    .setMessage("check file permission")
                    .addKeyValue("dir", directory)
                    .addKeyValue("recommended", "-rwx------")
                    .log();
        }
        return directory;
    }

    private static FileLock await(FileChannel file, Path member) throws IOException, InterruptedException {
        long started = System.nanoTime();
        boolean noticed = false;
        while (true) {
            FileLock lock = null;
            try {
                lock = file.tryLock();
            } catch (OverlappingFileLockException e) {
                // Held by another server in this process; it is waited for in the same way.
            }
            if (lock != null) {
                return lock;
            }
            if (!noticed && System.nanoTime() - started > TimeUnit.SECONDS.toNanos(LOCK_NOTICE_SECONDS)) {
                noticed = true;
                LOG.atInfo()
                        .setMessage("data directory is taking long to lock: another server runs on it")
                        .addKeyValue("path", member)
                        .log();
            }
            TimeUnit.MILLISECONDS.sleep(LOCK_RETRY_MILLIS);
        }
    }

    private static boolean hasFiles(Path directory, String suffix) throws IOException {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (var files = Files.list(directory)) {
            return files.anyMatch(f -> f.getFileName().toString().endsWith(suffix));
        }
    }
}
