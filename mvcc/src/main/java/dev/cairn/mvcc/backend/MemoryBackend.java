package dev.cairn.mvcc.backend;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A backend in memory, for simulation and tests. What a commit has made durable lives in a {@link Disk}, which outlives the
 * backend: dropping the backend without closing it is a crash, opening another on the same disk is the restart.
 *
 * <p>Every committed table is an immutable sorted map, so a reader's snapshot is a list of references. A commit copies the
 * tables that it changes: made for thousands of pairs, not for millions.
 */
public final class MemoryBackend implements Backend {
    private static final int PAIR_OVERHEAD_BYTES = 16;

    private final List<TableRef> tables;
    private volatile Disk disk;
    private volatile boolean closed;
    private int readers;
    private boolean writing;

    private MemoryBackend(Disk disk, List<TableRef> tables) {
        this.disk = disk;
        this.tables = List.copyOf(tables);
        disk.ensure(tables.size());
    }

    /** What survives a crash. Thread-safe; holds tables by their place in the list of the backend that wrote them. */
    public static final class Disk implements Factory {
        private volatile List<NavigableMap<byte[], byte[]>> state = List.of();

        @Override
        public MemoryBackend open(List<TableRef> tables) {
            return new MemoryBackend(this, tables);
        }

        private void ensure(int tables) {
            List<NavigableMap<byte[], byte[]>> grown = new ArrayList<>(state);
            while (grown.size() < tables) {
                grown.add(new TreeMap<>(Arrays::compareUnsigned));
            }
            state = List.copyOf(grown);
        }
    }

    @Override
    public synchronized ReadTxn read() {
        checkOpen();
        readers++;
        return new MemoryReadTxn(disk.state);
    }

    @Override
    public synchronized WriteTxn write() {
        checkOpen();
        if (writing) {
            throw new IllegalStateException("there is a write transaction already");
        }
        writing = true;
        return new MemoryWriteTxn(disk.state);
    }

    @Override
    public long sizeInUse() {
        long bytes = 0;
        for (NavigableMap<byte[], byte[]> table : disk.state) {
            for (Map.Entry<byte[], byte[]> pair : table.entrySet()) {
                bytes += pair.getKey().length + pair.getValue().length + PAIR_OVERHEAD_BYTES;
            }
        }
        return bytes;
    }

    @Override
    public long sizeOnDisk() {
        return sizeInUse();
    }

    @Override
    public BackendFigures figures() {
        return new BackendFigures(0, 0, 0, 0, 0, 0);
    }

    @Override
    public long defragment(LongConsumer pace) {
        checkOpen();
        return 0;
    }

    @Override
    public void takePlaceOf(Backend other) {
        Disk place = ((MemoryBackend) other).disk;
        place.state = disk.state;
        disk = place;
    }

