package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.testing.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: an image is the store of one moment. Method: what an export gave then, against the image after more writes and compactions. */
@Timeout(60)
class StoreImageTest {
    private final MvccStore store =
            MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()).withCompaction(50, 0));
    private final long seed = Seed.choose();
    private final Random random = new Random(seed);
    private long index;

    private void write(int count) {
        for (int i = 0; i < count; i++) {
            ByteString key = ByteString.copyFromUtf8("key-" + random.nextInt(60));
            if (random.nextInt(5) == 0) {
                store.deleteRange(DeleteRangeRequest.newBuilder().setKey(key).build());
            } else {
                put(key);
            }
            if (random.nextInt(10) == 0) {
                store.put(Table.LEASE, ByteString.copyFromUtf8("lease-" + random.nextInt(9)), key);
            }
            store.applied(++index, 3);
        }
    }

    private void put(ByteString key) {
        try {
            store.put(PutRequest.newBuilder()
                    .setKey(key)
                    .setValue(ByteString.copyFrom(new byte[random.nextInt(3000)]))
                    .build());
        } catch (KvException e) {
            throw new AssertionError(e);
        }
    }

    private static final class Lines implements MvccStore.BucketVisitor {
        final List<String> lines = new ArrayList<>();

        @Override
        public void bucket(String name) {
            lines.add(name);
        }

        @Override
        public void pair(ByteString key, ByteString value) {
            lines.add(HexFormat.of().formatHex(key.toByteArray()) + "=" + Arrays.hashCode(value.toByteArray()));
        }
    }

    private List<String> exported() {
        Lines lines = new Lines();
        store.export(lines);
        return lines.lines;
    }

    private static List<String> read(StoreImage image) {
        Lines lines = new Lines();
        for (StoreImage.Bucket bucket : image.buckets()) {
            lines.bucket(bucket.name());
            bucket.pairs().forEach(pair -> add(lines, pair));
            while (bucket.revisions() && image.next(pair -> add(lines, pair))) {
                image.release();
            }
        }
        return lines.lines;
    }

    private static void add(Lines lines, StoreImage.Pair pair) {
        lines.pair(
                ByteString.copyFrom(pair.key().duplicate()),
                ByteString.copyFrom(pair.value().duplicate()));
    }

    @Test
    void shouldStayAsItWas() throws KvException {
        for (int round = 0; round < 20; round++) {
            write(200);
            List<String> before = exported();
            try (StoreImage image = store.image()) {
                write(300);
                store.scheduleCompaction(store.currentRevision() - random.nextInt(150), null);
                store.applied(++index, 3);
                List<String> beside = exported();
                write(50);
                // The second look, from which compaction follows, must see what the first one saw.
                while (image.next(pair -> {})) {
                    store.flusher().flush();
                }
                image.rewind();
                assertThat(read(image)).as("seed %d round %d", seed, round).isEqualTo(before);
                assertThat(beside).as("seed %d round %d", seed, round).isNotEqualTo(before);
            }
        }
        store.close();
    }

    @Test
    void shouldHoldCompactionBackOnlyFromWhatIsStillToBeRead() throws KvException {
        write(500);
        boolean[] removed = new boolean[1];
        try (StoreImage image = store.image()) {
            store.scheduleCompaction(store.currentRevision(), () -> removed[0] = true);
            store.applied(++index, 3);
            int held = exported().size();
            assertThat(removed[0]).isFalse();
            // HashKV does not wait for the image either.
            assertThat(store.hashKv(0).compactRevision()).isEqualTo(store.currentRevision());
            image.next(pair -> {});
            image.release();
            assertThat(exported().size()).as("seed %d", seed).isLessThan(held);
            assertThat(removed[0]).isFalse();
        }
        exported();
        assertThat(removed[0]).isTrue();
        store.close();
    }

    @Test
    void shouldAnswerTheSameDigestWhetherOrNotCompactionIsHeldBack() throws KvException {
        write(500);
        int held;
        try (StoreImage image = store.image()) {
            store.scheduleCompaction(store.currentRevision() - 100, null);
            store.applied(++index, 3);
            held = store.hashKv(0).hash();
            assertThat(image.buckets()).isNotEmpty();
        }
        assertThat(store.hashKv(0).hash()).as("seed %d", seed).isEqualTo(held);
        store.close();
    }

    @Test
    void shouldBreakAHoldThatIsTooOld() {
        CompactionHolds holds = new CompactionHolds(0);
        CompactionHolds.Hold hold = holds.hold();
        assertThat(hold.isBroken()).isFalse();
        assertThat(holds.neededFrom()).isEqualTo(Long.MAX_VALUE);
        assertThat(hold.isBroken()).isTrue();
        CompactionHolds patient = new CompactionHolds(StoreImage.AGE_MAX_NANOS);
        try (CompactionHolds.Hold first = patient.hold();
                CompactionHolds.Hold second = patient.hold()) {
            first.neededFrom(7);
            second.neededFrom(5);
            assertThat(patient.neededFrom()).isEqualTo(5);
            assertThat(first.isBroken()).isFalse();
        }
        assertThat(patient.neededFrom()).isEqualTo(Long.MAX_VALUE);
    }
}
