package dev.cairn.server.bootstrap;

import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.StartException;
import dev.cairn.server.backup.DatabaseExport;
import dev.cairn.server.install.StoreRecovery;
import dev.cairn.wal.WalReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Gives the data directory of a member that does not run back to etcd: writes {@code member/snap/db} and sets the store aside, as {@code
 * member/}{@link #SET_ASIDE}. Log and {@code .snap} files have one form in both and stay as they are. Used once, by one thread.
 *
 * <p>A crash before the end leaves the store in its place, and the server as well as another try go on with it. A server of ours that is
 * started on the directory again takes it over from etcd's database as it does with any.
 */
public final class HandBack {
    /** What is left of the store: whoever has seen etcd serve may remove it. */
    public static final String SET_ASIDE = "lmdb.handed-back";

    private HandBack() {}

    /**
     * What was done.
     *
     * @param database etcd's file
     * @param applied the entry that it ends with; etcd goes on with the log from there
     * @param setAside the store
     */
    public record Result(Path database, AppliedState applied, long revision, Path setAside) {}

    /**
     * @param dataDir what {@code --data-dir} of the server names
     * @param walDir what its {@code --wal-dir} names; {@code member/wal} of the data directory if it names none
     * @throws StartException when the directory is none of ours, or is in use
     */
    public static Result run(Path dataDir, Path walDir, DatabaseExport.Progress progress)
            throws IOException, StartException, InterruptedException {
        Path member = dataDir.resolve("member");
        Path snap = member.resolve("snap");
        Path lmdb = member.resolve("lmdb");
        Path database = snap.resolve("db");
        if (!Files.isDirectory(member)) {
            throw new StartException(dataDir + " is not the data directory of a member");
        }
        if (!Files.exists(lmdb.resolve("data.mdb"))) {
            throw new StartException(
                    Files.exists(database)
                            ? dataDir + " holds etcd's database already, and no store of ours"
                            : dataDir + " holds no store");
        }
        try (DataDirectory directory = DataDirectory.openNow(dataDir, member, walDir)) {
            // All of it is read, as etcd will.
            List<SnapshotMetadata> recorded = WalReader.validSnapshots(directory.wal());
            SnapshotMetadata start = recorded.isEmpty() ? SnapshotMetadata.EMPTY : recorded.get(recorded.size() - 1);
            AppliedState applied;
            long revision;
            // Whatever a crash has left to be done is done as at a start.
            try (MvccStore store =
                    new StoreRecovery(directory.wal(), snap, lmdb, 0).open(StoreOptions.lmdb(lmdb, 0), start)) {
                // What begins like this is removed at the next start.
                Path temporary = snap.resolve("tmp-hand-back");
                applied = DatabaseExport.write(store, temporary, progress);
                revision = store.currentRevision();
                Files.move(temporary, database, StandardCopyOption.ATOMIC_MOVE);
                sync(snap);
            }
            Path setAside = member.resolve(SET_ASIDE);
            remove(setAside);
            Files.move(lmdb, setAside, StandardCopyOption.ATOMIC_MOVE);
            sync(member);
            return new Result(database, applied, revision, setAside);
        }
    }

    private static void remove(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(directory);
        }
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
