package dev.cairn.mvcc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.testing.Seed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Goal: a loaded store is the one whose content was exported: at every revision, for digests, histories and further compactions.
 * Method: random histories, with the store that has lived through them as the model; and content that no store has.
 */
@Timeout(120)
class StoreLoaderTest {
    private final long seed = Seed.choose();
    private final Random random = new Random(seed);
    private final List<ByteString> keys = new ArrayList<>();
    private long index;

    private MvccStore lived() throws KvException {
        for (int i = 0; i < 30; i++) {
            keys.add(ByteString.copyFromUtf8("key-" + i));
        }
        for (int i = 0; i < 5; i++) {
            keys.add(ByteString.copyFromUtf8("long-" + "x".repeat(470 + 10 * i) + "y".repeat(random.nextInt(1500))));
        }
        MvccStore store =
                MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()).withCompaction(50, 0));
        write(store, 300);
        if (random.nextInt(4) > 0) {
            compact(store);
            write(store, random.nextInt(300));
        }
        return store;
    }

    private void compact(MvccStore store) throws KvException {
        long compacted = Math.max(0, store.compactedRevision());
        store.scheduleCompaction(compacted + 1 + random.nextInt((int) (store.currentRevision() - compacted)), null);
        store.applied(++index, 3);
    }

    private void write(MvccStore store, int count) throws KvException {
        for (int i = 0; i < count; i++) {
            ByteString key = keys.get(random.nextInt(keys.size()));
            switch (random.nextInt(6)) {
                case 0 ->
                    store.deleteRange(DeleteRangeRequest.newBuilder()
                            .setKey(key)
                            .setRangeEnd(random.nextBoolean() ? ByteString.EMPTY : key.concat(keys.get(0)))
                            .build());
                case 1 -> {
                    TxnRequest.Builder txn = TxnRequest.newBuilder();
                    Set<ByteString> several = new HashSet<>();
                    for (int n = random.nextInt(5); n >= 0; n--) {
                        several.add(keys.get(random.nextInt(keys.size())));
                    }
                    several.forEach(
                            each -> txn.addSuccess(RequestOp.newBuilder().setRequestPut(put(each))));
                    store.txn(txn.build());
                }
                case 2 -> store.put(Table.LEASE, ByteString.copyFrom(Layout.longBytes(random.nextInt(9))), key);
                default -> store.put(put(key));
            }
            store.applied(++index, 3);
        }
    }

    private PutRequest put(ByteString key) {
        return PutRequest.newBuilder()
                .setKey(key)
                .setValue(ByteString.copyFrom(new byte[random.nextInt(200)]))
                .build();
    }

    /** What a database file of the store would hold. */
    private static void load(MvccStore from, StoreLoader into) throws InvalidContentException {
        InvalidContentException[] refused = new InvalidContentException[1];
        from.export(new MvccStore.BucketVisitor() {
            private String bucket = "";

            @Override
            public void bucket(String name) {
                bucket = name;
            }

            @Override
            public void pair(ByteString key, ByteString value) {
                try {
                    if (bucket.equals(EtcdView.KEY_BUCKET)) {
                        into.revision(key.toByteArray(), value.toByteArray());
                    }
                    for (Table table : Table.values()) {
                        if (bucket.equals(table.bucket())) {
                            into.pair(table, key.toByteArray(), value.toByteArray());
                        }
                    }
                } catch (InvalidContentException e) {
                    refused[0] = e;
                }
            }
        });
        if (refused[0] != null) {
            throw refused[0];
        }
    }

    private static List<ByteString> range(MvccStore store, long revision) throws KvException {
        return store.range(RangeRequest.newBuilder()
                        .setKey(KeyRange.FIRST_KEY)
                        .setRangeEnd(KeyRange.FIRST_KEY)
                        .setRevision(revision)
                        .build())
                .keyValues();
    }

    private static String text(@Nullable ByteString bytes) {
        return bytes == null ? "none" : HexFormat.of().formatHex(bytes.toByteArray());
    }

    private static List<String> history(MvccStore store) throws KvException {
        List<String> events = new ArrayList<>();
        long from = Math.max(1, store.compactedRevision());
        while (from <= store.currentRevision()) {
            from = store.read(from, 100, 1 << 20, event -> {
                Revision before = event.previous();
                // A revision that was compacted away is as good as none.
                events.add(event.delete() + " " + event.revision() + " " + text(event.keyValue()) + " "
                        + text(before == null ? null : store.keyValueAt(before)));
            });
        }
        return events;
    }

    @Test
    void shouldBeTheStoreThatWasExported() throws Exception {
        for (int round = 0; round < 8; round++) {
            keys.clear();
            index = 0;
            MvccStore lived = lived();
            MemoryBackend.Disk disk = new MemoryBackend.Disk();
            try (StoreLoader loader = StoreLoader.open(StoreOptions.of(disk))) {
                load(lived, loader);
                assertThat(loader.finish().index()).isEqualTo(index);
            }
            MvccStore loaded = MvccStore.open(StoreOptions.of(disk).withCompaction(50, 0));
            same(lived, loaded, round);
            write(loaded, 1);
            loaded.close();
            lived.close();
        }
    }

    private void same(MvccStore lived, MvccStore loaded, int round) throws KvException {
        String run = "seed " + seed + " round " + round;
        assertThat(loaded.currentRevision()).as(run).isEqualTo(lived.currentRevision());
        assertThat(loaded.compactedRevision()).as(run).isEqualTo(lived.compactedRevision());
        assertThat(loaded.keys()).as(run).isEqualTo(lived.keys());
        assertThat(loaded.hash()).as(run).isEqualTo(lived.hash());
        for (long at = Math.max(1, lived.compactedRevision()); at <= lived.currentRevision(); at += 7) {
            assertThat(range(loaded, at)).as("%s at %d", run, at).isEqualTo(range(lived, at));
            // The digest that a compaction has stored is known to who has carried it out.
            if (at > lived.compactedRevision()) {
                assertThat(loaded.hashKv(at)).as("%s at %d", run, at).isEqualTo(lived.hashKv(at));
            }
        }
        assertThat(history(loaded)).as(run).isEqualTo(history(lived));
        StoreCheck.check(loaded.state.backend());
        // Both go the same way.
        long lastRevision = lived.currentRevision();
        lived.scheduleCompaction(lastRevision, null);
        lived.applied(index + 1, 3);
        loaded.scheduleCompaction(lastRevision, null);
        loaded.applied(index + 1, 3);
        assertThat(loaded.hashKv(0)).as(run).isEqualTo(lived.hashKv(0));
        assertThat(loaded.hash()).as(run).isEqualTo(lived.hash());
        StoreCheck.check(loaded.state.backend());
        index++;
    }

    private static byte[] revision(long main, long sub, boolean tombstone) {
        return EtcdRevision.encode(new Revision(main, sub), tombstone);
    }

    private static byte[] keyValue(String key, long create, long mod, long version) {
        return KeyValues.encode(ByteString.copyFromUtf8(key), create, mod, version, ByteString.EMPTY, 0)
                .toByteArray();
    }

    private interface Load {
        void into(StoreLoader loader) throws InvalidContentException;
    }

    private static void refuses(String place, Load load) {
        try (StoreLoader loader = StoreLoader.open(StoreOptions.of(new MemoryBackend.Disk()))) {
            assertThatThrownBy(() -> {
                        load.into(loader);
                        loader.finish();
                    })
                    .isInstanceOf(InvalidContentException.class)
                    .hasMessageContaining(place);
        }
    }

    @Test
    void shouldRefuseWhatNoStoreHolds() {
        refuses("bucket key, key 01", to -> to.revision(new byte[] {1}, keyValue("a", 2, 2, 1)));
        refuses("no revision", to -> to.revision(new byte[17], keyValue("a", 2, 2, 1)));
        refuses("no revision", to -> to.revision(revision(-2, 0, false), keyValue("a", 2, 2, 1)));
        refuses("does not decode", to -> to.revision(revision(2, 0, false), new byte[] {10, 50, 1}));
        refuses("has no key", to -> to.revision(revision(2, 0, false), keyValue("", 2, 2, 1)));
        refuses("has no key", to -> to.revision(revision(2, 0, true), new byte[0]));
        refuses("names revision 3", to -> to.revision(revision(2, 0, false), keyValue("a", 2, 3, 1)));
        refuses("creation 9", to -> to.revision(revision(2, 0, false), keyValue("a", 9, 2, 1)));
        refuses("version 0", to -> to.revision(revision(2, 0, false), keyValue("a", 2, 2, 0)));
        refuses("revision 2/0 follows revision 2/0", to -> {
            to.revision(revision(2, 0, false), keyValue("a", 2, 2, 1));
            to.revision(
                    revision(2, 0, true),
                    KeyValues.tombstone(ByteString.copyFromUtf8("a")).toByteArray());
        });
        refuses("key consistent_index", to -> to.pair(Table.META, "consistent_index".getBytes(UTF_8), new byte[3]));
        refuses("a negative number", to -> to.pair(Table.META, "term".getBytes(UTF_8), Layout.longBytes(-1)));
        refuses("bucket lease", to -> to.pair(Table.LEASE, new byte[0], new byte[0]));
        refuses("no log entry", to -> to.revision(revision(2, 0, false), keyValue("a", 2, 2, 1)));
    }

    /** What {@code etcdutl snapshot restore --bump-revision --mark-compacted} leaves: a revision without a key, and a compaction there. */
    @Test
    void shouldTakeABumpedRevision() throws Exception {
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        try (StoreLoader loader = StoreLoader.open(StoreOptions.of(disk))) {
            loader.revision(revision(2, 0, false), keyValue("a", 2, 2, 1));
            loader.revision(revision(1_000_000, 0, false), new byte[0]);
            loader.pair(Table.META, "scheduledCompactRev".getBytes(UTF_8), revision(1_000_000, 0, false));
            loader.pair(Table.META, "consistent_index".getBytes(UTF_8), Layout.longBytes(5));
            loader.pair(Table.META, "term".getBytes(UTF_8), Layout.longBytes(1));
            loader.finish();
        }
        try (MvccStore store = MvccStore.open(StoreOptions.of(disk).withCompaction(50, 0))) {
            assertThat(store.currentRevision()).isEqualTo(1_000_000);
            assertThat(store.keys()).isEqualTo(1);
            assertThat(store.hashKv(0).compactRevision()).isEqualTo(1_000_000);
            assertThat(history(store)).isEmpty();
            assertThat(range(store, 0)).hasSize(1);
        }
    }

    @Test
    void shouldNotFillAStoreThatHoldsSomething() throws Exception {
        MemoryBackend.Disk disk = new MemoryBackend.Disk();
        MvccStore.open(StoreOptions.of((Backend.Factory) disk)).close();
        assertThatThrownBy(() -> StoreLoader.open(StoreOptions.of(disk))).isInstanceOf(IllegalStateException.class);
    }
}
