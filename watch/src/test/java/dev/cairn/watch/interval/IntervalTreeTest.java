package dev.cairn.watch.interval;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class IntervalTreeTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void shouldAgreeWithListOfRanges(long seed) {
        Random random = new Random(seed);
        int keyLength = 1 + random.nextInt(3);
        IntervalTree<Integer> tree = new IntervalTree<>();
        Map<KeyRange, Integer> model = new LinkedHashMap<>();
        for (int step = 0; step < 3000; step++) {
            KeyRange range = range(random, keyLength);
            boolean grows = (step / 500) % 2 == 0;
            if (random.nextInt(10) < (grows ? 7 : 3)) {
                tree.put(range, step);
                model.put(range, step);
            } else if (!model.isEmpty() && random.nextBoolean()) {
                List<KeyRange> all = new ArrayList<>(model.keySet());
                KeyRange known = all.get(random.nextInt(all.size()));
                tree.remove(known);
                model.remove(known);
            } else {
                tree.remove(range);
                model.remove(range);
            }
            tree.checkInvariants();
            ByteString key = key(random, keyLength);
            List<Integer> expected = new ArrayList<>();
            model.forEach((each, value) -> {
                if (each.contains(key)) {
                    expected.add(value);
                }
            });
            List<Integer> found = new ArrayList<>();
            tree.stab(key, found::add);
            assertThat(found)
                    .describedAs("seed %d step %d key %s", seed, step, key)
                    .containsExactlyInAnyOrderElementsOf(expected);
            assertThat(tree.size()).isEqualTo(model.size());
            assertThat(tree.get(range)).isEqualTo(model.get(range));
        }
    }

    @Test
    void shouldPassByRangesThatEndBeforeTheKey() {
        // The height bounds the work: 100,000 disjoint ranges in ascending order, the worst order for a plain tree.
        IntervalTree<Integer> tree = new IntervalTree<>();
        for (int i = 0; i < 100_000; i++) {
            tree.put(new KeyRange(number(2 * i), number(2 * i + 1)), i);
        }
        tree.checkInvariants();
        List<Integer> found = new ArrayList<>();
        tree.stab(number(86_420), found::add);
        tree.stab(number(86_421), found::add);
        assertThat(found).containsExactly(43_210);
    }

    private static ByteString number(int n) {
        return ByteString.copyFromUtf8(String.format("%08d", n));
    }

    private static ByteString key(Random random, int length) {
        // Few different bytes, at both ends of their order, so that keys meet and prefixes abound.
        byte[] alphabet = {0, 1, 'a', (byte) 0x80, (byte) 0xff};
        byte[] bytes = new byte[1 + random.nextInt(length)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = alphabet[random.nextInt(alphabet.length)];
        }
        return ByteString.copyFrom(bytes);
    }

    private static KeyRange range(Random random, int length) {
        while (true) {
            KeyRange range = random.nextInt(6) == 0
                    ? new KeyRange(key(random, length), null)
                    : new KeyRange(key(random, length), key(random, length));
            if (!range.isEmpty()) {
                return range;
            }
        }
    }
}
