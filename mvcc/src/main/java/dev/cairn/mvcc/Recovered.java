package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;

/**
 * What a backend says of the store's state when it is opened. Immutable.
 *
 * @param current the newest revision: that of the last record, or the compacted one if that is higher; 1 in a new store
 * @param finished the last compaction that was carried out; -1 when there was none
 * @param scheduled the last compaction that was requested; -1 when there was none
 * @param keys the number of live keys
 */
record Recovered(AppliedState applied, long current, long finished, long scheduled, long keys) {
    /** The revision of a store that nothing was ever written to. */
    private static final long EMPTY_REVISION = 1;

    private static final long NEVER = -1;

    long compacted() {
        return Math.max(finished, scheduled);
    }

    static Recovered from(Backend backend) {
        try (ReadTxn txn = backend.read()) {
            ByteBuffer format = txn.get(Layout.STORE, Layout.STORE_FORMAT);
            if (format != null) {
                checkFormat(format.getLong(0));
                return read(txn);
            }
            for (TableRef table : Layout.TABLES) {
                if (txn.entries(table) > 0) {
                    throw new DamagedStoreException("table " + table.name() + " holds " + txn.entries(table)
                            + " records, but the store's format is not recorded");
                }
            }
        }
        try (WriteTxn txn = backend.write()) {
            txn.put(Layout.STORE, Layout.STORE_FORMAT, Layout.longBytes(Layout.FORMAT));
            txn.put(Layout.STORE, Layout.STORE_KEYS, Layout.longBytes(0));
            txn.commit();
        }
        return new Recovered(new AppliedState(0, 0, ByteString.EMPTY), EMPTY_REVISION, NEVER, NEVER, 0);
    }

    private static void checkFormat(long format) {
        if (format > Layout.FORMAT) {
            throw new BackendException(
                    "the store has format " + format + ", but this version of Cairn reads formats up to "
                            + Layout.FORMAT + "; start the newer version that has written it",
                    null);
        }
        if (format < Layout.OLDEST_FORMAT) {
            throw new BackendException("the store has format " + format + ", which there never was", null);
        }
    }

    private static Recovered read(ReadTxn txn) {
        long current = EMPTY_REVISION;
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            if (cursor.last()) {
                current = Layout.revisionAt(cursor.key(), 0).main();
            }
        }
        long finished = compaction(txn, Layout.META_FINISHED_COMPACTION);
        long scheduled = compaction(txn, Layout.META_SCHEDULED_COMPACTION);
        current = Math.max(current, Math.max(finished, scheduled));
        ByteBuffer keys = txn.get(Layout.STORE, Layout.STORE_KEYS);
        long liveKeys = keys == null ? 0 : keys.getLong(0);
        return new Recovered(applied(txn), current, finished, scheduled, liveKeys);
    }

    /** The log entry that the backend ends with. */
    static AppliedState applied(ReadTxn txn) {
        ByteBuffer confState = SmallTables.stored(Table.META).get(txn, Layout.META_CONF_STATE);
        ByteString configuration = confState == null ? ByteString.EMPTY : ByteString.copyFrom(confState);
        return new AppliedState(
                number(txn, Layout.META_CONSISTENT_INDEX), number(txn, Layout.META_TERM), configuration);
    }

    private static long compaction(ReadTxn txn, ByteString name) {
        ByteBuffer value = SmallTables.stored(Table.META).get(txn, name);
        return value == null ? NEVER : Layout.compactionOf(ByteString.copyFrom(value));
    }

    private static long number(ReadTxn txn, ByteString name) {
        ByteBuffer value = SmallTables.stored(Table.META).get(txn, name);
        return value == null ? 0 : value.getLong(0);
    }
}
