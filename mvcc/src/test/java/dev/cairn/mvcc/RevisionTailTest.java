package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.testing.Seed;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: a tail sees every row once, whatever is compacted. Method: a twin of the store that is never compacted says which rows there were. */
@Timeout(60)
class RevisionTailTest {
    private final long seed = Seed.choose();
    private final Random random = new Random(seed);
    private final MvccStore store =
            MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()).withCompaction(10, 0));
    private final MvccStore twin = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private long index;

    private void write(int count) throws KvException {
        for (int i = 0; i < count; i++) {
            TxnRequest.Builder txn = TxnRequest.newBuilder();
            for (int op = 0; op <= random.nextInt(4); op++) {
                ByteString key = ByteString.copyFromUtf8("key-" + op + random.nextInt(9));
                txn.addSuccess(
                        random.nextInt(3) == 0
                                ? RequestOp.newBuilder()
                                        .setRequestDeleteRange(
                                                DeleteRangeRequest.newBuilder().setKey(key))
                                : RequestOp.newBuilder()
                                        .setRequestPut(PutRequest.newBuilder()
                                                .setKey(key)
                                                .setValue(ByteString.copyFrom(new byte[random.nextInt(300)]))));
            }
            index++;
            for (MvccStore each : List.of(store, twin)) {
                each.txn(txn.build());
                each.applied(index, 1);
            }
        }
    }

    private static List<String> rowsOf(MvccStore store) {
        List<String> rows = new ArrayList<>();
        store.export(new MvccStore.BucketVisitor() {
            private boolean revisions;

            @Override
            public void bucket(String name) {
                revisions = name.equals("key");
            }

            @Override
            public void pair(ByteString key, ByteString value) {
                if (revisions) {
                    rows.add(HexFormat.of().formatHex(key.toByteArray()) + "=" + value.hashCode());
                }
            }
        });
        return rows;
    }

    private static void read(RevisionTail tail, int bytesMax, List<String> into) {
        for (RevisionTail.Piece piece = tail.next(bytesMax); !piece.rows().isEmpty(); piece = tail.next(bytesMax)) {
            for (RevisionTail.Row row : piece.rows()) {
                byte[] key = EtcdRevision.encode(row.revision(), row.tombstone());
                into.add(HexFormat.of().formatHex(key) + "=" + row.keyValue().hashCode());
            }
            tail.release();
        }
    }

    @Test
    void shouldSeeEveryRowWhateverIsCompacted() throws KvException {
        List<String> seen = new ArrayList<>();
        try (RevisionTail tail = Objects.requireNonNull(store.tail(1))) {
            for (int round = 0; round < 30; round++) {
                write(40);
                store.flusher().flush();
                if (random.nextBoolean()) {
                    store.scheduleCompaction(store.currentRevision(), null);
                    store.applied(++index, 1);
                    twin.applied(index, 1);
                    // Carries out as much of it as is allowed.
                    store.hash();
                    store.hashKv(0);
                }
                if (random.nextBoolean()) {
                    read(tail, 1 + random.nextInt(500), seen);
                }
                assertThat(tail.isBroken()).isFalse();
            }
            store.flusher().flush();
            read(tail, 1000, seen);
            assertThat(tail.released()).isEqualTo(store.currentRevision());
        }
        assertThat(seen).as("seed %d", seed).isEqualTo(rowsOf(twin));
        store.hashKv(0);
        assertThat(rowsOf(store).size()).as("seed %d", seed).isLessThan(seen.size());
    }

    @Test
    void shouldTellWhereARevisionGoesOn() throws KvException {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        for (int i = 0; i < 3; i++) {
            txn.addSuccess(RequestOp.newBuilder()
                    .setRequestPut(PutRequest.newBuilder().setKey(ByteString.copyFromUtf8("k" + i))));
        }
        store.txn(txn.build());
        store.applied(1, 1);
        store.flusher().flush();
        try (RevisionTail tail = Objects.requireNonNull(store.tail(1))) {
            assertThat(tail.next(1).complete()).isEqualTo(1);
            assertThat(tail.next(1).complete()).isEqualTo(1);
            assertThat(tail.next(1).complete()).isEqualTo(2);
            assertThat(tail.next(1).rows()).isEmpty();
            tail.back();
            assertThat(tail.next(1000).rows()).hasSize(3);
            tail.release();
            tail.back();
            assertThat(tail.next(1000)).isEqualTo(new RevisionTail.Piece(List.of(), 2));
        }
    }

    @Test
    void shouldRefuseToBeginWhereRowsAreGone() throws KvException {
        write(20);
        store.scheduleCompaction(10, null);
        store.applied(++index, 1);
        assertThat(store.tail(9)).isNull();
        assertThat(store.tail(store.currentRevision() + 1)).isNull();
        try (RevisionTail tail = Objects.requireNonNull(store.tail(10))) {
            assertThat(tail.released()).isEqualTo(10);
        }
    }

    @Test
    void shouldLookUpWhatIsDurable() {
        ByteString key = ByteString.copyFromUtf8("12345678");
        store.put(Table.LEASE, key, ByteString.copyFromUtf8("lease"));
        store.applied(1, 1);
        try (RevisionTail tail = Objects.requireNonNull(store.tail(1))) {
            assertThat(tail.lookUp(Table.LEASE, key)).isNull();
            store.flusher().flush();
            assertThat(tail.lookUp(Table.LEASE, key)).isEqualTo(ByteString.copyFromUtf8("lease"));
        }
    }
}
