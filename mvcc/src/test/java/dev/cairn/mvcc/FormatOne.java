package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a store as releases with format 1 have written it: no version has a step or a length, and all that are superseded stand in {@code hist}. */
final class FormatOne {
    private static final int TOMBSTONE_ALONE = 1;
    private static final int FLAGS_ALONE = 15;

    private FormatOne() {}

    static void rewrite(Backend.Factory factory) {
        try (Backend backend = open(factory);
                WriteTxn txn = backend.write()) {
            rewriteKeys(txn);
            rewriteRevisions(txn);
            txn.put(Layout.STORE, Layout.STORE_FORMAT, Layout.longBytes(1));
            txn.commit();
        }
    }

    private static void rewriteKeys(WriteTxn txn) {
        Map<ByteString, byte[]> entries = new LinkedHashMap<>();
        try (KeyTable.Scan scan = ReadView.IDX.scan(txn, ByteString.EMPTY)) {
            for (; !scan.atEnd(); scan.next()) {
                entries.put(scan.key(), bytes(scan.value()));
            }
        }
        entries.forEach((key, entry) -> {
            entry[0] &= TOMBSTONE_ALONE;
            int length = KeyState.BYTES_WITHOUT_LENGTH;
            ReadView.IDX.reserve(txn, key, length).put(entry, 0, length);
        });
    }

    private static void rewriteRevisions(WriteTxn txn) {
        List<byte[]> keys = new ArrayList<>();
        List<byte[]> records = new ArrayList<>();
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            for (boolean found = cursor.first(); found; found = cursor.next()) {
                keys.add(bytes(cursor.key()));
                records.add(bytes(cursor.value()));
            }
        }
        for (int i = 0; i < keys.size(); i++) {
            ByteBuffer record = ByteBuffer.wrap(records.get(i));
            Revision at = Layout.revisionAt(ByteBuffer.wrap(keys.get(i)), 0);
            Revision previous = RevisionRecord.previousOf(record);
            boolean tombstone = RevisionRecord.isPreviousTombstone(record);
            Revision id = RevisionRecord.idOf(at, record);
            record.put(0, (byte) (record.get(0) & FLAGS_ALONE));
            txn.put(Layout.REV, keys.get(i), record.array());
            if (previous != null && txn.get(Layout.REV, Layout.revisionKey(previous)) != null) {
                txn.put(Layout.HIST, Layout.histKey(id, previous), new byte[] {(byte) (tombstone ? 1 : 0)});
            }
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    /** The format that a store says it has. */
    static long formatOf(Backend.Factory factory) {
        try (Backend backend = open(factory);
                ReadTxn txn = backend.read()) {
            ByteBuffer format = txn.get(Layout.STORE, Layout.STORE_FORMAT);
            return format == null ? 0 : format.getLong(0);
        }
    }

    private static Backend open(Backend.Factory factory) {
        StoreFailure failure = new StoreFailure(cause -> {});
        return new ChecksummedBackend(factory.open(Layout.TABLES), Layout.TABLES, failure);
    }
}
