package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortOrder;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortTarget;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The store's rules in their plainest form: the whole history in a list, the whole state at every revision in a map. */
final class Model {
    record Change(
            Revision revision,
            ByteString key,
            boolean tombstone,
            ByteString encoded,
            @Nullable Revision previous) {}

    final List<Change> history = new ArrayList<>();
    final List<NavigableMap<ByteString, KeyValue>> states = new ArrayList<>();
    long compacted = -1;

    private NavigableMap<ByteString, KeyValue> open = new TreeMap<>(KeyRange.KEY_ORDER);
    private int sub;

    Model() {
        // Revisions 0 and 1 are empty.
        states.add(new TreeMap<>(KeyRange.KEY_ORDER));
        states.add(new TreeMap<>(KeyRange.KEY_ORDER));
        begin();
    }

    long current() {
        return states.size() - 1L;
    }

    /** Begins a revision; nothing counts until it is committed. */
    private void begin() {
        open = new TreeMap<>(states.get(states.size() - 1));
        sub = 0;
    }

    NavigableMap<ByteString, KeyValue> open() {
        return open;
    }

    void put(ByteString key, ByteString value, long lease) {
        KeyValue old = open.get(key);
        Revision revision = new Revision(current() + 1, sub++);
        KeyValue.Builder created = KeyValue.newBuilder()
                .setKey(key)
                .setValue(value)
                .setLease(lease)
                .setModRevision(revision.main())
                .setCreateRevision(old == null ? revision.main() : old.getCreateRevision())
                .setVersion(old == null ? 1 : old.getVersion() + 1);
        KeyValue made = created.build();
        history.add(new Change(revision, key, false, made.toByteString(), old == null ? null : previous(key)));
        open.put(key, made);
    }

    /** The version before the open revision; what the open revision has done already does not count. */
    private @Nullable Revision previous(ByteString key) {
        for (int i = history.size() - 1; i >= 0; i--) {
            if (history.get(i).key().equals(key) && history.get(i).revision().main() <= current()) {
                return history.get(i).tombstone() ? null : history.get(i).revision();
            }
        }
        return null;
    }

    List<KeyValue> delete(KeyRange range) {
        List<KeyValue> gone = inRange(open, range);
        for (KeyValue old : gone) {
            Revision revision = new Revision(current() + 1, sub++);
            ByteString encoded =
                    KeyValue.newBuilder().setKey(old.getKey()).build().toByteString();
            history.add(new Change(revision, old.getKey(), true, encoded, previous(old.getKey())));
            open.remove(old.getKey());
        }
        return gone;
    }

    long commit() {
        if (sub > 0) {
            states.add(open);
        }
        begin();
        return current();
    }

    static List<KeyValue> inRange(NavigableMap<ByteString, KeyValue> state, KeyRange range) {
        List<KeyValue> found = new ArrayList<>();
        state.values().forEach(keyValue -> {
            if (range.contains(keyValue.getKey())) {
                found.add(keyValue);
            }
        });
        return found;
    }

    NavigableMap<ByteString, KeyValue> at(long revision) {
        return states.get((int) revision);
    }

    RangeResult range(RangeRequest request, NavigableMap<ByteString, KeyValue> state, long shown) {
        List<KeyValue> all = inRange(state, KeyRange.of(request.getKey(), request.getRangeEnd()));
        long count = all.size();
        if (request.getCountOnly()) {
            return new RangeResult(shown, count, false, List.of());
        }
        boolean filters = request.getMinModRevision() != 0
                || request.getMaxModRevision() != 0
                || request.getMinCreateRevision() != 0
                || request.getMaxCreateRevision() != 0;
        long limit = request.getLimit() <= 0 ? Long.MAX_VALUE : request.getLimit();
        SortOrder order = request.getSortOrder();
        List<KeyValue> kept = new ArrayList<>(all);
        if (order == SortOrder.NONE && !filters && limit < kept.size()) {
            kept = new ArrayList<>(kept.subList(0, (int) limit + 1));
        }
        kept.removeIf(kv -> (request.getMinModRevision() != 0 && kv.getModRevision() < request.getMinModRevision())
                || (request.getMaxModRevision() != 0 && kv.getModRevision() > request.getMaxModRevision())
                || (request.getMinCreateRevision() != 0 && kv.getCreateRevision() < request.getMinCreateRevision())
                || (request.getMaxCreateRevision() != 0 && kv.getCreateRevision() > request.getMaxCreateRevision()));
        Comparator<KeyValue> by = switch (request.getSortTarget()) {
            case VERSION -> Comparator.comparingLong(KeyValue::getVersion);
            case CREATE -> Comparator.comparingLong(KeyValue::getCreateRevision);
            case MOD -> Comparator.comparingLong(KeyValue::getModRevision);
            case VALUE -> Comparator.comparing(KeyValue::getValue, KeyRange.KEY_ORDER);
            case KEY, UNRECOGNIZED -> Comparator.comparing(KeyValue::getKey, KeyRange.KEY_ORDER);
        };
        // Stable, so that ties stay in key order as the store has them.
        kept.sort(order == SortOrder.DESCEND ? by.reversed() : by);
        boolean more = kept.size() > limit;
        List<ByteString> shownKeyValues = new ArrayList<>();
        for (KeyValue kv : more ? kept.subList(0, (int) limit) : kept) {
            KeyValue.Builder one = kv.toBuilder();
            if (request.getKeysOnly()) {
                one.clearValue();
                if (request.getSortTarget() != SortTarget.VALUE) {
                    one.clearLease();
                }
            }
            shownKeyValues.add(one.build().toByteString());
        }
        return new RangeResult(shown, count, more, shownKeyValues);
    }

    /** What is left on disk at r after compaction at c, by the rules, and its digest. */
    int hash(long revision, long compactedThen, boolean compacting) {
        NavigableMap<ByteString, KeyValue> keptAt = at(revision);
        boolean keepsTombstone = compacting
                && history.stream()
                        .anyMatch(change ->
                                change.tombstone() && change.revision().main() == revision);
        NavigableMap<ByteString, KeyValue> leftAt = keptAt.isEmpty() && !keepsTombstone && compactedThen >= 0
                ? at(Math.min(compactedThen, current()))
                : keptAt;
        CRC32C crc = new CRC32C();
        crc.update("key".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        for (Change change : history) {
            long main = change.revision().main();
            if (main > revision) {
                continue;
            }
            if (main <= compactedThen) {
                KeyValue left = leftAt.get(change.key());
                if (change.tombstone() || left == null || left.getModRevision() != main) {
                    continue;
                }
            }
            crc.update(EtcdRevision.encode(change.revision(), change.tombstone()));
            crc.update(change.encoded().toByteArray());
        }
        return (int) crc.getValue();
    }
}
