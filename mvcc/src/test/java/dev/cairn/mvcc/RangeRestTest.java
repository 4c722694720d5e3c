package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortTarget;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.testing.Seed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Goal: a long range that is read in two parts is the range of one moment. Method: seeded writes, flushes and compactions between the parts,
 * beside the same range kept as a whole.
 */
@Timeout(120)
class RangeRestTest {
    private static final ByteString NO_END = ByteString.copyFrom(new byte[] {0});

    private final long seed = Seed.choose();
    private final Random random = new Random(seed);
    private final MvccStore store =
            MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()).withCompaction(50, 0));
    private long index;

    @AfterEach
    void close() {
        store.close();
    }

    private void write(int count) throws KvException {
        for (int i = 0; i < count; i++) {
            ByteString key = ByteString.copyFromUtf8("key-" + random.nextInt(300));
            if (random.nextInt(5) == 0) {
                store.deleteRange(DeleteRangeRequest.newBuilder().setKey(key).build());
            } else {
                byte[] value = new byte[random.nextInt(random.nextInt(10) == 0 ? 100_000 : 2000)];
                store.put(PutRequest.newBuilder()
                        .setKey(key)
                        .setValue(ByteString.copyFrom(value))
                        .build());
            }
            store.applied(++index, 3);
        }
    }

    private void compact() throws KvException {
        if (store.currentRevision() > store.compactedRevision()) {
            store.scheduleCompaction(store.currentRevision(), null);
            store.applied(++index, 3);
        }
    }

    private RangeRequest.Builder all() {
        return RangeRequest.newBuilder().setKey(NO_END).setRangeEnd(NO_END);
    }

    @Test
    void shouldBeTheRangeOfOneMoment() throws KvException {
        int parted = 0;
        for (int round = 0; round < 60; round++) {
            write(50 + random.nextInt(200));
            RangeRequest.Builder request = all().setKeysOnly(random.nextInt(4) == 0);
            if (random.nextBoolean()) {
                request.setLimit(1 + random.nextInt(250));
            }
            if (random.nextInt(3) == 0) {
                long compacted = store.compactedRevision();
                request.setRevision(Math.max(1, store.currentRevision() - random.nextInt(100)));
                request.setRevision(Math.max(compacted, request.getRevision()));
            }
            RangeResult whole = store.range(request.build());
            try (RangeResult result = store.range(request.build(), random.nextInt(20_000))) {
                List<ByteString> read = new ArrayList<>(result.keyValues());
                RangeRest rest = result.rest();
                if (rest != null) {
                    parted++;
                    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(rest.encodedBytes()));
                    int pieceMax = 1 + random.nextInt(random.nextBoolean() ? 100 : 100_000);
                    while (rest.hasMore()) {
                        // Small pieces are taken by the dozen, or the test would take long.
                        int pieces = 1 + 100_000 / pieceMax;
                        for (int i = 0; i < pieces && rest.hasMore(); i++) {
                            ByteBuffer piece = ByteBuffer.allocate(1 + random.nextInt(pieceMax));
                            rest.read(piece);
                            assertThat(piece.hasRemaining() && rest.hasMore()).isFalse();
                            all.put(piece.flip());
                        }
                        write(random.nextInt(30));
                        if (random.nextBoolean()) {
                            compact();
                        }
                        store.flusher().doWork(Long.MAX_VALUE / 2 + random.nextInt());
                        store.flusher().flush();
                    }
                    read.addAll(WholeRange.decoded(all));
                }
                assertThat(read).as("seed %d round %d", seed, round).isEqualTo(whole.keyValues());
                assertThat(result.count()).isEqualTo(whole.count());
                assertThat(result.more()).isEqualTo(whole.more());
                assertThat(result.keyValuesInAll()).isEqualTo(read.size());
                assertThat(bytes(result)).isEqualTo(bytesOf(read));
            }
            store.export(new Nothing());
        }
        assertThat(parted).as("seed %d", seed).isGreaterThan(20);
    }

    @ParameterizedTest
    @EnumSource(value = SortTarget.class, mode = EnumSource.Mode.EXCLUDE, names = "UNRECOGNIZED")
    void shouldStreamTheSameKeysWhateverAPieceIsSortedBy(SortTarget target) throws KvException {
        write(100);
        store.flusher().flush();
        write(20);
        List<ByteString> keys = new ArrayList<>();
        RangeReader reader =
                store.rangeStream(all().setKeysOnly(true).setSortTarget(target).build(), random.nextInt(100));
        while (reader.hasNext()) {
            WholeRange.keyValues(reader.next(1 + random.nextInt(50)))
                    .forEach(each -> keys.add(KeyValues.decode(each).getKey()));
        }
        assertThat(keys)
                .as("seed %d", seed)
                .containsExactlyInAnyOrderElementsOf(store.range(all().build()).keyValues().stream()
                        .map(each -> KeyValues.decode(each).getKey())
                        .toList());
    }

    private static long bytes(RangeResult result) {
        RangeRest rest = result.rest();
        return bytesOf(result.keyValues()) + (rest == null ? 0 : rest.encodedBytes());
    }

    private static long bytesOf(List<ByteString> keyValues) {
        RangeResponse.Builder response = RangeResponse.newBuilder();
        for (ByteString keyValue : keyValues) {
            response.addKvs(KeyValues.decode(keyValue));
        }
        return response.build().getSerializedSize();
    }

    /** An export waits until compaction has done what it may. */
    private static final class Nothing implements MvccStore.BucketVisitor {
        @Override
        public void bucket(String name) {}

        @Override
        public void pair(ByteString key, ByteString value) {}
    }

    @Test
    void shouldKeepCompactionWaitingUntilItIsClosed() throws KvException {
        write(400);
        boolean[] removed = new boolean[1];
        try (RangeResult result = store.range(all().build(), 1000)) {
            assertThat(result.rest()).isNotNull();
            store.scheduleCompaction(store.currentRevision(), () -> removed[0] = true);
            store.applied(++index, 3);
            store.export(new Nothing());
            assertThat(removed[0]).isFalse();
            try (RangeResult second = store.range(all().build(), 1000)) {
                assertThat(second.rest())
                        .as("one that would keep it waiting longer")
                        .isNull();
            }
        }
        store.export(new Nothing());
        assertThat(removed[0]).isTrue();
        try (RangeResult result = store.range(all().build(), 1000)) {
            assertThat(result.rest()).isNotNull();
        }
    }

    @Test
    void shouldSayThatItHasLostItsPlace() throws KvException {
        CompactionHolds holds = new CompactionHolds(StoreImage.AGE_MAX_NANOS);
        StoredRest rest = new StoredRest(store.state, holds.hold(0));
        for (String key : List.of("a", "b")) {
            store.put(
                    PutRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).build());
            store.applied(++index, 3);
            try (ReadView view = store.state.open()) {
                Revision last = new Revision(store.currentRevision(), 0);
                Version version = Objects.requireNonNull(HistoryReader.recent(view, last));
                rest.add(last, version.state().id(), version.keyValue().size());
            }
        }
        ByteBuffer piece = ByteBuffer.allocate(3);
        rest.read(piece);
        assertThat(piece.hasRemaining()).isFalse();
        holds.neededFrom();
        // What is left of the first key-value has been read already.
        ByteBuffer both = ByteBuffer.allocate(1000);
        assertThatThrownBy(() -> rest.read(both))
                .isInstanceOfSatisfying(
                        KvException.class, e -> assertThat(e.reason()).isEqualTo(KvException.Reason.COMPACTED));
    }
}
