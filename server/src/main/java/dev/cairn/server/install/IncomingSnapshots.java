package dev.cairn.server.install;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.UserTokens;
import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.StoreReplacement;
import dev.cairn.mvcc.Tables;
import dev.cairn.peers.SnapshotSink;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.wal.SnapStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Databases that leaders send to this member. Each is written to {@code member/snap}, synced, made into a store beside the one in use, and
 * looked through, all before the message it belongs to reaches the Raft core: what takes long is over when the core has it, and a database
 * that is no good is refused while its sender is still there to be told.
 *
 * <p>Thread-safe. {@link #receive} and its sinks work on the transport's executor for what blocks, {@link #take} on the apply loop.
 *
 * <p><b>Bounds.</b> One import at a time; the sender of another one waits. {@link #PREPARED_MAX} stores wait for their message to come
 * through the core; the oldest gives way, and is made again from its file if it should be wanted after all.
 */
public final class IncomingSnapshots implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IncomingSnapshots.class);
    private static final int PREPARED_MAX = 2;

    private final Identity identity;
    private final SnapStore files;
    private final Path snap;
    private Listener listener = new Listener() {
        @Override
        public void databaseSynced(long nanos) {}

        @Override
        public void databaseSaved(long nanos) {}
    };
    private final AsideStores aside;
    private final AtomicLong lastTemporary = new AtomicLong();

    /** Held by the import that is under way. */
    private final Object importing = new Object();

    private final Executor removing;

    /** By index; guarded by itself. */
    private final NavigableMap<Long, Prepared> prepared = new TreeMap<>();

    /** The first index in the map; written under its lock. */
    private volatile long leastPrepared = Long.MAX_VALUE;

    private boolean closed;

    private record Prepared(StoreReplacement store, Path directory) {
        void remove() {
            store.close();
            try {
                AsideStores.remove(directory);
            } catch (IOException e) {
                // Removed at the next start.
                LOG.atWarn()
                        .setMessage("failed to remove a store that is not needed")
                        .addKeyValue("path", directory)
                        .setCause(e)
                        .log();
            }
        }
    }

    /**
     * @param snap where databases are kept until they are applied
     * @param member where stores are built
     * @param removing runs what removes those that are not needed
     */
    public IncomingSnapshots(
            Identity identity, SnapStore files, Path snap, Path member, long quotaBytes, Executor removing) {
        this(identity, files, snap, new AsideStores(member, quotaBytes), removing);
    }

    IncomingSnapshots(Identity identity, SnapStore files, Path snap, AsideStores aside, Executor removing) {
        this.removing = removing;
        this.identity = identity;
        this.files = files;
        this.snap = snap;
        this.aside = aside;
    }

    /** Hears of databases that have come; must not block. */
    public interface Listener {
        /** The bytes of a database are durable. */
        void databaseSynced(long nanos);

        /** A database has come, is durable and known to be good. */
        void databaseSaved(long nanos);
    }

    /** Names who hears of databases. Before the first one comes. */
    public void reportTo(Listener newListener) {
        listener = newListener;
    }

    /** A database begins to arrive. */
    public SnapshotSink receive(Message message) throws IOException {
        Snapshot snapshot = message.snapshot();
        if (snapshot == null || snapshot.isEmpty()) {
            throw new IOException("the message carries no snapshot");
        }
        return new Sink(snapshot.metadata());
    }

    private final class Sink implements SnapshotSink {
        private final SnapshotMetadata metadata;
        private final Path temporary;
        private final FileChannel channel;
        private final long begunNanos = System.nanoTime();

        Sink(SnapshotMetadata metadata) throws IOException {
            this.metadata = metadata;
            // What begins like this is removed at the start.
            temporary = snap.resolve("tmp" + lastTemporary.incrementAndGet());
            channel = FileChannel.open(
                    temporary,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }

        @Override
        public void write(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        @Override
        public void commit() throws IOException {
            try {
                long syncing = System.nanoTime();
                channel.force(true);
                listener.databaseSynced(System.nanoTime() - syncing);
                channel.close();
                // Named only when it is known to be good: an earlier transfer of the same snapshot may be in the log
                // already.
                Prepared fresh = prepare(temporary, metadata);
                try {
                    Files.move(temporary, files.databaseFile(metadata.index()), StandardCopyOption.ATOMIC_MOVE);
                    AsideStores.sync(snap);
                } catch (IOException e) {
                    fresh.remove();
                    throw e;
                }
                keep(fresh);
                listener.databaseSaved(System.nanoTime() - begunNanos);
            } catch (IOException | RuntimeException e) {
                abort();
                throw e;
            }
        }

        @Override
        public void abort() {
            try {
                channel.close();
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                LOG.atWarn()
                        .setMessage("failed to remove an incomplete database snapshot")
                        .addKeyValue("path", temporary)
                        .setCause(e)
                        .log();
            }
        }
    }

    /** Makes a store of the database of a snapshot. */
    private Prepared prepare(Path database, SnapshotMetadata metadata) throws IOException {
        synchronized (importing) {
            Path directory = aside.create();
            StoreReplacement store = null;
            boolean sound = false;
            try {
                DatabaseImport.run(database, aside.options(directory));
                store = StoreReplacement.open(aside.options(directory));
                check(database, store, metadata);
                sound = true;
                return new Prepared(store, directory);
            } catch (IllegalStateException | IllegalArgumentException | UncheckedIOException e) {
                throw new IOException("the database " + database + " cannot be used: " + e.getMessage(), e);
            } finally {
                if (!sound) {
                    if (store != null) {
                        store.close();
                    }
                    AsideStores.remove(directory);
                }
            }
        }
    }

    /** Whether everything can be restored from the store, so that nothing can go wrong when it is in use. */
    private void check(Path database, StoreReplacement store, SnapshotMetadata metadata) throws IOException {
        AppliedState applied = store.applied();
        if (applied.index() != metadata.index() || applied.term() != metadata.term()) {
            throw new IOException("the database " + database + " ends with entry " + applied.index() + " of term "
                    + applied.term() + ", but the snapshot is of entry " + metadata.index() + " of term "
                    + metadata.term());
        }
        Tables tables = store.tables();
        Cluster.View members = new Cluster(identity, tables).view();
        if (members.members().isEmpty()) {
            throw new IOException("the database " + database + " names no members");
        }
        new Alarms(tables);
        new Lessor(tables, LessorOptions.forElection(10, 100), ExpirySink.NONE, System.nanoTime()).restore();
        new AuthStore(tables, ByteString::copyFromUtf8, UserTokens.STATELESS).restore();
    }

    private void keep(Prepared fresh) {
        List<Prepared> superfluous = new ArrayList<>();
        synchronized (prepared) {
            if (closed) {
                superfluous.add(fresh);
            } else {
                Prepared before = prepared.put(fresh.store().applied().index(), fresh);
                if (before != null) {
                    superfluous.add(before);
                }
                while (prepared.size() > PREPARED_MAX) {
                    superfluous.add(prepared.pollFirstEntry().getValue());
                }
                noteLeast();
            }
        }
        superfluous.forEach(Prepared::remove);
    }

    /**
     * The store of a snapshot that the core has accepted; the caller closes it. Stores of this and of earlier snapshots are not kept any longer.
     * Apply loop.
     *
     * @throws IOException when there is none, and none can be made any more
     */
    StoreReplacement take(SnapshotMetadata metadata) throws IOException {
        Prepared found;
        List<Prepared> superfluous;
        synchronized (prepared) {
            found = prepared.remove(metadata.index());
            NavigableMap<Long, Prepared> earlier = prepared.headMap(metadata.index(), false);
            superfluous = List.copyOf(earlier.values());
            earlier.clear();
            noteLeast();
        }
        superfluous.forEach(Prepared::remove);
        if (found == null) {
            found = prepare(files.databaseFile(metadata.index()), metadata);
        }
        return found.store();
    }

    private void noteLeast() {
        leastPrepared = prepared.isEmpty() ? Long.MAX_VALUE : prepared.firstKey();
    }

    /** An entry is applied: the core does not want snapshots that reach no further. Apply loop, and quick. */
    public void onApplied(long index) {
        if (index < leastPrepared) {
            return;
        }
        List<Prepared> overtaken;
        synchronized (prepared) {
            NavigableMap<Long, Prepared> earlier = prepared.headMap(index, true);
            overtaken = List.copyOf(earlier.values());
            earlier.clear();
            noteLeast();
        }
        try {
            removing.execute(() -> overtaken.forEach(Prepared::remove));
        } catch (RejectedExecutionException e) {
            // The member is stopping; they are removed at the next start.
            LOG.atDebug().setMessage("left stores that are not needed").log();
        }
    }

    /** The store ends with this entry, durably: databases up to there are not needed any more. */
    void installed(long index) throws IOException {
        files.purgeDatabases(index + 1);
    }

    /** Lets go of what waits; it is removed at the next start. */
    @Override
    public void close() {
        List<Prepared> left;
        synchronized (prepared) {
            closed = true;
            left = List.copyOf(prepared.values());
            prepared.clear();
            noteLeast();
        }
        left.forEach(Prepared::remove);
    }
}
