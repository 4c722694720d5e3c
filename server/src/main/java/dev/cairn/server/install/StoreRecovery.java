package dev.cairn.server.install;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.StartException;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalException;
import dev.cairn.wal.WalReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the store of a member that restarts to where its log begins. Used once, by the thread that starts the member, which holds the data
 * directory.
 *
 * <p><b>A data directory of etcd</b> has its store in {@code member/snap/db}. It is imported and set aside as {@link #SET_ASIDE}, where
 * etcd does not look for it: an etcd that started on it again would find a log that has gone on. Log and {@code .snap} files stay as they
 * are, they have one form in both.
 *
 * <p><b>A snapshot that was received</b> and recorded in the log, but whose database had not taken the store's place when the process died, is
 * imported from its file.
 *
 * <p>Either way the new store is built aside and renamed into place when it is whole and durable; a crash before starts all over.
 */
public final class StoreRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(StoreRecovery.class);

    /** Etcd's name for its database, and ours for it when its content has been taken over. */
    private static final String DATABASE = "db";

    private static final String SET_ASIDE = "db.taken-over";

    private static final String V2_KEYS = "1";

    private final Path wal;
    private final Path snap;
    private final Path lmdb;
    private final SnapStore files;
    private final AsideStores aside;

    /** @param lmdb where the store lies, or will */
    public StoreRecovery(Path wal, Path snap, Path lmdb, long quotaBytes) {
        this.wal = wal;
        this.snap = snap;
        this.lmdb = lmdb;
        this.files = new SnapStore(snap);
        Path member = lmdb.getParent();
        if (member == null) {
            throw new IllegalArgumentException("the store lies in no directory: " + lmdb);
        }
        this.aside = new AsideStores(member, quotaBytes);
    }

    /**
     * Opens the store, having made or replaced it if need be.
     *
     * @param start the newest snapshot record of the log that a member may start from
     * @throws StartException when there is no store and none can be made
     */
    public MvccStore open(StoreOptions options, SnapshotMetadata start) throws IOException, StartException {
        files.removeTemporaries();
        aside.removeAll();
        if (Files.exists(snap.resolve(DATABASE))) {
            if (hasStore()) {
                checkTakenOver(options);
            } else {
                takeOver(start);
            }
            setAside();
        } else if (!hasStore()) {
            throw new StartException("the data directory holds a log (" + wal + ") but no store (" + lmdb
                    + "); put the store back, or remove this member from its cluster and add it again with an empty"
                    + " directory");
        }
        MvccStore store = MvccStore.open(options);
        long applied = store.appliedState().index();
        Path received = files.databaseFile(start.index());
        if (applied >= start.index() || !Files.exists(received)) {
            return store;
        }
        store.close();
        LOG.atInfo()
                .setMessage("the last received snapshot is not in the store yet; importing it")
                .addKeyValue("snapshot-index", start.index())
                .addKeyValue("applied-index", applied)
                .log();
        importDatabase(received, start.index());
        Files.delete(received);
        return MvccStore.open(options);
    }

    private boolean hasStore() throws IOException {
        if (!Files.isDirectory(lmdb)) {
            return false;
        }
        try (Stream<Path> found = Files.list(lmdb)) {
            return found.anyMatch(f -> f.getFileName().toString().endsWith(".mdb"));
        }
    }

    private void takeOver(SnapshotMetadata start) throws IOException, StartException {
        LOG.atInfo()
                .setMessage("taking over the data directory of an etcd")
                .addKeyValue("database", snap.resolve(DATABASE))
                .log();
        checkNotRunning(start);
        checkNoV2Keys();
        Path database = snap.resolve(DATABASE);
        long applied = DatabaseImport.appliedIndex(database);
        if (applied < start.index()) {
            // A snapshot was recorded in the log, and etcd died before it renamed the database that came with it.
            Path received = files.databaseFile(start.index());
            if (!Files.exists(received)) {
                throw new StartException("the database " + database + " ends at entry " + applied + ", but the log in "
                        + wal + " starts behind entry " + start.index() + ", and there is no " + received
                        + ": they do not belong together");
            }
            database = received;
        }
        importDatabase(database, applied < start.index() ? start.index() : applied);
    }

    /** An etcd that runs holds the locks of its log. */
    private void checkNotRunning(SnapshotMetadata start) throws IOException, StartException {
        try {
            WalReader.openForAppend(wal, start.index(), start.term()).close();
        } catch (WalException.Locked e) {
            throw new StartException(
                    "the data directory is in use by another process, such as the etcd to be replaced: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Keys of the v2 API are kept in the snapshot files; nobody serves them any more. */
    private void checkNoV2Keys() throws IOException, StartException {
        Optional<Snapshot> newest = files.loadNewest(WalReader.validSnapshots(wal));
        if (newest.isEmpty() || newest.get().data().isEmpty()) {
            return;
        }
        boolean found;
        try {
            JsonObject tree =
                    JsonParser.parseString(newest.get().data().toStringUtf8()).getAsJsonObject();
            JsonElement keys =
                    tree.getAsJsonObject("Root").getAsJsonObject("Children").get(V2_KEYS);
            JsonElement children = keys == null ? null : keys.getAsJsonObject().get("Children");
            found = children != null
                    && children.isJsonObject()
                    && children.getAsJsonObject().size() > 0;
        } catch (JsonParseException | IllegalStateException | NullPointerException | ClassCastException e) {
            throw new StartException("the newest snapshot file in " + snap + " holds no v2 store: " + e, e);
        }
        if (found) {
            throw new StartException("the data directory holds keys of the v2 API, which no release since 3.6 serves;"
                    + " remove them with an older etcd first");
        }
    }

    /** A store and a database: the last start did not get to setting the database aside, or an etcd has been here since. */
    private void checkTakenOver(StoreOptions options) throws IOException, StartException {
        Path database = snap.resolve(DATABASE);
        long ofDatabase = DatabaseImport.appliedIndex(database);
        long ofStore;
        try (MvccStore store = MvccStore.open(options)) {
            ofStore = store.appliedState().index();
        }
        if (ofDatabase > ofStore) {
            throw new StartException("the database " + database + " ends at entry " + ofDatabase + ", but the store in "
                    + lmdb + " at entry " + ofStore + ": an etcd has run here since the store was made."
                    + " Move the one away that is not to be used");
        }
    }

    private void importDatabase(Path database, long index) throws IOException {
        Path directory = aside.create();
        AppliedState applied = DatabaseImport.run(database, aside.options(directory));
        if (applied.index() != index) {
            throw new IOException(
                    "the database " + database + " ends with entry " + applied.index() + ", expected entry " + index);
        }
        AsideStores.move(directory, lmdb);
    }

    private void setAside() throws IOException {
        Path to = snap.resolve(SET_ASIDE);
        Files.move(snap.resolve(DATABASE), to, StandardCopyOption.ATOMIC_MOVE);
        AsideStores.sync(snap);
        LOG.atInfo()
                .setMessage("set the database of etcd aside; the store has its content, and it may be removed")
                .addKeyValue("path", to)
                .log();
    }
}
