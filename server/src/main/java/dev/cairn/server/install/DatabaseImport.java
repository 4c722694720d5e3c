package dev.cairn.server.install;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.bbolt.BoltBucket;
import dev.cairn.bbolt.BoltCursor;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.StoreLoader;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.server.version.ServerVersion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a store of etcd's database file. Confined to one thread; in memory are a page or two of the file and a batch of the store.
 *
 * <p>Nothing in the file is believed. What is wrong with it ends in an {@link IOException} that names the file and the place; the store
 * is of no use then and has to be removed.
 */
final class DatabaseImport {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseImport.class);
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** How often the clock is looked at. */
    private static final int REVISIONS_BETWEEN_LOOKS = 8192;

    private static final String KEY_BUCKET = "key";
    private static final String META_BUCKET = "meta";

    /** The first version that wrote its version into the file. */
    private static final String VERSIONED_SINCE = "3.6.0";

    private final Path database;
    private final BoltFile file;
    private final StoreLoader loader;
    private final long begunNanos = System.nanoTime();
    private long nextProgressNanos = begunNanos + PROGRESS_NANOS;

    private DatabaseImport(Path database, BoltFile file, StoreLoader loader) {
        this.database = database;
        this.file = file;
        this.loader = loader;
    }

    /**
     * Fills an empty store, durably.
     *
     * @param into where the store will lie
     * @return the log entry that the database ends with
     */
    static AppliedState run(Path database, StoreOptions into) throws IOException {
        try (BoltFile file = BoltFile.open(database)) {
            checkVersion(database, file);
            try (StoreLoader loader = StoreLoader.open(into)) {
                return new DatabaseImport(database, file, loader).run();
            }
        } catch (BackendException e) {
            throw new IOException("cannot import " + database + ": " + e.getMessage(), e);
        }
    }

    /** The log entry that a database ends with; 0 when it does not say. */
    static long appliedIndex(Path database) throws IOException {
        try (BoltFile file = BoltFile.open(database)) {
            BoltBucket meta = file.root().bucket(META_BUCKET);
            byte[] index = meta == null ? null : meta.get("consistent_index".getBytes(US_ASCII));
            return index == null || index.length != Long.BYTES
                    ? 0
                    : ByteBuffer.wrap(index).getLong();
        }
    }

    private static void checkVersion(Path database, BoltFile file) throws IOException {
        BoltBucket meta = file.root().bucket(META_BUCKET);
        if (meta == null || file.root().bucket(KEY_BUCKET) == null) {
            throw new IOException(database + " is not a database of etcd: it has no bucket "
                    + (meta == null ? META_BUCKET : KEY_BUCKET));
        }
        byte[] text = meta.get("storageVersion".getBytes(US_ASCII));
        if (text == null || text.length == 0) {
            // Up to 3.5 the term shows that the file is not older than that.
            byte[] term = meta.get("term".getBytes(US_ASCII));
            if (term == null || meta.get("confState".getBytes(US_ASCII)) == null) {
                throw new IOException(database
                        + " names no storage version, term and membership: it was written by etcd 3.4"
                        + " or older, or by a 3.5 that has not made a snapshot since; run etcd " + VERSIONED_SINCE
                        + " or newer on it first");
            }
            return;
        }
        String named = new String(text, UTF_8);
        ServerVersion version;
        try {
            version = ServerVersion.require(named);
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw new IOException(database + " names the storage version '" + named + "', which is none", e);
        }
        if (ServerVersion.own().isOlderThan(version)) {
            throw new IOException(database + " has storage version " + named + ", which is newer than this server's "
                    + ServerVersion.own());
        }
    }

    private AppliedState run() throws IOException {
        for (String unknown : unknownBuckets()) {
            LOG.atWarn()
                    .setMessage("a bucket of the database is not one of etcd's and is left behind")
                    .addKeyValue("path", database)
                    .addKeyValue("bucket", unknown)
                    .log();
        }
        for (Table table : Table.values()) {
            each(file.root().bucket(table.bucket()), (key, value) -> loader.pair(table, key, value));
        }
        each(file.root().bucket(KEY_BUCKET), (key, value) -> {
            loader.revision(key, value);
            if (loader.revisions() % REVISIONS_BETWEEN_LOOKS == 0) {
                showProgress();
            }
        });
        AppliedState applied = loader.finish();
        LOG.atInfo()
                .setMessage("imported database")
                .addKeyValue("path", database)
                .addKeyValue("size-bytes", file.sizeBytes())
                .addKeyValue("revisions", loader.revisions())
                .addKeyValue("consistent-index", applied.index())
                .addKeyValue("took", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos) + "ms")
                .log();
        return applied;
    }

    private List<String> unknownBuckets() throws IOException {
        List<String> unknown = new ArrayList<>();
        BoltCursor cursor = file.root().cursor();
        while (cursor.next()) {
            String name = new String(cursor.key(), UTF_8);
            boolean known = name.equals(KEY_BUCKET);
            for (Table table : Table.values()) {
                known |= name.equals(table.bucket());
            }
            if (!known) {
                unknown.add(name);
            }
        }
        return unknown;
    }

    private interface PairTaker {
        void take(byte[] key, byte[] value) throws IOException;
    }

    private void each(@Nullable BoltBucket bucket, PairTaker taker) throws IOException {
        if (bucket == null) {
            return;
        }
        BoltCursor cursor = bucket.cursor();
        while (cursor.next()) {
            if (cursor.isBucket()) {
                throw new IOException(
                        database + " has a bucket within a bucket, named '" + new String(cursor.key(), UTF_8) + "'");
            }
            taker.take(cursor.key(), cursor.value());
        }
    }

    private void showProgress() {
        long now = System.nanoTime();
        if (now - nextProgressNanos >= 0) {
            nextProgressNanos = now + PROGRESS_NANOS;
            LOG.atInfo()
                    .setMessage("importing database")
                    .addKeyValue("path", database)
                    .addKeyValue("size-bytes", file.sizeBytes())
                    .addKeyValue("revisions", loader.revisions())
                    .addKeyValue("took", TimeUnit.NANOSECONDS.toMillis(now - begunNanos) + "ms")
                    .log();
        }
    }
}
