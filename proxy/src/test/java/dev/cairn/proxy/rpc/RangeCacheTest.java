package dev.cairn.proxy.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RangeCacheTest {
    private static final ByteString NONE = ByteString.EMPTY;
    private static final ByteString NO_END = ByteString.copyFrom(new byte[] {0});

    private final RangeCache cache = new RangeCache();

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    private static RangeRequest range(String key, String end, long revision) {
        return RangeRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .setRevision(revision)
                .setSerializable(true)
                .build();
    }

    private static RangeResponse response(int valueBytes) {
        return RangeResponse.newBuilder()
                .addKvs(KeyValue.newBuilder().setValue(ByteString.copyFrom(new byte[valueBytes])))
                .build();
    }

    private void fill(RangeRequest request) {
        cache.await(request, "").take(response(1));
    }

    private boolean knows(RangeRequest request) {
        return cache.get(request, "") != null;
    }

    @Test
    void shouldAnswerSerializableReadsByLinearizableOnes() {
        RangeRequest linearizable =
                range("a", "", 0).toBuilder().setSerializable(false).build();
        cache.await(linearizable, "").take(response(1));

        assertThat(knows(range("a", "", 0))).isTrue();
    }

    @Test
    void shouldTellNobodyWhatAnotherUserWasTold() {
        cache.await(range("a", "", 0), "token").take(response(1));

        assertThat(cache.get(range("a", "", 0), "token")).isNotNull();
        assertThat(cache.get(range("a", "", 0), "other")).isNull();
    }

    @Test
    void shouldNotTakeAnAnswerThatAWriteHasOvertaken() {
        RangeCache.Pending one = cache.await(range("a", "", 0), "");
        RangeCache.Pending past = cache.await(range("a", "", 5), "");
        cache.invalidate(bytes("a"), NONE);
        one.take(response(1));
        past.take(response(1));

        assertThat(knows(range("a", "", 0))).isFalse();
        assertThat(knows(range("a", "", 5))).as("the past does not change").isTrue();
    }

    @Test
    void shouldDropWhatIsCompacted() {
        fill(range("a", "", 5));
        fill(range("a", "", 0));
        cache.compact(6);

        assertThat(cache.isCompacted(range("a", "", 5))).isTrue();
        assertThat(cache.isCompacted(range("a", "", 6))).isFalse();
        assertThat(cache.isCompacted(range("a", "", 0))).isFalse();
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void shouldStayWithinItsBounds() {
        for (int i = 0; i < RangeCache.ENTRIES_MAX + 10; i++) {
            fill(range("k" + i, "", 0));
        }
        assertThat(cache.size()).isEqualTo(RangeCache.ENTRIES_MAX);
        assertThat(knows(range("k9", "", 0))).isFalse();
        assertThat(knows(range("k10", "", 0))).isTrue();

        cache.await(range("large", "", 0), "").take(response(RangeCache.ANSWER_BYTES_MAX));
        assertThat(knows(range("large", "", 0))).isFalse();
        for (int i = 0; i < 100; i++) {
            cache.await(range("big" + i, "", 0), "").take(response(RangeCache.ANSWER_BYTES_MAX - 100));
        }
        assertThat(cache.size()).isBetween(60, 64);
    }

    /** Against a plain rule: two ranges touch when some key is in both. */
    @Test
    void shouldDropWhatAWriteTouchesAndNothingElse() {
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            RangeCache tried = new RangeCache();
            List<RangeRequest> filled = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                RangeRequest request = random(random);
                filled.add(request);
                tried.await(request, "").take(response(1));
            }
            RangeRequest write = random(random);
            tried.invalidate(write.getKey(), write.getRangeEnd());
            for (RangeRequest request : filled) {
                assertThat(tried.get(request, "") == null)
                        .as("%s after a write to %s", request, write)
                        .isEqualTo(touch(request, write));
            }
        }
    }

    private static RangeRequest random(Random random) {
        String key = "" + (char) ('a' + random.nextInt(8));
        String end = "" + (char) (key.charAt(0) + 1 + random.nextInt(3));
        return switch (random.nextInt(5)) {
            case 0 -> range(key, end, 0);
            case 1 -> range(key, "", 0).toBuilder().setRangeEnd(NO_END).build();
            default -> range(key, "", 0);
        };
    }

    private static boolean touch(RangeRequest one, RangeRequest other) {
        for (char c = 'a'; c < 'z'; c++) {
            if (holds(one, c) && holds(other, c)) {
                return true;
            }
        }
        return false;
    }

    private static boolean holds(RangeRequest request, char c) {
        char first = (char) request.getKey().byteAt(0);
        if (request.getRangeEnd().isEmpty()) {
            return c == first;
        }
        return c >= first
                && (request.getRangeEnd().equals(NO_END)
                        || c < request.getRangeEnd().byteAt(0));
    }
}
