package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Walks through every record of a store that nobody else uses and tells what is wrong. Used once, by one thread; in memory is one record.
 *
 * <p>First every checksum, and whether each table has as many records as it says. Only if all are sound, what tables say of each other:
 * the newest version of a key and its superseded ones are there and are its own; every revision belongs to a key; the keys are as many as
 * the store counts; a key hangs on a lease that exists; long keys hang together; compactions are not ahead of what was asked for.
 */
public final class StoreInspection {
    private static final int LOOKS_BETWEEN_NOTES = 4096;

    /** So much of a key is shown. */
    private static final int SHOWN_BYTES = 100;

    private final Backend backend;
    private final Listener listener;
    private long problems;

    /** Versions that the store must hold, and those of them that a key or the version after them names: each has to be named once. */
    private long owned;

    private long named;

    private StoreInspection(Backend backend, Listener listener) {
        this.backend = backend;
        this.listener = listener;
    }

    /** Hears of the work. */
    public interface Listener {
        /** Something is not as it was written. May be called very often. */
        void problem(String what);

        /** How far the walk through a table has come, in records. */
        void at(String table, long done, long all);
    }

    /**
     * What the store says of itself.
     *
     * @param compacted the revision that was asked to be compacted last; -1 when there was none
     * @param records of all tables
     * @param problems how many were told
     */
    public record Result(AppliedState applied, long revision, long compacted, long keys, long records, long problems) {}

    /**
     * Looks through the whole store.
     *
     * @param options where it lies; nothing else of them is used
     * @throws BackendException when the storage cannot be opened, or has a format of another release
     * @throws DamagedStoreException when not even its own description can be read
     */
    public static Result run(StoreOptions options, Listener listener) {
        StoreFailure failure = new StoreFailure(cause -> {});
        try (Backend backend = new ChecksummedBackend(options.backend().open(Layout.TABLES), Layout.TABLES, failure)) {
            return new StoreInspection(backend, listener).run();
        }
    }

    private Result run() {
        Recovered recovered = Recovered.from(backend);
        long records = 0;
        try (ReadTxn txn = backend.read()) {
            for (TableRef table : Layout.TABLES) {
                records += checkRecords(txn, table);
            }
            if (problems == 0) {
                checkKeys(txn, recovered);
                checkSuperseded(txn);
                checkRevisions(txn, recovered);
                checkNamed();
                checkNodes(txn);
                checkCompaction(recovered);
            }
        }
        return new Result(
                recovered.applied(), recovered.current(), recovered.compacted(), recovered.keys(), records, problems);
    }

    private void problem(String what) {
        problems++;
        listener.problem(what);
    }

    private void note(String table, long done, long all) {
        if (done % LOOKS_BETWEEN_NOTES == 0) {
            listener.at(table, done, all);
        }
    }

    /** Every record by itself. */
    private long checkRecords(ReadTxn txn, TableRef table) {
        long entries = txn.entries(table);
        long met = 0;
        try (Cursor cursor = txn.cursor(table)) {
            boolean begun = false;
            while (true) {
                boolean found = true;
                try {
                    boolean first = !begun;
                    begun = true;
                    found = first ? cursor.first() : cursor.next();
                } catch (DamagedStoreException e) {
                    // The cursor stands there all the same.
                    problem(e.damage());
                }
                if (!found) {
                    break;
                }
                met++;
                if (met > entries) {
                    break;
                }
                note(table.name(), met, entries);
            }
        } catch (BackendException e) {
            problem("table " + table.name() + " cannot be read on behind " + met + " records: " + e.getMessage());
            return met;
        }
        if (met != entries) {
            problem("table " + table.name() + " has " + entries + " records, but "
                    + (met > entries ? "more" : Long.toString(met)) + " can be reached");
        }
        return met;
    }

    /** The newest versions, and how many keys live. */
    private void checkKeys(ReadTxn txn, Recovered recovered) {
        KeyTable leases = SmallTables.stored(Table.LEASE);
        long all = txn.entries(Layout.IDX);
        long live = 0;
        long looked = 0;
        try (KeyTable.Scan scan = ReadView.IDX.scan(txn, ByteString.EMPTY)) {
            for (; !scan.atEnd(); scan.next()) {
                note("idx, its keys", looked++, all);
                ByteString key = scan.key();
                if (scan.value().remaining() < KeyState.BYTES_WITHOUT_LENGTH) {
                    problem("table idx, " + shown(key) + ": a state of "
                            + scan.value().remaining() + " bytes");
                    continue;
                }
                KeyState state = KeyState.decode(scan.value());
                live += state.tombstone() ? 0 : 1;
                checkNewest(txn, key, state);
                named += isForgotten(state.tombstone(), state.revision(), recovered) ? 0 : 1;
                if (state.lease() != 0 && leases.get(txn, leaseKey(state.lease())) == null) {
                    problem(shown(key) + " hangs on lease " + Long.toHexString(state.lease())
                            + ", which is not in table " + Table.LEASE.bucket());
                }
            }
        } catch (IllegalStateException e) {
            problem("table idx: " + e.getMessage());
            return;
        }
        if (live != recovered.keys()) {
            problem("table idx holds " + live + " keys that live, but the store counts " + recovered.keys());
        }
    }

