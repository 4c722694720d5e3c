package dev.cairn.server.bootstrap;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.StartException;
import dev.cairn.wal.WalException;
import dev.cairn.wal.WalReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The data directory of a member that does not run, ours or etcd's, held so that no server of ours can be started on it meanwhile. Confined to
 * one thread.
 */
public final class StoppedMember implements AutoCloseable {
    private static final long RETRY_MILLIS = 100;

    private final Path member;
    private final Path wal;
    private final DataDirectory directory;

    private StoppedMember(Path member, Path wal, DataDirectory directory) {
        this.member = member;
        this.wal = wal;
        this.directory = directory;
    }

    /**
     * Takes the directory's lock.
     *
     * @param walDir what {@code --wal-dir} of the server names
     * @param patience how long to wait for a server to let it go; zero for ever
     * @throws StartException when it is no data directory, or a server runs on it
     */
    public static StoppedMember open(Path dataDir, Optional<Path> walDir, Duration patience)
            throws IOException, StartException, InterruptedException {
        Path member = dataDir.resolve("member");
        if (!Files.isDirectory(member)) {
            throw new StartException(dataDir + " is not the data directory of a member");
        }
        Path wal = walDir.orElseGet(() -> member.resolve("wal"));
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                StoppedMember held = new StoppedMember(member, wal, DataDirectory.openNow(dataDir, member, wal));
                try {
                    held.checkNoEtcdRuns();
                    return held;
                } catch (IOException | StartException e) {
                    held.close();
                    throw e;
                }
            } catch (StartException e) {
                if (!patience.isZero() && System.nanoTime() - deadline >= 0) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            }
        }
    }

    /** An etcd that runs holds the locks of its log. */
    private void checkNoEtcdRuns() throws IOException, StartException {
        if (!Files.isDirectory(wal)) {
            return;
        }
        try {
            List<SnapshotMetadata> recorded = WalReader.validSnapshots(wal);
            SnapshotMetadata start = recorded.isEmpty() ? SnapshotMetadata.EMPTY : recorded.get(recorded.size() - 1);
            WalReader.openForAppend(wal, start.index(), start.term()).close();
        } catch (WalException.Locked e) {
            throw new StartException("the data directory is in use by an etcd: " + e.getMessage(), e);
        } catch (WalException e) {
            // Damaged, or gone: nobody runs on such a log, and it is not what is looked at here.
            return;
        }
    }

    /** Where the log lies. */
    public Path wal() {
        return wal;
    }

    /** Where the snapshot files lie. */
    public Path snap() {
        return member.resolve("snap");
    }

    /** Where our store lies, if there is one. */
    public Path lmdb() {
        return member.resolve("lmdb");
    }

    /** Whether there is a store of ours. */
    public boolean hasStore() {
        return Files.exists(lmdb().resolve("data.mdb"));
    }

    /** The database of an etcd that was not taken over yet; nothing when there is none. */
    public Optional<Path> database() {
        return Optional.of(snap().resolve("db")).filter(Files::exists);
    }

    /** Opens our store as it is, without what the log holds beyond it. */
    public MvccStore openStore() throws StartException {
        if (!hasStore()) {
            throw new StartException(lmdb() + " holds no store");
        }
        return MvccStore.open(StoreOptions.lmdb(lmdb(), 0));
    }

    @Override
    public void close() throws IOException {
        directory.close();
    }
}
