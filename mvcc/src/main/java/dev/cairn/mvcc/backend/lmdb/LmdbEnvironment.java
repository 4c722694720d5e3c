package dev.cairn.mvcc.backend.lmdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.TableRef;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Stat;
import org.lmdbjava.Txn;

/**
 * One open LMDB file: its tables and its idle read transactions. Thread-safe while open; {@link LmdbBackend}'s gate keeps
 * everyone out of a closed one.
 */
final class LmdbEnvironment {
    /** Read and written by the owner only, as etcd's files are. */
    private static final int FILE_MODE = 0600;

    private static final int READER_SLOTS = 126;

    /** The name that LMDB gives to the file with the data. */
    static final String DATA_FILE = "data.mdb";

    private final Env<ByteBuffer> env;
    private final List<Dbi<ByteBuffer>> dbis;
    private final MappedPages pages;
    private final ConcurrentLinkedDeque<LmdbReader> idle = new ConcurrentLinkedDeque<>();

    private LmdbEnvironment(Env<ByteBuffer> env, List<Dbi<ByteBuffer>> dbis, MappedPages pages) {
        this.env = env;
        this.dbis = dbis;
        this.pages = pages;
    }

    static LmdbEnvironment open(Path directory, long mapBytes, List<TableRef> tables, EnvFlags... more) {
        Env<ByteBuffer> env = null;
        EnvFlags[] flags = Arrays.copyOf(more, more.length + 2);
        flags[more.length] = EnvFlags.MDB_NOTLS;
        flags[more.length + 1] = EnvFlags.MDB_NORDAHEAD;
        try {
            env = Env.create()
                    .setMapSize(mapBytes)
                    .setMaxDbs(tables.size())
                    .setMaxReaders(READER_SLOTS)
                    .open(directory.toFile(), FILE_MODE, flags);
            List<Dbi<ByteBuffer>> dbis = new ArrayList<>();
            for (TableRef table : tables) {
                dbis.add(env.openDbi(table.name().getBytes(UTF_8), DbiFlags.MDB_CREATE));
            }
            return new LmdbEnvironment(env, List.copyOf(dbis), MappedPages.of(directory.resolve(DATA_FILE)));
        } catch (LmdbException e) {
            if (env != null) {
                env.close();
            }
            throw new BackendException("cannot open the LMDB environment in " + directory, e);
        }
    }

    Dbi<ByteBuffer> dbi(TableRef table) {
        return dbis.get(table.ordinal());
    }

    MappedPages pages() {
        return pages;
    }

    /** A reader on the newest committed state. */
    LmdbReader takeReader() {
        LmdbReader reader = idle.pollFirst();
        if (reader == null) {
            return new LmdbReader(env.txnRead());
        }
        reader.renew();
        return reader;
    }

    void giveBack(LmdbReader reader) {
        reader.reset();
        idle.addFirst(reader);
    }

    Txn<ByteBuffer> txnWrite() {
        return env.txnWrite();
    }

    /** Makes durable what was committed without that. */
    void sync() {
        try {
            env.sync(true);
        } catch (LmdbException e) {
            throw new BackendException("cannot sync", e);
        }
    }

    /** Refuses what holds more than is known, which a copy of all that is known would lose. */
    void checkTables(List<TableRef> known) throws IOException {
        for (byte[] name : env.getDbiNames()) {
            if (known.stream().noneMatch(table -> Arrays.equals(table.name().getBytes(UTF_8), name))) {
                throw new IOException("the table " + new String(name, UTF_8) + " is of a newer version");
            }
        }
    }

    /** Pages that hold something. */
    record Usage(long pages, long pageBytes) {
        long bytes() {
            return pages * pageBytes;
        }
    }

    /** All pages that a table uses, LMDB's table of tables included and its list of free pages left out. */
    Usage usage() {
        Stat names = env.stat();
        long pages = pages(names);
        try (Txn<ByteBuffer> txn = env.txnRead()) {
            for (Dbi<ByteBuffer> dbi : dbis) {
                pages += pages(dbi.stat(txn));
            }
        }
        return new Usage(pages, names.pageSize);
    }

    private static long pages(Stat stat) {
        return stat.branchPages + stat.leafPages + stat.overflowPages;
    }

    void close() {
        for (LmdbReader reader = idle.pollFirst(); reader != null; reader = idle.pollFirst()) {
            reader.dispose();
        }
        env.close();
    }
}