    private void checkNewest(ReadTxn txn, ByteString key, KeyState state) {
        String place = "table idx, " + shown(key) + ", whose newest revision is " + state.revision();
        ByteBuffer record = txn.get(Layout.REV, Layout.revisionKey(state.revision()));
        if (record == null) {
            problem(place + ": that revision is not in table rev");
            return;
        }
        KeyValueFields keyValue = decode(state.revision(), record);
        if (keyValue == null) {
            return;
        }
        boolean same = RevisionRecord.idOf(state.revision(), record).equals(state.id())
                && Layout.stepOf(record) == state.step()
                && RevisionRecord.isTombstone(record) == state.tombstone()
                && keyValue.key().equals(key)
                && keyValue.create() == state.create()
                && keyValue.version() == state.version()
                && keyValue.lease() == state.lease()
                && (state.keyValueBytes() == 0
                        || state.keyValueBytes()
                                == RevisionRecord.keyValueBuffer(record).remaining());
        if (!same) {
            problem(place + ": table rev has something else there, of " + shown(keyValue.key()));
        }
    }

    /** Superseded milestones. */
    private void checkSuperseded(ReadTxn txn) {
        long all = txn.entries(Layout.HIST);
        long looked = 0;
        try (Cursor cursor = txn.cursor(Layout.HIST)) {
            for (boolean found = cursor.first(); found; found = cursor.next()) {
                note("hist", looked++, all);
                if (cursor.key().capacity() != Layout.HIST_KEY_BYTES) {
                    problem("table hist has a key of " + cursor.key().capacity() + " bytes");
                    continue;
                }
                Revision id = Layout.revisionAt(cursor.key(), 0);
                Revision revision = Layout.revisionAt(cursor.key(), Layout.REVISION_BYTES);
                boolean tombstone = cursor.value().get(0) != 0;
                ByteBuffer record = txn.get(Layout.REV, Layout.revisionKey(revision));
                String place = "table hist, revision " + revision + " of the key with id " + id;
                if (record == null) {
                    problem(place + ": the revision is not in table rev");
                } else if (!RevisionRecord.idOf(revision, record).equals(id)
                        || RevisionRecord.isTombstone(record) != tombstone
                        || !Layout.isMilestone(Layout.stepOf(record))) {
                    problem(place + ": table rev has another key there, or another kind of change");
                }
            }
        }
    }

    /** A tombstone below the compaction may be forgotten by its key before it is removed. */
    private static boolean isForgotten(boolean tombstone, Revision at, Recovered recovered) {
        return tombstone && at.main() < recovered.compacted();
    }

