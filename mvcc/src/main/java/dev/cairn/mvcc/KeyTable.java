package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A table whose keys may have any length, in exact byte order, over a backend whose keys may not. Immutable; the state is in
 * the transactions.
 *
 * <p><b>Chunk trie.</b> A key shorter than {@link #CHUNK_BYTES} stands as it is. A longer one is cut: its first chunk stands
 * in the table with one marker byte behind it, {@link #ENDS} when the key is exactly this chunk and then the value is the
 * key's, {@link #CONTINUES} when it is longer and then the value is the number of a node. The node's keys stand in the table
 * {@link Layout#LONG} behind the node's number, cut in the same way. All keys with a chunk in common share its node.
 *
 * <p><b>Order.</b> A short key and a chunk compare as the keys do, since a proper prefix comes first; of two keys with the
 * same chunk the one that ends there comes first, as its marker is the smaller. So byte order of the entries, read depth
 * first, is byte order of the keys.
 *
 * <p><b>Invariants.</b> No node is empty, and each has one entry that names it. Node numbers are not used twice at a time.
 * Everything is iterative: a key of a megabyte goes some thousand nodes deep.
 */
final class KeyTable {
    static final int CHUNK_BYTES = 480;
    private static final byte ENDS = 0;
    private static final byte CONTINUES = 1;
    private static final byte BEHIND = 2;
    private static final int NODE_BYTES = Long.BYTES;

    /** The number of no node; the level of the table itself. */
    private static final long TOP = 0;

    private final TableRef table;

    KeyTable(TableRef table) {
        this.table = table;
    }

    @Nullable
    ByteBuffer get(ReadTxn txn, ByteString key) {
        long node = TOP;
        int offset = 0;
        while (true) {
            ByteBuffer value = txn.get(tableOf(node), entryKey(node, key, offset));
            if (value == null || key.size() - offset <= CHUNK_BYTES) {
                return value;
            }
            node = value.getLong(0);
            offset += CHUNK_BYTES;
        }
    }

    /** Room for the value of the key, as {@link WriteTxn#reserve}. */
    ByteBuffer reserve(WriteTxn txn, ByteString key, int valueBytes) {
        long node = TOP;
        long unused = TOP;
        int offset = 0;
        while (key.size() - offset > CHUNK_BYTES) {
            byte[] entry = entryKey(node, key, offset);
            ByteBuffer value = txn.get(tableOf(node), entry);
            long child;
            if (value != null) {
                child = value.getLong(0);
            } else {
                unused = unused == TOP ? unusedNode(txn) : unused + 1;
                child = unused;
                txn.put(tableOf(node), entry, Layout.longBytes(child));
            }
            node = child;
            offset += CHUNK_BYTES;
        }
        return txn.reserve(tableOf(node), entryKey(node, key, offset), valueBytes);
    }

    private static long unusedNode(WriteTxn txn) {
        try (Cursor cursor = txn.cursor(Layout.LONG)) {
            return cursor.last() ? cursor.key().getLong(0) + 1 : TOP + 1;
        }
    }

    /** Removes the key and the nodes that become empty; answers whether it was there. */
    boolean delete(WriteTxn txn, ByteString key) {
        long[] path = new long[key.size() / CHUNK_BYTES + 1];
        int depth = 0;
        while (key.size() - depth * CHUNK_BYTES > CHUNK_BYTES) {
            ByteBuffer value = txn.get(tableOf(path[depth]), entryKey(path[depth], key, depth * CHUNK_BYTES));
            if (value == null) {
                return false;
            }
            depth++;
            path[depth] = value.getLong(0);
        }
        boolean found = txn.delete(tableOf(path[depth]), entryKey(path[depth], key, depth * CHUNK_BYTES));
        while (found && depth > 0 && isEmpty(txn, path[depth])) {
            depth--;
            txn.delete(tableOf(path[depth]), entryKey(path[depth], key, depth * CHUNK_BYTES));
        }
        return found;
    }

    private static boolean isEmpty(WriteTxn txn, long node) {
        try (Cursor cursor = txn.cursor(Layout.LONG)) {
            return !cursor.seek(Layout.longBytes(node)) || cursor.key().getLong(0) != node;
        }
    }

    /** A scan that stands at the first key not less than {@code from}; an empty one means the first of all. */
    Scan scan(ReadTxn txn, ByteString from) {
        Scan scan = new Scan(txn, table);
        scan.seek(from);
        return scan;
    }

    private TableRef tableOf(long node) {
        return node == TOP ? table : Layout.LONG;
    }

    /** Whether an entry is a chunk whose key goes on in a node; {@code head} is how many bytes of it are the number of its own node. */
    static boolean isContinued(ByteBuffer entry, int head) {
        return entry.limit() == head + CHUNK_BYTES + 1 && entry.get(entry.limit() - 1) == CONTINUES;
    }

    /** The backend's key for the chunk of the key that begins at the offset. */
    private static byte[] entryKey(long node, ByteString key, int offset) {
        int rest = key.size() - offset;
        int head = node == TOP ? 0 : NODE_BYTES;
        byte[] entry;
        if (rest < CHUNK_BYTES) {
            entry = new byte[head + rest];
            key.substring(offset).copyTo(entry, head);
        } else {
            entry = new byte[head + CHUNK_BYTES + 1];
            key.substring(offset, offset + CHUNK_BYTES).copyTo(entry, head);
            entry[head + CHUNK_BYTES] = rest == CHUNK_BYTES ? ENDS : CONTINUES;
        }
        if (node != TOP) {
            ByteBuffer.wrap(entry).putLong(node);
        }
        return entry;
    }

    /**
     * A walk over the keys in order. Stands at a key or, when {@link #atEnd}, behind the last. Confined to the thread of its
     * transaction; what it hands out is valid until it moves.
     */
    static final class Scan implements AutoCloseable {
        private final ReadTxn txn;
        private final Cursor top;
        private @Nullable Cursor deep;

        // The nodes from the top down to where the scan stands, and the chunks that lead there.
        private int depth;
        private long[] nodes = new long[0];
        private byte[] chunks = new byte[0];
        private boolean atEnd;

        private Scan(ReadTxn txn, TableRef table) {
            this.txn = txn;
            this.top = txn.cursor(table);
        }

        boolean atEnd() {
            return atEnd;
        }

        private void seek(ByteString from) {
            if (from.isEmpty()) {
                atEnd = !top.first();
                settle();
                return;
            }
            int offset = 0;
            while (true) {
                long node = depth == 0 ? TOP : nodes[depth - 1];
                byte[] entry = entryKey(node, from, offset);
                boolean found = cursor().seek(entry) && inNode();
                if (!found) {
                    leaveNode();
                    break;
                }
                if (from.size() - offset <= CHUNK_BYTES || !cursor().key().equals(ByteBuffer.wrap(entry))) {
                    break;
                }
                enterNode();
                offset += CHUNK_BYTES;
            }
            settle();
        }

        /** Moves to the next key. */
        void next() {
            if (!cursor().next() || !inNode()) {
                leaveNode();
            }
            settle();
        }

        private Cursor cursor() {
            return depth == 0 ? top : deepCursor();
        }

        private Cursor deepCursor() {
            if (deep == null) {
                deep = txn.cursor(Layout.LONG);
            }
            return deep;
        }

        private boolean inNode() {
            return depth == 0 || deepCursor().key().getLong(0) == nodes[depth - 1];
        }

        private int head() {
            return depth == 0 ? 0 : NODE_BYTES;
        }

        private boolean isChunk(ByteBuffer entry) {
            return entry.limit() == head() + CHUNK_BYTES + 1;
        }

        /** Goes down until the entry here is a key's own. */
        private void settle() {
            while (!atEnd) {
                ByteBuffer entry = cursor().key();
                if (!isChunk(entry) || entry.get(entry.limit() - 1) != CONTINUES) {
                    return;
                }
                enterNode();
                if (!deepCursor().seek(Layout.longBytes(nodes[depth - 1])) || !inNode()) {
                    throw new IllegalStateException("node " + nodes[depth - 1] + " of a long key is empty");
                }
            }
        }

        /** Goes one node down; the cursor below has no place yet. */
        private void enterNode() {
            ByteBuffer entry = cursor().key();
            long child = cursor().value().getLong(0);
            if (nodes.length == depth) {
                nodes = Arrays.copyOf(nodes, Math.max(4, 2 * depth));
                chunks = Arrays.copyOf(chunks, nodes.length * CHUNK_BYTES);
            }
            entry.get(head(), chunks, depth * CHUNK_BYTES, CHUNK_BYTES);
            nodes[depth] = child;
            depth++;
        }

        /** Goes up behind nodes that have no more entries, or to the end. */
        private void leaveNode() {
            while (depth > 0) {
                depth--;
                boolean found;
                if (depth == 0) {
                    found = top.next();
                } else {
                    byte[] behind = new byte[NODE_BYTES + CHUNK_BYTES + 1];
                    ByteBuffer.wrap(behind)
                            .putLong(nodes[depth - 1])
                            .put(chunks, depth * CHUNK_BYTES, CHUNK_BYTES)
                            .put(BEHIND);
                    found = deepCursor().seek(behind) && inNode();
                }
                if (found) {
                    return;
                }
            }
            atEnd = true;
        }

        ByteBuffer value() {
            return cursor().value();
        }

        /** The key. */
        ByteBuffer keyBuffer() {
            ByteBuffer entry = cursor().key();
            return depth == 0 && !isChunk(entry) ? entry : key().asReadOnlyByteBuffer();
        }

        /** A copy of the key. */
        ByteString key() {
            ByteBuffer entry = cursor().key();
            int length = isChunk(entry) ? CHUNK_BYTES : entry.limit() - head();
            byte[] key = new byte[depth * CHUNK_BYTES + length];
            System.arraycopy(chunks, 0, key, 0, depth * CHUNK_BYTES);
            entry.get(head(), key, depth * CHUNK_BYTES, length);
            return UnsafeByteOperations.unsafeWrap(key);
        }

        /** Compares the key with the bytes of the buffer. */
        int compareTo(ByteBuffer other) {
            ByteBuffer entry = cursor().key();
            if (depth == 0 && !isChunk(entry)) {
                return compare(entry, other);
            }
            int above = depth * CHUNK_BYTES;
            ByteBuffer prefix = ByteBuffer.wrap(chunks, 0, above);
            if (other.remaining() <= above) {
                int order = compare(prefix, other);
                // An equal prefix is less than the key, which has at least one byte more.
                return order != 0 ? order : 1;
            }
            int order = compare(prefix, other.duplicate().limit(other.position() + above));
            if (order != 0) {
                return order;
            }
            int length = isChunk(entry) ? CHUNK_BYTES : entry.limit() - head();
            return compare(
                    entry.duplicate().position(head()).limit(head() + length),
                    other.duplicate().position(other.position() + above));
        }

        private static int compare(ByteBuffer left, ByteBuffer right) {
            int at = left.mismatch(right);
            if (at < 0) {
                return 0;
            }
            if (at == left.remaining() || at == right.remaining()) {
                return Integer.compare(left.remaining(), right.remaining());
            }
            return Byte.compareUnsigned(left.get(left.position() + at), right.get(right.position() + at));
        }

        @Override
        public void close() {
            top.close();
            if (deep != null) {
                deep.close();
            }
        }
    }
}
