package dev.cairn.mvcc.backend.lmdb;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.BackendFigures;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongConsumer;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Meta;

/**
 * A backend in one LMDB environment. Thread-safe as {@link Backend} says.
 *
 * <p><b>The gate.</b> Every transaction holds a share of the gate from open to close; whoever replaces or closes the
 * environment takes the gate alone, that is, after all have left and before new ones come in. Use of a closed environment
 * would end the process, so no call reaches LMDB without the gate.
 *
 * <p><b>Pooled readers.</b> Read transactions are reset and renewed instead of made anew, which halves the price of a get.
 * Environments are opened with {@code MDB_NOTLS}, so that another thread may renew a transaction than used it last.
 * {@link #READERS_MAX} bounds the readers at any time; one more waits.
 *
 * <p><b>Defragmentation.</b> A {@link CompactingCopy} is written to a directory beside the data, synced and opened; then, with the
 * gate closed, its files are renamed over the old ones. Either file is complete at any moment, and both hold the same pairs,
 * since the caller keeps writers out. What a crash leaves behind is removed at the next open.
 */
public final class LmdbBackend implements Backend {
    /** Readers at the same time; also the length of LMDB's reader table, less the writer's and the copier's share. */
    static final int READERS_MAX = 120;

    private static final String DATA_FILE = LmdbEnvironment.DATA_FILE;
    private static final String LOCK_FILE = "lock.mdb";
    private static final String COPY_DIRECTORY = "defragment.tmp";

    private final long mapBytes;

    /** Whether commits wait for nothing and the end syncs. */
    private final boolean loading;

    private final List<TableRef> tables;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
    private final Semaphore readers = new Semaphore(READERS_MAX);

    /** Where the files lie; changed when they move. */
    private volatile Path directory;

    // Replaced with the gate closed, read with a share of it.
    private LmdbEnvironment environment;
    private boolean closed;

    private volatile LmdbEnvironment.Usage usage;

    private LmdbBackend(Path directory, long mapBytes, List<TableRef> tables, boolean loading) {
        this.directory = directory;
        this.mapBytes = mapBytes;
        this.loading = loading;
        this.tables = List.copyOf(tables);
        this.environment = loading
                ? LmdbEnvironment.open(directory, mapBytes, this.tables, EnvFlags.MDB_NOSYNC)
                : LmdbEnvironment.open(directory, mapBytes, this.tables);
        this.usage = environment.usage();
    }

    /**
     * Loads the native library, which takes longer than opening an environment: whoever has something else to do at the start
     * calls this on another thread meanwhile.
     */
    public static void loadLibrary() {
        Meta.version();
    }

    /**
     * Opens or creates the environment in the directory.
     *
     * @param mapBytes the most the data may ever take; only address space is reserved
     */
    public static LmdbBackend open(Path directory, long mapBytes, List<TableRef> tables) {
        prepare(directory);
        return new LmdbBackend(directory, mapBytes, tables, false);
    }

    /**
     * As {@link #open}, to be filled in one go: commits are not synced, {@link #close} syncs everything. After a crash before that the files
     * are of no use.
     */
    public static LmdbBackend openForLoading(Path directory, long mapBytes, List<TableRef> tables) {
        prepare(directory);
        return new LmdbBackend(directory, mapBytes, tables, true);
    }

    private static void prepare(Path directory) {
        try {
            Files.createDirectories(directory);
            removeCopy(directory.resolve(COPY_DIRECTORY));
        } catch (IOException e) {
            throw new BackendException("cannot prepare " + directory, e);
        }
    }

    @Override
    public ReadTxn read() {
        readers.acquireUninterruptibly();
        gate.readLock().lock();
        boolean opened = false;
        try {
            checkOpen();
            ReadTxn txn = new LmdbReadTxn(this, environment);
            opened = true;
            return txn;
        } finally {
            if (!opened) {
                released();
            }
        }
    }

    /** A reader has left. */
    void released() {
        gate.readLock().unlock();
        readers.release();
    }

    @Override
    public WriteTxn write() {
        gate.readLock().lock();
        boolean opened = false;
        try {
            checkOpen();
            WriteTxn txn = new LmdbWriteTxn(this, environment);
            opened = true;
            return txn;
        } finally {
            if (!opened) {
                gate.readLock().unlock();
            }
        }
    }

    /** The writer has left, or could not commit. */
    void written(boolean committed) {
        try {
            if (committed) {
                usage = environment.usage();
            }
        } finally {
            gate.readLock().unlock();
        }
    }

    @Override
    public long sizeInUse() {
        return usage.bytes();
    }

    @Override
    public BackendFigures figures() {
        LmdbEnvironment.Usage used = usage;
        long pages = Math.max(used.pages(), sizeOnDisk() / used.pageBytes());
        return new BackendFigures(
                used.pageBytes(),
                pages,
                pages - used.pages(),
                mapBytes,
                READERS_MAX - readers.availablePermits(),
                READERS_MAX);
    }

