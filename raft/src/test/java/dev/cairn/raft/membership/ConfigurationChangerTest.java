package dev.cairn.raft.membership;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.raft.Seeds;
import dev.cairn.raft.message.ConfChangeSingle;
import dev.cairn.raft.message.ConfChangeTransition;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.quorum.Vote;
import dev.cairn.raft.quorum.VoteResult;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Goal: no chain of changes leads to two configurations in a row that can decide without each other. Method: random
 * changes; all subsets of members tried as the deciding ones.
 */
class ConfigurationChangerTest {
    private static final int IDS = 6;

    private static ConfChangeV2 randomChange(SplittableRandom random) {
        List<ConfChangeSingle> changes = new ArrayList<>();
        int count = random.nextInt(4);
        for (int i = 0; i < count; i++) {
            changes.add(new ConfChangeSingle(ConfChangeType.of(random.nextInt(4)), random.nextInt(IDS + 1)));
        }
        return new ConfChangeV2(ConfChangeTransition.of(random.nextInt(3)), changes, ByteString.EMPTY);
    }

    private static boolean decides(Configuration configuration, int subset) {
        return configuration.quorum().voteResult(id -> (subset >>> id & 1) == 1 ? Vote.GRANTED : Vote.REJECTED)
                == VoteResult.WON;
    }

    @Test
    void shouldNeverLeadToQuorumsThatDoNotMeet() {
        Seeds.forEach(300, random -> {
            Configuration configuration =
                    new Configuration(IdSet.of(1, 2, 3), IdSet.EMPTY, IdSet.EMPTY, IdSet.EMPTY, false);
            for (int i = 0; i < 20; i++) {
                Configuration next;
                try {
                    next = ConfigurationChanger.apply(configuration, randomChange(random))
                            .configuration();
                } catch (ConfigurationException e) {
                    continue;
                }
                int everybody = (1 << IDS + 1) - 2;
                for (int subset = 0; subset <= everybody; subset += 2) {
                    boolean both = decides(configuration, subset) && decides(next, everybody & ~subset);
                    assertThat(both)
                            .as("%s then %s, divided by %s", configuration, next, Integer.toBinaryString(subset))
                            .isFalse();
                }
                assertThat(Configuration.of(next.toConfState())).isEqualTo(next);
                configuration = next;
            }
        });
    }

    @Test
    void shouldNameMembersWhoseProgressDoesNotHoldAnyMore() throws ConfigurationException {
        Configuration before = new Configuration(IdSet.of(1), IdSet.EMPTY, IdSet.of(2, 3), IdSet.EMPTY, false);
        ConfigurationChanger.Change change = ConfigurationChanger.simple(
                before,
                List.of(
                        new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 2),
                        new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 2),
                        new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 3),
                        new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 4)));
        assertThat(change.renewed()).isEqualTo(IdSet.of(2));
        assertThat(change.configuration().learners()).isEqualTo(IdSet.of(2, 4));
    }
}
