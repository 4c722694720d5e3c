package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.testing.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Goal: what goes in comes out, whatever the distances. Method: seeded revisions, near and far. */
class RevisionListTest {
    private final long seed = Seed.choose();
    private final Random random = new Random(seed);

    @Test
    void shouldGiveBackWhatCameInOrder() {
        for (int round = 0; round < 50; round++) {
            int count = random.nextInt(5000);
            List<Revision> expected = new ArrayList<>();
            RevisionList list = new RevisionList();
            for (int i = 0; i < count; i++) {
                long main = random.nextLong() >>> (1 + random.nextInt(62));
                int sub = random.nextInt() >>> (1 + random.nextInt(31));
                Revision revision = new Revision(main, sub);
                expected.add(revision);
                list.add(revision);
            }
            List<Revision> read = new ArrayList<>();
            for (RevisionList.Walk walk = list.walk(); walk.hasNext(); ) {
                read.add(walk.next());
            }
            assertThat(read).as("seed %d round %d", seed, round).isEqualTo(expected);
            assertThat(list.size()).isEqualTo(count);
        }
    }
}