    @Override
    public long sizeOnDisk() {
        try {
            return Files.size(directory.resolve(DATA_FILE));
        } catch (IOException e) {
            throw new BackendException("cannot stat " + directory.resolve(DATA_FILE), e);
        }
    }

    @Override
    public long defragment(LongConsumer pace) {
        Path copy = directory.resolve(COPY_DIRECTORY);
        LmdbEnvironment fresh = openCopy(copy, pace);
        try (RetiredFile before = retire(copy, fresh)) {
            long started = System.nanoTime();
            LmdbEnvironment superfluous = swap(copy, fresh);
            long paused = System.nanoTime() - started;
            superfluous.close();
            syncDirectory(directory);
            removeCopy(copy);
            before.giveBack(pace);
            return paused;
        } catch (IOException e) {
            throw new BackendException("cannot finish the swap in " + directory, e);
        }
    }

    private RetiredFile retire(Path copy, LmdbEnvironment fresh) {
        try {
            return RetiredFile.open(directory.resolve(DATA_FILE));
        } catch (IOException e) {
            fresh.close();
            discard(copy, e);
            throw new BackendException("cannot open " + directory.resolve(DATA_FILE), e);
        }
    }

    private LmdbEnvironment openCopy(Path copy, LongConsumer pace) {
        gate.readLock().lock();
        try {
            checkOpen();
            removeCopy(copy);
            FailPoint.DEFRAG_OPEN_FILE_ERROR.fail(IOException::new);
            Files.createDirectory(copy);
            FailPoint.DEFRAG_BEFORE_COPY.hit();
            FailPoint.DEFRAGDB_FAIL.fail(IOException::new);
            environment.checkTables(tables);
            LmdbEnvironment fresh = LmdbEnvironment.open(copy, mapBytes, tables, EnvFlags.MDB_NOSYNC);
            try {
                CompactingCopy.write(environment, fresh, tables, pace);
            } finally {
                fresh.close();
            }
            try (FileChannel channel = FileChannel.open(copy.resolve(DATA_FILE), StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            return LmdbEnvironment.open(copy, mapBytes, tables);
        } catch (IOException | LmdbException e) {
            discard(copy, e);
            throw new BackendException("cannot copy to " + copy + ": " + e.getMessage(), e);
        } catch (BackendException e) {
            discard(copy, e);
            throw e;
        } finally {
            gate.readLock().unlock();
        }
    }

    /**
     * Goes over to the copy.
     *
     * @return the environment before, to be closed without the gate, as that takes long: whoever used it has left, and nobody comes to it any more
     */
    private LmdbEnvironment swap(Path copy, LmdbEnvironment fresh) {
        boolean swapped = false;
        gate.writeLock().lock();
        try {
            checkOpen();
            FailPoint.DEFRAG_BEFORE_RENAME.hit();
            // The data last: as long as that has not been moved, the environment before is the one that a restart
            // finds.
            Files.move(copy.resolve(LOCK_FILE), directory.resolve(LOCK_FILE), StandardCopyOption.ATOMIC_MOVE);
            Files.move(copy.resolve(DATA_FILE), directory.resolve(DATA_FILE), StandardCopyOption.ATOMIC_MOVE);
            LmdbEnvironment before = environment;
            environment = fresh;
            usage = fresh.usage();
            swapped = true;
            return before;
        } catch (IOException e) {
            throw new BackendException("cannot swap " + copy + " into " + directory, e);
        } finally {
            gate.writeLock().unlock();
            if (!swapped) {
                fresh.close();
            }
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Its files are renamed over the other's, as in defragmentation; the other goes on with its own, which have no name any more.
     */
    @Override
    public void takePlaceOf(Backend other) {
        LmdbBackend before = (LmdbBackend) other;
        gate.writeLock().lock();
        try {
            checkOpen();
            Path from = directory;
            Path to = before.directory;
            Files.move(from.resolve(DATA_FILE), to.resolve(DATA_FILE), StandardCopyOption.ATOMIC_MOVE);
            Files.move(from.resolve(LOCK_FILE), to.resolve(LOCK_FILE), StandardCopyOption.ATOMIC_MOVE);
            directory = to;
            syncDirectory(to);
            Files.deleteIfExists(from);
        } catch (IOException e) {
            throw new BackendException("cannot move " + directory + " to " + before.directory, e);
        } finally {
            gate.writeLock().unlock();
        }
    }

    @Override
    public void close() {
        gate.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                try {
                    if (loading) {
                        environment.sync();
                        syncDirectory(directory);
                    }
                } catch (IOException e) {
                    throw new BackendException("cannot sync " + directory, e);
                } finally {
                    environment.close();
                }
            }
        } finally {
            gate.writeLock().unlock();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    private static void removeCopy(Path copy) throws IOException {
        Files.deleteIfExists(copy.resolve(DATA_FILE));
        Files.deleteIfExists(copy.resolve(LOCK_FILE));
        Files.deleteIfExists(copy);
    }

    /** Half a copy is of no use, and space may be what was missing. */
    private static void discard(Path copy, Exception cause) {
        try {
            removeCopy(copy);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