    @Override
    public void close() {
        boolean interrupted = false;
        synchronized (this) {
            closed = true;
            while (readers > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    private synchronized void readerLeft() {
        readers--;
        notifyAll();
    }

    private synchronized void writerLeft(@Nullable List<NavigableMap<byte[], byte[]>> committed) {
        writing = false;
        if (committed != null) {
            disk.state = committed;
        }
    }

    private class MemoryReadTxn implements ReadTxn {
        final List<NavigableMap<byte[], byte[]>> state;
        boolean over;

        MemoryReadTxn(List<NavigableMap<byte[], byte[]>> state) {
            this.state = state;
        }

        NavigableMap<byte[], byte[]> map(TableRef table) {
            if (over) {
                throw new IllegalStateException("the transaction is closed");
            }
            if (!tables.get(table.ordinal()).equals(table)) {
                throw new IllegalArgumentException("unknown table " + table);
            }
            return state.get(table.ordinal());
        }

        @Override
        public @Nullable ByteBuffer get(TableRef table, byte[] key) {
            byte[] value = map(table).get(key);
            return value == null ? null : ByteBuffer.wrap(value).asReadOnlyBuffer();
        }

        @Override
        public Cursor cursor(TableRef table) {
            map(table);
            return new MemoryCursor(this, table);
        }

        @Override
        public long entries(TableRef table) {
            return map(table).size();
        }

        @Override
        public void close() {
            if (!over) {
                over = true;
                readerLeft();
            }
        }
    }

    private final class MemoryWriteTxn extends MemoryReadTxn implements WriteTxn {
        private final boolean[] copied;

        MemoryWriteTxn(List<NavigableMap<byte[], byte[]>> state) {
            super(new ArrayList<>(state));
            copied = new boolean[state.size()];
        }

        private NavigableMap<byte[], byte[]> own(TableRef table, byte[] key) {
            if (key.length == 0 || key.length > KEY_BYTES_MAX) {
                throw new IllegalArgumentException("key of " + key.length + " bytes");
            }
            NavigableMap<byte[], byte[]> map = map(table);
            if (!copied[table.ordinal()]) {
                copied[table.ordinal()] = true;
                map = new TreeMap<>(map);
                state.set(table.ordinal(), map);
            }
            return map;
        }

        @Override
        public ByteBuffer reserve(TableRef table, byte[] key, int valueBytes) {
            byte[] value = new byte[valueBytes];
            own(table, key).put(key.clone(), value);
            return ByteBuffer.wrap(value);
        }

        @Override
        public ByteBuffer append(TableRef table, byte[] key, int valueBytes) {
            NavigableMap<byte[], byte[]> map = own(table, key);
            if (!map.isEmpty() && Arrays.compareUnsigned(map.lastKey(), key) >= 0) {
                throw new BackendException("appended key is not the greatest of " + table.name(), null);
            }
            return reserve(table, key, valueBytes);
        }

        @Override
        public boolean delete(TableRef table, byte[] key) {
            return own(table, key).remove(key) != null;
        }

        @Override
        public void commit() {
            if (over) {
                throw new IllegalStateException("the transaction is closed");
            }
            over = true;
            writerLeft(List.copyOf(state));
        }

        @Override
        public void close() {
            if (!over) {
                over = true;
                writerLeft(null);
            }
        }
    }

    private static final class MemoryCursor implements Cursor {
        private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

        private final MemoryReadTxn txn;
        private final TableRef table;
        private Map.@Nullable Entry<byte[], byte[]> here;
        /** As in a store on disk, one buffer for all who ask. */
        private ByteBuffer key = NOTHING;

        private ByteBuffer value = NOTHING;
        private boolean placed;
        private boolean closed;

        MemoryCursor(MemoryReadTxn txn, TableRef table) {
            this.txn = txn;
            this.table = table;
        }

        private NavigableMap<byte[], byte[]> map() {
            if (closed) {
                throw new IllegalStateException("the cursor is closed");
            }
            return txn.map(table);
        }

        private boolean move(Map.@Nullable Entry<byte[], byte[]> to) {
            here = to;
            placed = true;
            if (to != null) {
                key = ByteBuffer.wrap(to.getKey()).asReadOnlyBuffer();
                value = ByteBuffer.wrap(to.getValue()).asReadOnlyBuffer();
            }
            return to != null;
        }

        @Override
        public boolean seek(byte[] key) {
            return move(map().ceilingEntry(key));
        }

        @Override
        public boolean first() {
            return move(map().firstEntry());
        }

        @Override
        public boolean last() {
            return move(map().lastEntry());
        }

        @Override
        public boolean next() {
            if (!placed) {
                return first();
            }
            return move(map().higherEntry(entry().getKey()));
        }

        @Override
        public boolean previous() {
            if (!placed) {
                return last();
            }
            return move(map().lowerEntry(entry().getKey()));
        }

        private Map.Entry<byte[], byte[]> entry() {
            map();
            if (here == null) {
                throw new IllegalStateException("the cursor is at no pair");
            }
            return here;
        }

        @Override
        public ByteBuffer key() {
            entry();
            return key;
        }

        @Override
        public ByteBuffer value() {
            entry();
            return value;
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
