package dev.cairn.server.backup;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.mvcc.Revision;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A content in memory, which can also listen to another one. Texts stand for bytes. */
final class MemoryTables implements TableSource, TableSource.Visitor {
    private final TreeMap<String, TreeMap<byte[], byte[]>> buckets = new TreeMap<>();
    private TreeMap<byte[], byte[]> open = new TreeMap<>(Arrays::compareUnsigned);

    MemoryTables with(String bucket, String key, String value) {
        bucket(bucket);
        open.put(key.getBytes(ISO_8859_1), value.getBytes(ISO_8859_1));
        return this;
    }

    static MemoryTables of(TableSource content) throws IOException {
        MemoryTables heard = new MemoryTables();
        content.visit(new InOrder(heard));
        return heard;
    }

    static String revision(long main, long sub) {
        return new String(EtcdRevision.encode(new Revision(main, sub), false), ISO_8859_1);
    }

    static String number(long value) {
        return new String(ByteBuffer.allocate(8).putLong(value).array(), ISO_8859_1);
    }

    @Override
    public void bucket(String name) {
        open = buckets.computeIfAbsent(name, any -> new TreeMap<>(Arrays::compareUnsigned));
    }

    @Override
    public void pair(byte[] key, byte[] value) {
        open.put(key, value);
    }

    @Override
    public void visit(Visitor visitor) throws IOException {
        for (Map.Entry<String, TreeMap<byte[], byte[]>> bucket : buckets.entrySet()) {
            visitor.bucket(bucket.getKey());
            for (Map.Entry<byte[], byte[]> pair : bucket.getValue().entrySet()) {
                visitor.pair(pair.getKey(), pair.getValue());
            }
        }
    }

    @Override
    public long bytes() {
        return 0;
    }

    /** The pairs of a bucket as {@code key=value}; none when there is no such bucket. */
    List<String> pairs(String bucket) {
        List<String> texts = new ArrayList<>();
        buckets.getOrDefault(bucket, new TreeMap<>(Arrays::compareUnsigned))
                .forEach((key, value) -> texts.add(new String(key, ISO_8859_1) + "=" + new String(value, ISO_8859_1)));
        return texts;
    }

    Set<String> names() {
        return buckets.keySet();
    }

    /** A listener that does not believe in the order. */
    private record InOrder(MemoryTables heard) implements TableSource.Visitor {
        @Override
        public void bucket(String name) {
            if (!heard.buckets.isEmpty() && heard.buckets.lastKey().compareTo(name) >= 0) {
                throw new AssertionError(name + " after " + heard.buckets.lastKey());
            }
            heard.bucket(name);
        }

        @Override
        public void pair(byte[] key, byte[] value) {
            if (!heard.open.isEmpty() && Arrays.compareUnsigned(heard.open.lastKey(), key) >= 0) {
                throw new AssertionError("keys do not ascend");
            }
            heard.pair(key, value);
        }
    }
}
