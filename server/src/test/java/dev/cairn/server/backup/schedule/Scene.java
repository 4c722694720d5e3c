package dev.cairn.server.backup.schedule;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.LeaseAttachments;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.leasepb.Lease;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.server.backup.DatabaseFile;
import dev.cairn.server.backup.TableSource;
import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.backup.archive.BackupDirectory;
import dev.cairn.server.backup.archive.PointInTime;
import dev.cairn.server.backup.archive.Target;
import dev.cairn.server.metrics.BackupMetrics;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;

/** A store with its backups under a clock that is set by hand, and a twin that is never compacted, which knows the whole history. */
final class Scene {
    static final long CLUSTER = 0xc1;

    final long seed = Seed.choose();
    final Random random = new Random(seed);
    final BackupMetrics metrics = new Metrics().backups();
    final MvccStore store =
            MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()).withCompaction(20, 0));
    final MvccStore twin = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    final Path top;
    final BackupDirectory directory;
    boolean leading = true;
    long index;
    private long nanos;
    private Instant now = Instant.parse("2026-11-22T03:00:00Z");

    final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            return now;
        }
    };

    Scene(Path top) {
        this.top = top;
        this.directory = BackupDirectory.of(top, CLUSTER);
        for (MvccStore each : List.of(store, twin)) {
            each.setLeases(LeaseAttachments.forgetful(lease -> true));
        }
    }

    RevisionArchive archive(long member) {
        return archive(member, store);
    }

    RevisionArchive archive(long member, MvccStore of) {
        return new RevisionArchive(
                of, directory, CLUSTER, member, () -> leading, random::nextLong, clock, () -> nanos, metrics);
    }

    FullBackup.Result full(OptionalLong line) throws IOException {
        RateLimit unlimited = new RateLimit(0, () -> nanos, wait -> {}, () -> true);
        FullBackup.Result taken = FullBackup.take(store, directory, 1, line, unlimited, clock);
        // Its name is of a second that has to be over.
        pass(Duration.ofSeconds(1));
        return taken;
    }

    Instant now() {
        return now;
    }

    long nanos() {
        return nanos;
    }

    void pass(Duration time) {
        now = now.plus(time);
        nanos += time.toNanos();
    }

    /** Some transactions, flushed. */
    void write(int count) {
        for (int i = 0; i < count; i++) {
            TxnRequest.Builder txn = TxnRequest.newBuilder();
            for (int op = 0; op <= random.nextInt(3); op++) {
                ByteString key = ByteString.copyFromUtf8("key-" + op + random.nextInt(9));
                if (random.nextInt(4) == 0) {
                    txn.addSuccess(RequestOp.newBuilder()
                            .setRequestDeleteRange(
                                    DeleteRangeRequest.newBuilder().setKey(key)));
                } else {
                    txn.addSuccess(RequestOp.newBuilder()
                            .setRequestPut(PutRequest.newBuilder()
                                    .setKey(key)
                                    .setLease(random.nextInt(4))
                                    .setValue(ByteString.copyFromUtf8("value-" + random.nextInt()))));
                }
            }
            apply(txn.build());
        }
        store.flusher().flush();
    }

    private void apply(TxnRequest txn) {
        index++;
        for (MvccStore each : List.of(store, twin)) {
            try {
                each.txn(txn);
            } catch (KvException e) {
                throw new AssertionError(e);
            }
            each.applied(index, 1);
        }
    }

    /** Writes nothing but this. */
    void put(String key, long lease) {
        apply(TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder()
                                .setKey(ByteString.copyFromUtf8(key))
                                .setLease(lease)))
                .build());
        store.flusher().flush();
    }

    void grant(long id, long ttl) {
        ByteString key = ByteString.copyFrom(ByteBuffer.allocate(8).putLong(0, id));
        store.put(
                Table.LEASE,
                key,
                Lease.newBuilder().setID(id).setTTL(ttl).build().toByteString());
        store.applied(++index, 1);
        twin.applied(index, 1);
        store.flusher().flush();
    }

    /** Compacts the store to its newest revision, and removes as much as it may. */
    void compact() {
        try {
            store.scheduleCompaction(store.currentRevision(), null);
        } catch (KvException e) {
            throw new AssertionError(e);
        }
        store.applied(++index, 1);
        twin.applied(index, 1);
        store.hash();
    }

    /** What a restored database holds: rows of keys, and leases. */
    record Content(Map<String, KeyValue> rows, Map<Long, Long> leases) {
        /** The keys as they were at a revision. */
        Map<String, KeyValue> at(long revision) {
            Map<String, KeyValue> keys = new TreeMap<>();
            rows.forEach((place, row) -> {
                if (Long.parseLong(place.substring(0, 16), 16) <= revision) {
                    String key = row.getKey().toStringUtf8();
                    if (place.endsWith("74")) {
                        keys.remove(key);
                    } else {
                        keys.put(key, row);
                    }
                }
            });
            return keys;
        }
    }

    static Content contentOf(TableSource source) throws IOException {
        Content content = new Content(new TreeMap<>(), new TreeMap<>());
        List<byte[]> order = new ArrayList<>();
        source.visit(new TableSource.Visitor() {
            private String open = "";

            @Override
            public void bucket(String name) {
                open = name;
                order.clear();
            }

            @Override
            public void pair(byte[] key, byte[] value) {
                if (!order.isEmpty() && java.util.Arrays.compareUnsigned(order.get(0), key) >= 0) {
                    throw new AssertionError(
                            "not in order: " + open + " " + HexFormat.of().formatHex(key));
                }
                order.clear();
                order.add(key);
                try {
                    if (open.equals("key")) {
                        String place = HexFormat.of().formatHex(key);
                        // The separator would sort a tombstone's mark into the sub revision otherwise.
                        content.rows().put(place.substring(0, 16) + place.substring(18), KeyValue.parseFrom(value));
                    } else if (open.equals("lease")) {
                        content.leases()
                                .put(
                                        ByteBuffer.wrap(key).getLong(),
                                        Lease.parseFrom(value).getTTL());
                    }
                } catch (InvalidProtocolBufferException e) {
                    throw new AssertionError(e);
                }
            }
        });
        return content;
    }

    /** The history that the twin knows. */
    Content history() throws IOException {
        return contentOf(new TableSource() {
            @Override
            public void visit(Visitor visitor) {
                twin.export(new MvccStore.BucketVisitor() {
                    @Override
                    public void bucket(String name) {
                        try {
                            visitor.bucket(name);
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    }

                    @Override
                    public void pair(ByteString key, ByteString value) {
                        try {
                            visitor.pair(key.toByteArray(), value.toByteArray());
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    }
                });
            }

            @Override
            public long bytes() {
                return 0;
            }
        });
    }

    PointInTime find(Target target) throws IOException {
        return PointInTime.find(BackupDirectory.find(top), target, WorkProgress.UNSEEN);
    }

    Content restored(PointInTime way) throws IOException {
        try (DatabaseFile base = DatabaseFile.open(way.full().file(), false, WorkProgress.UNSEEN)) {
            return contentOf(way.from(base));
        }
    }

    Content restored(long revision) throws IOException {
        return restored(find(new Target.AtRevision(revision)));
    }
}
