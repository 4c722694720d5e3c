package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Our members and etcd's own in one Raft group: each leads in turn, and all hold the same, to the hash. */
@Tag("cluster")
@Timeout(300)
class MixedGroupTest {
    @TempDir
    Path directory;

    /** True for a member of ours. */
    static Stream<Arguments> mixes() {
        return Stream.of(Arguments.of(true, false, false), Arguments.of(true, true, false));
    }

    @ParameterizedTest
    @MethodSource("mixes")
    void shouldAgreeWhoeverLeads(boolean first, boolean second, boolean third) {
        try (Group group = Group.found(directory, server(first), server(second), server(third))) {
            for (int leader = 0; leader < 3; leader++) {
                group.makeLeader(leader);
                for (int i = 0; i < 3; i++) {
                    String key = "l" + leader + "m" + i;
                    group.ctlUntilDone(i, "put", key, key);
                    assertThat(group.values((i + 1) % 3, key)).containsExactly(key);
                    String lease =
                            group.ctlUntilDone(i, "lease", "grant", "600").split(" ")[1];
                    group.ctlUntilDone(i, "put", key, "leased", "--lease=" + lease);
                    assertThat(group.ctlUntilDone((i + 1) % 3, "lease", "keep-alive", "--once", lease))
                            .contains("TTL(600)");
                    assertThat(group.ctlUntilDone((i + 2) % 3, "lease", "timetolive", "--keys", lease))
                            .contains(key);
                    group.ctlUntilDone(i, "lease", "revoke", lease);
                }
                group.ctlUntilDone(leader, "compact", Long.toString(revision(group, leader)));
                group.awaitEqualStores();
                assertThat(group.status(leader).get("version").getAsString()).isEqualTo("3.7.1");
            }
            // The cluster decided the version that all of them run.
            for (int i = 0; i < 3; i++) {
                assertThat(group.status(i).get("storageVersion").getAsString()).isEqualTo("3.7.0");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("mixes")
    void shouldComeBackAfterKillsAndAllTogether(boolean first, boolean second, boolean third) {
        try (Group group = Group.found(directory, server(first), server(second), server(third))) {
            for (int victim = 0; victim < 3; victim++) {
                group.makeLeader(victim);
                group.member(victim).kill();
                group.ctlUntilDone((victim + 1) % 3, "put", "without" + victim, "v");
                group.start(victim);
                assertThat(group.values(victim, "without" + victim)).containsExactly("v");
                group.awaitEqualStores();
            }
            for (int i = 0; i < 3; i++) {
                group.member(i).kill();
            }
            group.start(0, 1, 2);
            assertThat(group.values(0, "without")).hasSize(3);
            group.awaitEqualStores();
        }
    }

    private static long revision(Group group, int member) {
        return group.status(member).getAsJsonObject("header").get("revision").getAsLong();
    }

    private static Path server(boolean ours) {
        return ours ? Group.ours() : Group.real();
    }
}
