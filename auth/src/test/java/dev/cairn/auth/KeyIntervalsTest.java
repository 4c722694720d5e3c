package dev.cairn.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class KeyIntervalsTest {
    private static KeyRange range(String start, String end) {
        return KeyRange.of(ByteString.copyFromUtf8(start), ByteString.copyFromUtf8(end));
    }

    @Test
    void shouldMergeWhatOverlapsOrTouches() {
        KeyIntervals set = KeyIntervals.union(
                List.of(range("d", "f"), range("b", "d"), range("p", "q"), range("q", ""), range("x", "x")));
        assertThat(set.covers(range("b", "f"))).isTrue();
        assertThat(set.covers(range("b", "f\0"))).isFalse();
        assertThat(set.covers(range("p", "q\0"))).isTrue();
        assertThat(set.covers(range("q", ""))).isTrue();
        assertThat(set.covers(range("p", "q\0\0"))).isFalse();
        assertThat(set.covers(range("x", ""))).isFalse();
        assertThat(KeyIntervals.EMPTY.covers(range("a", ""))).isFalse();
    }

    @Test
    void shouldTreatOpenEndAsBehindAllKeys() {
        KeyIntervals set = KeyIntervals.union(List.of(range("k", "\0"), range("m", "n")));
        assertThat(set.covers(range("k", "\0"))).isTrue();
        assertThat(set.covers(range("zzz", "\0"))).isTrue();
        assertThat(set.covers(range("k", "zzzz"))).isTrue();
        assertThat(set.covers(range("j", "\0"))).isFalse();
        assertThat(KeyIntervals.union(List.of(range("k", "zz"))).covers(range("k", "\0")))
                .isFalse();
    }

    /** Goal: covering means that each key of the range is in one of the ranges. Method: all keys of a tiny alphabet. */
    @Test
    void shouldCoverExactlyTheUnion() {
        List<ByteString> keys = new ArrayList<>();
        for (int length = 1; length <= 3; length++) {
            for (int number = 0; number < Math.pow(3, length); number++) {
                byte[] key = new byte[length];
                int rest = number;
                for (int i = 0; i < length; i++) {
                    key[i] = new byte[] {0, 'a', (byte) 0xff}[rest % 3];
                    rest /= 3;
                }
                keys.add(ByteString.copyFrom(key));
            }
        }
        TreeSet<ByteString> universe = new TreeSet<>(KeyRange.KEY_ORDER);
        universe.addAll(keys);
        // Ends may lie one zero byte behind any of them.
        keys.forEach(key -> universe.add(key.concat(ByteString.copyFrom(new byte[1]))));
        long base = System.nanoTime();
        for (int run = 0; run < 3000; run++) {
            long seed = base + run;
            Random random = new Random(seed);
            List<KeyRange> ranges = new ArrayList<>();
            int count = random.nextInt(6);
            for (int i = 0; i < count; i++) {
                ranges.add(random(random, keys));
            }
            KeyIntervals set = KeyIntervals.union(ranges);
            KeyRange asked = random(random, keys);
            boolean expected = true;
            boolean some = false;
            for (ByteString key : universe) {
                if (asked.contains(key)) {
                    some = true;
                    expected &= ranges.stream().anyMatch(range -> range.contains(key));
                }
            }
            if (!some) {
                expected = ranges.stream().anyMatch(range -> range.contains(asked.start()));
            }
            // An open range holds keys behind all of the alphabet.
            if (some && asked.end() == null) {
                expected &= ranges.stream().anyMatch(range -> range.end() == null);
            }
            assertThat(set.covers(asked))
                    .as("seed %d: %s in %s", seed, asked, ranges)
                    .isEqualTo(expected);
        }
    }

    private static KeyRange random(Random random, List<ByteString> keys) {
        ByteString start = keys.get(random.nextInt(keys.size()));
        return switch (random.nextInt(4)) {
            case 0 -> KeyRange.single(start);
            case 1 -> new KeyRange(start, null);
            default -> new KeyRange(start, keys.get(random.nextInt(keys.size())));
        };
    }
}
