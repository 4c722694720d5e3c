package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** The backend's content as etcd's database holds it. */
final class EtcdView {
    static final String KEY_BUCKET = "key";

    /** What differs between members that agree: left out of the digest. */
    private static final Set<ByteString> META_NOT_HASHED =
            Set.of(Layout.META_CONSISTENT_INDEX, Layout.META_TERM, Layout.META_STORAGE_VERSION);

    private EtcdView() {}

    /** Walks through all buckets; names and keys in byte order. */
    static void visit(ReadTxn txn, MvccStore.BucketVisitor visitor) {
        visit(txn, visitor, to -> visitRevisions(txn, to));
    }

    /** As {@link #visit}, but leaves out the pairs of the bucket with the revisions. */
    static void visitTables(ReadTxn txn, MvccStore.BucketVisitor visitor) {
        visit(txn, visitor, to -> {});
    }

    private static void visit(
            ReadTxn txn, MvccStore.BucketVisitor visitor, Consumer<MvccStore.BucketVisitor> revisions) {
        TreeMap<String, Consumer<MvccStore.BucketVisitor>> buckets = new TreeMap<>();
        for (Table table : Table.values()) {
            buckets.put(table.bucket(), to -> visitTable(txn, table, to));
        }
        buckets.put(KEY_BUCKET, revisions);
        buckets.forEach((name, content) -> {
            visitor.bucket(name);
            content.accept(visitor);
        });
    }

    private static void visitTable(ReadTxn txn, Table table, MvccStore.BucketVisitor visitor) {
        try (KeyTable.Scan scan = SmallTables.stored(table).scan(txn, ByteString.EMPTY)) {
            for (; !scan.atEnd(); scan.next()) {
                visitor.pair(scan.key(), ByteString.copyFrom(scan.value()));
            }
        }
    }

    private static void visitRevisions(ReadTxn txn, MvccStore.BucketVisitor visitor) {
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            for (boolean found = cursor.first(); found; found = cursor.next()) {
                ByteBuffer record = cursor.value();
                byte[] key =
                        EtcdRevision.encode(Layout.revisionAt(cursor.key(), 0), RevisionRecord.isTombstone(record));
                visitor.pair(UnsafeByteOperations.unsafeWrap(key), RevisionRecord.keyValue(record));
            }
        }
    }

    /** The digest of {@code Maintenance.Hash}: CRC-32C over each bucket's name and pairs. */
    static int hash(Consumer<MvccStore.BucketVisitor> export) {
        CRC32C crc = new CRC32C();
        export.accept(new MvccStore.BucketVisitor() {
            private boolean inMeta;

            @Override
            public void bucket(String name) {
                inMeta = name.equals(Table.META.bucket());
                crc.update(name.getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public void pair(ByteString key, ByteString value) {
                if (!inMeta || !META_NOT_HASHED.contains(key)) {
                    crc.update(key.asReadOnlyByteBuffer());
                    crc.update(value.asReadOnlyByteBuffer());
                }
            }
        });
        return (int) crc.getValue();
    }
}
