package dev.cairn.mvcc;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.BackendFigures;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The backend as the store uses it: every record carries a checksum, made when it is written and compared whenever it is met.
 * There is no other way from the store to its records, so no caller can forget the check. Thread-safe as {@link Backend} says.
 *
 * <pre>
 *  key in the backend      value in the backend
 * +-----------------+     +----------------------------+--------------+
 * | key             |     | value, n bytes             | checksum 4   |
 * +-----------------+     +----------------------------+--------------+
 *  0 .. length - 1         0 .. n - 1                   big-endian
 *
 * checksum = CRC-32C(key, value) xor CRC-32C(table's name in UTF-8) xor key's length in bytes
 * </pre>
 *
 * <p>The table's name and the length are there so that a record is not taken for one of another table, nor the end of a key for
 * the beginning of its value.
 *
 * <p><b>Presence.</b> A record is compared when it is got and when a cursor comes to stand at it, before anything of it can be
 * seen. Any single changed byte, and any run of up to four, is noticed for certain; anything else but for once in 2<sup>32</sup>.
 *
 * <p><b>Absence.</b> A search compares keys, and goes astray where one of them is damaged. It ends beside the damaged one then:
 * all keys that are sound send it to where the damaged one stands. So the two neighbours of the place are compared
 * before a key is said to be absent, and the record before the place before a walk begins there.
 *
 * <p><b>What this cannot notice.</b> Damage to the pages that lead to the records, by which sound records can no longer
 * be reached, and pages of the past that hold sound records. Some of it shows because tables name each other's records, see
 * {@link ReadView} and {@link LeaseWalk}; some of it ends the process inside the storage.
 *
 * <p><b>Failure.</b> Damage, and a read that the storage refuses, are reported to {@link StoreFailure} before they are thrown.
 */
final class ChecksummedBackend implements Backend {
    static final int CHECKSUM_BYTES = Integer.BYTES;

    private final Backend backend;
    private final StoreFailure failure;
    private final int[] tableSums;
    private final boolean doubtsAbsence;

    ChecksummedBackend(Backend backend, List<TableRef> tables, StoreFailure failure) {
        this(backend, sums(tables), failure, true);
    }

    /** For a store that is being filled: what is absent is not doubted, as everything there was written a moment ago. */
    static ChecksummedBackend forLoading(Backend backend, List<TableRef> tables, StoreFailure failure) {
        return new ChecksummedBackend(backend, sums(tables), failure, false);
    }

    private ChecksummedBackend(Backend backend, int[] tableSums, StoreFailure failure, boolean doubtsAbsence) {
        this.doubtsAbsence = doubtsAbsence;
        this.backend = backend;
        this.tableSums = tableSums;
        this.failure = failure;
    }

    private static int[] sums(List<TableRef> tables) {
        int[] sums = new int[tables.size()];
        for (TableRef table : tables) {
            CRC32C crc = new CRC32C();
            crc.update(table.name().getBytes(StandardCharsets.UTF_8));
            sums[table.ordinal()] = (int) crc.getValue();
        }
        return sums;
    }

    @Override
    public ReadTxn read() {
        return new ChecksummedRead<>(backend.read());
    }

    @Override
    public WriteTxn write() {
        return new ChecksummedWrite(backend.write());
    }

    @Override
    public long sizeInUse() {
        return backend.sizeInUse();
    }

    @Override
    public long sizeOnDisk() {
        return backend.sizeOnDisk();
    }

    @Override
    public BackendFigures figures() {
        return backend.figures();
    }

    @Override
    public long defragment(LongConsumer pace) {
        return backend.defragment(pace);
    }

    @Override
    public void takePlaceOf(Backend other) {
        backend.takePlaceOf(((ChecksummedBackend) other).backend);
    }

    /** The same backend, whose failures somebody else hears of. Only one of the two is to be used from now on. */
    ChecksummedBackend reportingTo(StoreFailure other) {
        return new ChecksummedBackend(backend, tableSums, other, true);
    }

    @Override
    public void close() {
        backend.close();
    }

    private int checksum(CRC32C crc, TableRef table, int keyBytes) {
        return (int) crc.getValue() ^ tableSums[table.ordinal()] ^ keyBytes;
    }

    /** The storage has refused a read: to be thrown. */
    private BackendException refused(BackendException cause) {
        failure.fail(cause);
        return cause;
    }

    private DamagedStoreException damaged(TableRef table, byte[] key) {
        return failure.damaged("the record of table " + table.name() + " with key "
                + HexFormat.of().formatHex(key) + " does not match its checksum");
    }

    /** The value without its checksum; the buffers of a backend begin at 0 and end with the record. */
    private static ByteBuffer withoutChecksum(ByteBuffer stored) {
        return stored.position(0).limit(stored.capacity() - CHECKSUM_BYTES);
    }

    private class ChecksummedRead<T extends ReadTxn> implements ReadTxn {
        final T txn;
        final CRC32C crc = new CRC32C();

        ChecksummedRead(T txn) {
            this.txn = txn;
        }

        @Override
        public @Nullable ByteBuffer get(TableRef table, byte[] key) {
            ByteBuffer stored;
            try {
                stored = txn.get(table, key);
            } catch (BackendException e) {
                throw refused(e);
            }
            if (stored == null) {
                if (doubtsAbsence) {
                    checkAbsent(table, key);
                }
                return null;
            }
            crc.reset();
            crc.update(key);
            if (!matches(table, key.length, stored)) {
                throw damaged(table, key);
            }
            return withoutChecksum(stored);
        }

        private void checkAbsent(TableRef table, byte[] key) {
            try (ChecksummedCursor cursor = new ChecksummedCursor(this, table)) {
                cursor.seek(key);
            }
        }

        /** Whether the checksum behind the value fits; the key is in the digest already. */
        boolean matches(TableRef table, int keyBytes, ByteBuffer stored) {
            int valueBytes = stored.capacity() - CHECKSUM_BYTES;
            if (valueBytes < 0) {
                return false;
            }
            int noted = stored.getInt(valueBytes);
            crc.update(withoutChecksum(stored));
            return noted == checksum(crc, table, keyBytes);
        }

        @Override
        public Cursor cursor(TableRef table) {
            return new ChecksummedCursor(this, table);
        }

        @Override
        public long entries(TableRef table) {
            return txn.entries(table);
        }

        @Override
        public void close() {
            txn.close();
        }
    }

    /** Seals what was reserved before anything else is done, since only then has the caller filled it. */
    private final class ChecksummedWrite extends ChecksummedRead<WriteTxn> implements WriteTxn {
        private @Nullable TableRef reservedTable;
        private byte[] reservedKey = new byte[0];
        private ByteBuffer reserved = ByteBuffer.allocate(0);

        ChecksummedWrite(WriteTxn txn) {
            super(txn);
        }

        private ByteBuffer reserved(TableRef table, byte[] key, ByteBuffer room) {
            reservedTable = table;
            reservedKey = key;
            reserved = room;
            return withoutChecksum(room);
        }

        private void seal() {
            TableRef table = reservedTable;
            if (table == null) {
                return;
            }
            reservedTable = null;
            crc.reset();
            crc.update(reservedKey);
            crc.update(withoutChecksum(reserved));
            reserved.clear();
            reserved.putInt(reserved.capacity() - CHECKSUM_BYTES, checksum(crc, table, reservedKey.length));
        }

        @Override
        public @Nullable ByteBuffer get(TableRef table, byte[] key) {
            seal();
            return super.get(table, key);
        }

        @Override
        public Cursor cursor(TableRef table) {
            seal();
            return super.cursor(table);
        }

        @Override
        public ByteBuffer reserve(TableRef table, byte[] key, int valueBytes) {
            seal();
            return reserved(table, key, txn.reserve(table, key, valueBytes + CHECKSUM_BYTES));
        }

        @Override
        public ByteBuffer append(TableRef table, byte[] key, int valueBytes) {
            seal();
            return reserved(table, key, txn.append(table, key, valueBytes + CHECKSUM_BYTES));
        }

        @Override
        public boolean delete(TableRef table, byte[] key) {
            seal();
            return txn.delete(table, key);
        }

        @Override
        public void commit() {
            seal();
            txn.commit();
        }
    }

    private final class ChecksummedCursor implements Cursor {
        private final ChecksummedRead<?> txn;
        private final TableRef table;
        private final Cursor cursor;

        ChecksummedCursor(ChecksummedRead<?> txn, TableRef table) {
            this.txn = txn;
            this.table = table;
            this.cursor = txn.txn.cursor(table);
        }

        /** Compares the record that the cursor has come to. */
        private boolean checked(boolean found) {
            if (found) {
                ByteBuffer key = cursor.key();
                int keyBytes = key.remaining();
                txn.crc.reset();
                txn.crc.update(key);
                key.clear();
                if (!txn.matches(table, keyBytes, cursor.value())) {
                    byte[] copy = new byte[keyBytes];
                    cursor.key().get(0, copy);
                    throw damaged(table, copy);
                }
            }
            return found;
        }

        // No lambdas here: a step is so short that making one would be a part of it.

        @Override
        public boolean seek(byte[] key) {
            try {
                if (!checked(cursor.seek(key))) {
                    checked(cursor.last());
                    return false;
                }
                // A search that has found its key has not gone astray.
                if (!cursor.key().equals(ByteBuffer.wrap(key))) {
                    boolean isFirst = !checked(cursor.previous());
                    return isFirst ? cursor.first() : cursor.next();
                }
                return true;
            } catch (BackendException e) {
                throw refused(e);
            }
        }

        @Override
        public boolean first() {
            try {
                return checked(cursor.first());
            } catch (BackendException e) {
                throw refused(e);
            }
        }

        @Override
        public boolean last() {
            try {
                return checked(cursor.last());
            } catch (BackendException e) {
                throw refused(e);
            }
        }

        @Override
        public boolean next() {
            try {
                return checked(cursor.next());
            } catch (BackendException e) {
                throw refused(e);
            }
        }

        @Override
        public boolean previous() {
            try {
                return checked(cursor.previous());
            } catch (BackendException e) {
                throw refused(e);
            }
        }

        @Override
        public ByteBuffer key() {
            return cursor.key();
        }

        @Override
        public ByteBuffer value() {
            return withoutChecksum(cursor.value());
        }

        @Override
        public void close() {
            cursor.close();
        }
    }
}
