package dev.cairn.server.backup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.AddedPairs.Preference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AddedPairsTest {
    private final List<String> heard = new ArrayList<>();
    private final TableSource.Visitor out = new TableSource.Visitor() {
        @Override
        public void bucket(String name) {
            throw new AssertionError(name);
        }

        @Override
        public void pair(byte[] key, byte[] value) {
            heard.add(new String(key, UTF_8) + "=" + new String(value, UTF_8));
        }
    };

    private static NavigableMap<byte[], byte[]> pairs(String value, String... keys) {
        NavigableMap<byte[], byte[]> pairs = AddedPairs.none();
        for (String key : keys) {
            pairs.put(key.getBytes(UTF_8), value.getBytes(UTF_8));
        }
        return pairs;
    }

    private void join(NavigableMap<byte[], byte[]> present, NavigableMap<byte[], byte[]> added, Preference preference)
            throws IOException {
        AddedPairs joined = new AddedPairs(added, preference, out);
        for (var pair : present.entrySet()) {
            joined.pair(pair.getKey(), pair.getValue());
        }
        joined.finish();
    }

    @Test
    void shouldPreferWhatIsAdded() throws Exception {
        join(pairs("old", "b", "d", "f"), pairs("new", "a", "b", "e", "f", "g"), Preference.ADDED);

        assertThat(heard).containsExactly("a=new", "b=new", "d=old", "e=new", "f=new", "g=new");
    }

    @Test
    void shouldPreferWhatIsPresent() throws Exception {
        join(pairs("old", "b", "d", "f"), pairs("new", "a", "b", "e", "f", "g"), Preference.PRESENT);

        assertThat(heard).containsExactly("a=new", "b=old", "d=old", "e=new", "f=old", "g=new");
    }

    @Test
    void shouldLeaveABucketAsItIsWhenNothingIsAdded() throws Exception {
        join(pairs("old", "a", "b"), AddedPairs.none(), Preference.ADDED);

        assertThat(heard).containsExactly("a=old", "b=old");
    }

    @Test
    void shouldFillAnEmptyBucket() throws Exception {
        join(AddedPairs.none(), pairs("new", "b", "a"), Preference.PRESENT);

        assertThat(heard).containsExactly("a=new", "b=new");
    }

    @Test
    void shouldBeAsOneMap() throws Exception {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            String[][] keys = new String[2][];
            for (int side = 0; side < 2; side++) {
                keys[side] = random.ints(random.nextInt(8), 0, 10)
                        .mapToObj(Integer::toString)
                        .toArray(String[]::new);
            }
            Preference preference = random.nextBoolean() ? Preference.ADDED : Preference.PRESENT;
            NavigableMap<byte[], byte[]> present = pairs("old", keys[0]);
            NavigableMap<byte[], byte[]> added = pairs("new", keys[1]);
            heard.clear();

            join(present, added, preference);

            NavigableMap<byte[], byte[]> expected = AddedPairs.none();
            expected.putAll(preference == Preference.ADDED ? present : added);
            expected.putAll(preference == Preference.ADDED ? added : present);
            List<String> lines = new ArrayList<>();
            expected.forEach((key, value) -> lines.add(new String(key, UTF_8) + "=" + new String(value, UTF_8)));
            assertThat(heard).as("seed %s: %s", seed, Arrays.deepToString(keys)).containsExactlyElementsOf(lines);
        }
    }
}