    /** Every revision is the newest of a key or a superseded one, and follows the one that it names. */
    private void checkRevisions(ReadTxn txn, Recovered recovered) {
        long all = txn.entries(Layout.REV);
        long looked = 0;
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            for (boolean found = cursor.first(); found; found = cursor.next()) {
                note("rev", looked++, all);
                if (cursor.key().capacity() != Layout.REVISION_BYTES) {
                    problem("table rev has a key of " + cursor.key().capacity() + " bytes");
                    continue;
                }
                Revision at = Layout.revisionAt(cursor.key(), 0);
                ByteBuffer record = cursor.value();
                boolean tombstone = RevisionRecord.isTombstone(record);
                if (!RevisionRecord.keyValueBuffer(record).hasRemaining()) {
                    // The mark of a revision at which nothing was written.
                    continue;
                }
                KeyValueFields keyValue = decode(at, record);
                if (keyValue == null) {
                    continue;
                }
                if (!tombstone && keyValue.mod() != at.main()) {
                    problem("table rev, revision " + at + ": its key-value names revision " + keyValue.mod());
                }
                Revision id = RevisionRecord.idOf(at, record);
                if (!isForgotten(tombstone, at, recovered)) {
                    owned++;
                    checkOwned(txn, at, id, Layout.isMilestone(Layout.stepOf(record)), keyValue.key());
                }
                Revision previous = RevisionRecord.previousOf(record);
                if (previous != null) {
                    checkPrevious(txn, at, id, record, previous, recovered);
                }
            }
        }
    }

    private void checkOwned(ReadTxn txn, Revision at, Revision id, boolean milestone, ByteString key) {
        String place = "table rev, revision " + at + " of " + shown(key);
        ByteBuffer entry = ReadView.IDX.get(txn, key);
        if (entry == null) {
            problem(place + ": the key is not in table idx");
            return;
        }
        Revision newest = KeyState.revisionAt(entry);
        int order = newest.compareTo(at);
        if (order == 0) {
            return;
        }
        if (order < 0) {
            problem(place + ": table idx knows of nothing newer than " + newest);
            return;
        }
        if (milestone && txn.get(Layout.HIST, Layout.histKey(id, at)) == null) {
            problem(place + ": superseded, but not in table hist");
        }
    }

    /** The version that another one follows. */
    private void checkPrevious(
            ReadTxn txn, Revision at, Revision id, ByteBuffer record, Revision previous, Recovered recovered) {
        String place = "table rev, revision " + at + ", which follows revision " + previous;
        boolean forgotten = isForgotten(RevisionRecord.isPreviousTombstone(record), previous, recovered);
        ByteBuffer before = txn.get(Layout.REV, Layout.revisionKey(previous));
        if (before == null) {
            // Compaction removes what is superseded.
            if (at.main() > recovered.compacted() && !forgotten) {
                problem(place + ": that is not in table rev");
            }
            return;
        }
        named += forgotten ? 0 : 1;
        int step = Layout.stepOf(record);
        int stepBefore = Layout.stepOf(before);
        // In format 1 every version was a milestone.
        boolean ofFormatOne = Layout.isMilestone(step) && Layout.isMilestone(stepBefore);
        boolean follows = previous.compareTo(at) < 0
                && RevisionRecord.idOf(previous, before).equals(id)
                && RevisionRecord.isTombstone(before) == RevisionRecord.isPreviousTombstone(record)
                && (step == Layout.nextStep(stepBefore) || ofFormatOne);
        if (!follows) {
            problem(place + ": table rev has another key there, or another kind of change");
        }
    }

    private void checkNamed() {
        if (problems == 0 && named != owned) {
            problem("table rev has " + owned + " versions of keys, but keys and newer versions name " + named);
        }
    }

    /** What is kept of long keys: each node is named once and is not empty. */
    private void checkNodes(ReadTxn txn) {
        long named = 0;
        for (TableRef table : Layout.TABLES) {
            if (table.equals(Layout.REV) || table.equals(Layout.HIST) || table.equals(Layout.STORE)) {
                continue;
            }
            int head = table.equals(Layout.LONG) ? Long.BYTES : 0;
            try (Cursor cursor = txn.cursor(table);
                    Cursor nodes = txn.cursor(Layout.LONG)) {
                for (boolean found = cursor.first(); found; found = cursor.next()) {
                    if (!KeyTable.isContinued(cursor.key(), head)) {
                        continue;
                    }
                    named++;
                    long node = cursor.value().getLong(0);
                    if (!nodes.seek(Layout.longBytes(node)) || nodes.key().getLong(0) != node) {
                        problem("table " + table.name() + " has a long key that goes on in node " + node
                                + " of table long, which is empty");
                    }
                }
            }
        }
        long there = 0;
        long last = 0;
        try (Cursor cursor = txn.cursor(Layout.LONG)) {
            for (boolean found = cursor.first(); found; found = cursor.next()) {
                long node = cursor.key().getLong(0);
                there += node != last ? 1 : 0;
                last = node;
            }
        }
        if (there != named) {
            problem("table long has " + there + " nodes, but " + named + " are named by the beginnings of long keys");
        }
    }

    private void checkCompaction(Recovered recovered) {
        if (recovered.finished() > recovered.scheduled() && recovered.scheduled() >= 0) {
            problem("table meta: compaction " + recovered.finished() + " was finished, but only "
                    + recovered.scheduled() + " was asked for");
        }
    }

    private @Nullable KeyValueFields decode(Revision at, ByteBuffer record) {
        try {
            return KeyValueFields.decode(RevisionRecord.keyValueBuffer(record));
        } catch (IOException | IllegalArgumentException e) {
            problem("table rev, revision " + at + ": the key-value does not decode: " + e.getMessage());
            return null;
        }
    }

    private static ByteString leaseKey(long lease) {
        return ByteString.copyFrom(Layout.longBytes(lease));
    }

    /** A key as a message shows it: text where it is text. */
    static String shown(ByteString key) {
        ByteString start = key.size() > SHOWN_BYTES ? key.substring(0, SHOWN_BYTES) : key;
        boolean text = true;
        for (int i = 0; i < start.size(); i++) {
            text &= start.byteAt(i) >= ' ' && start.byteAt(i) < 127;
        }
        String shown = text ? "'" + start.toStringUtf8() + "'" : HexFormat.of().formatHex(start.toByteArray());
        return "key " + shown + (start.size() < key.size() ? "... (" + key.size() + " bytes)" : "");
    }
}
