package dev.cairn.sim.disk;

import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendFigures;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The key store's backend on a machine that can lose its power: before a commit, when nothing of it is there, or behind it,
 * when all of it is.
 */
public final class SimBackend {
    private SimBackend() {}

    /** Opens backends on what the given memory keeps, as parts of the disk's machine. */
    public static Backend.Factory on(MemoryBackend.Disk memory, SimDisk disk) {
        return tables -> new Machine(memory.open(tables), disk);
    }

    private record Machine(Backend backend, SimDisk disk) implements Backend {
        @Override
        public ReadTxn read() {
            return backend.read();
        }

        @Override
        public WriteTxn write() {
            return new Transaction(backend.write(), disk);
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
            disk.beforeOperation();
            backend.takePlaceOf(((Machine) other).backend);
            disk.beforeOperation();
        }

        @Override
        public void close() {
            backend.close();
        }
    }

    private record Transaction(WriteTxn txn, SimDisk disk) implements WriteTxn {
        @Override
        public ByteBuffer reserve(TableRef table, byte[] key, int valueBytes) {
            return txn.reserve(table, key, valueBytes);
        }

        @Override
        public ByteBuffer append(TableRef table, byte[] key, int valueBytes) {
            return txn.append(table, key, valueBytes);
        }

        @Override
        public boolean delete(TableRef table, byte[] key) {
            return txn.delete(table, key);
        }

        @Override
        public void commit() {
            disk.beforeOperation();
            txn.commit();
            disk.beforeOperation();
        }

        @Override
        public @Nullable ByteBuffer get(TableRef table, byte[] key) {
            return txn.get(table, key);
        }

        @Override
        public Cursor cursor(TableRef table) {
            return txn.cursor(table);
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
}
