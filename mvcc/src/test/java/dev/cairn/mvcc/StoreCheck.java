package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.ReadTxn;
import dev.cairn.mvcc.backend.TableRef;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Checks the cross references of all tables in a backend. */
final class StoreCheck {
    private StoreCheck() {}

    static void check(Backend backend) {
        check(backend, false);
    }

    /** @param formatOne whether some of the store may have been written with format 1 */
    static void check(Backend backend, boolean formatOne) {
        try (ReadTxn txn = backend.read()) {
            Map<Revision, RevisionRecord> records = new HashMap<>();
            try (Cursor cursor = txn.cursor(Layout.REV)) {
                for (boolean found = cursor.first(); found; found = cursor.next()) {
                    Revision at = Layout.revisionAt(cursor.key(), 0);
                    records.put(at, RevisionRecord.decode(at, cursor.value()));
                }
            }
            Set<Revision> named = new HashSet<>();
            Set<Revision> milestones = new HashSet<>();
            long live = 0;
            try (KeyTable.Scan scan = ReadView.IDX.scan(txn, ByteString.EMPTY)) {
                ByteString last = ByteString.EMPTY;
                for (; !scan.atEnd(); scan.next()) {
                    ByteString key = scan.key();
                    assertThat(KeyRange.KEY_ORDER.compare(last, key))
                            .as("order of idx")
                            .isNegative();
                    last = key;
                    KeyState state = KeyState.decode(scan.value());
                    RevisionRecord record =
                            Objects.requireNonNull(records.get(state.revision()), () -> "rev of idx " + state);
                    assertThat(record.id()).isEqualTo(state.id());
                    assertThat(record.tombstone()).isEqualTo(state.tombstone());
                    assertThat(record.step()).isEqualTo(state.step());
                    var keyValue = KeyValues.decode(record.keyValue());
                    assertThat(keyValue.getKey()).isEqualTo(key);
                    assertThat(keyValue.getCreateRevision()).isEqualTo(state.create());
                    assertThat(keyValue.getVersion()).isEqualTo(state.version());
                    assertThat(keyValue.getLease()).isEqualTo(state.lease());
                    if (!(formatOne && state.keyValueBytes() == 0)) {
                        assertThat(state.keyValueBytes())
                                .isEqualTo(
                                        state.tombstone()
                                                ? 0
                                                : record.keyValue().size());
                    }
                    assertThat(named.add(state.revision())).isTrue();
                    live += state.tombstone() ? 0 : 1;
                }
            }
            assertThat(Objects.requireNonNull(txn.get(Layout.STORE, Layout.STORE_KEYS))
                            .getLong(0))
                    .as("keys")
                    .isEqualTo(live);
            records.forEach((at, record) -> {
                Revision previous = record.previous();
                if (previous != null && records.get(previous) != null) {
                    RevisionRecord before = records.get(previous);
                    assertThat(previous).isLessThan(at);
                    assertThat(before.id()).isEqualTo(record.id());
                    assertThat(before.tombstone()).isEqualTo(record.previousTombstone());
                    assertThat(record.step())
                            .as("step of %s, which follows %s", at, previous)
                            .isEqualTo(
                                    formatOne && record.step() == 0 && before.step() == 0
                                            ? 0
                                            : Layout.nextStep(before.step()));
                    assertThat(named.add(previous))
                            .as("%s is named twice", previous)
                            .isTrue();
                    if (before.step() == 0) {
                        milestones.add(previous);
                    }
                }
            });
            try (Cursor cursor = txn.cursor(Layout.HIST)) {
                for (boolean found = cursor.first(); found; found = cursor.next()) {
                    Revision id = Layout.revisionAt(cursor.key(), 0);
                    Revision revision = Layout.revisionAt(cursor.key(), Layout.REVISION_BYTES);
                    RevisionRecord record = Objects.requireNonNull(
                            records.get(revision), () -> "rev of hist " + revision + " of " + id);
                    assertThat(record.id()).isEqualTo(id);
                    assertThat(record.tombstone()).isEqualTo(cursor.value().get(0) != 0);
                    assertThat(milestones.remove(revision))
                            .as("%s is a superseded milestone", revision)
                            .isTrue();
                }
            }
            assertThat(milestones).as("milestones that are not in hist").isEmpty();
            ByteBuffer scheduled = SmallTables.stored(Table.META).get(txn, Layout.META_SCHEDULED_COMPACTION);
            long compacted = scheduled == null ? -1 : Layout.compactionOf(ByteString.copyFrom(scheduled));
            records.forEach((revision, record) -> {
                // A tombstone below the compaction may be forgotten by idx before it is removed.
                if (!(record.tombstone() && revision.main() < compacted)) {
                    assertThat(named)
                            .as("every version is the newest or has one behind it")
                            .contains(revision);
                }
            });
            checkNodes(txn);
        }
    }

    private static void checkNodes(ReadTxn txn) {
        Set<Long> named = new HashSet<>();
        Set<Long> holding = new HashSet<>();
        for (TableRef table : Layout.TABLES) {
            boolean isLong = table.equals(Layout.LONG);
            int head = isLong ? Long.BYTES : 0;
            if (table.equals(Layout.REV) || table.equals(Layout.HIST) || table.equals(Layout.STORE)) {
                continue;
            }
            try (Cursor cursor = txn.cursor(table)) {
                for (boolean found = cursor.first(); found; found = cursor.next()) {
                    ByteBuffer key = cursor.key();
                    if (isLong) {
                        holding.add(key.getLong(0));
                    }
                    if (key.limit() == head + KeyTable.CHUNK_BYTES + 1 && key.get(key.limit() - 1) == 1) {
                        assertThat(named.add(cursor.value().getLong(0)))
                                .as("a node named twice")
                                .isTrue();
                    }
                }
            }
        }
        assertThat(holding).as("nodes of long keys").isEqualTo(named);
    }
}
