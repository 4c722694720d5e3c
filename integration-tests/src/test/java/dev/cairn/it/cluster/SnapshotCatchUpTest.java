package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Command;
import dev.cairn.testing.Seed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: a member that is so far behind that entries do not help gets the whole store, from our leader and from etcd's, although
 * it was merely paused, and killed at any moment of it. Method: logs that keep few entries, thousands of writes while the member is away; then the same digests,
 * leases and users everywhere, and watchers that miss nothing. Members that were stopped are {@link MixedGroupTest}'s.
 */
@Tag("cluster")
@Timeout(300)
class SnapshotCatchUpTest {
    private static final List<String> FLAGS = List.of("--snapshot-count=300", "--snapshot-catchup-entries=50");
    private static final int MISSED = 3500;

    /** More messages than a leader sends without an answer. */
    private static final int MESSAGES_MAX = 600;

    private static final String RECEIVING = "receiving database snapshot";

    @TempDir
    Path directory;

    /** The leader and the one who lags: true for a member of ours. */
    static Stream<Arguments> pairs() {
        return Stream.of(Arguments.of(false, true), Arguments.of(true, false), Arguments.of(true, true));
    }

    private static Path server(boolean ours) {
        return ours ? Group.ours() : Group.real();
    }

    private Group found(boolean leader, boolean lagging) {
        Group group = Group.found(directory, FLAGS, server(leader), Group.real(), server(lagging));
        group.makeLeader(0);
        return group;
    }

    private static void awaitSnapshot(Group group) {
        await("a snapshot")
                .atMost(Group.LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> group.member(2).logTail().contains(RECEIVING));
    }

    private static void shouldHaveCaughtUp(Group group) {
        group.awaitEqualStores();
        for (String table : List.of("lease list", "user list", "member list")) {
            assertThat(group.ctlUntilDone(2, table.split(" "))).isEqualTo(group.ctlUntilDone(0, table.split(" ")));
        }
        group.ctlUntilDone(2, "put", "from-the-last", "v");
        assertThat(group.values(0, "from-the-last")).containsExactly("v");
        group.awaitEqualStores();
    }

    /** The store is exchanged under the watchers and readers of a member that was only paused. */
    @ParameterizedTest
    @MethodSource("pairs")
    void shouldCatchUpWhileItServes(boolean leader, boolean lagging) throws Exception {
        try (Group group = found(leader, lagging)) {
            Command watch = Command.start(Command.etcdctl(group.member(2), "watch", "--prefix", "missed-", "--rev=2"));
            try {
                group.client(0).putMany("missed-a", 100);
                watch.awaitLines(3 * 100, Group.LIMIT);
                group.signal(2, "STOP");
                group.client(0).putMany("missed-b", MESSAGES_MAX, 1);
                group.client(0).putMany("missed-c", MISSED);
                group.signal(2, "CONT");
                awaitSnapshot(group);
                String seen = watch.awaitLines(3 * (100 + MESSAGES_MAX + MISSED), Group.LIMIT);
                List<String> keys =
                        seen.lines().filter(line -> line.startsWith("missed-")).toList();
                assertThat(keys).hasSize(100 + MESSAGES_MAX + MISSED).doesNotHaveDuplicates();
                // These were written one after the other.
                for (int i = 0; i < MESSAGES_MAX; i++) {
                    assertThat(keys.get(100 + i)).isEqualTo("missed-b" + i);
                }
            } finally {
                watch.kill();
            }
            shouldHaveCaughtUp(group);
        }
    }

    /** Ours dies at any moment between the arrival of the snapshot and the end of the exchange. */
    @Test
    void shouldComeBackFromKillsWhileItCatchesUp() throws Exception {
        long seed = Seed.choose();
        Random random = new Random(seed);
        try (Group group = found(true, true)) {
            group.client(0).putMany("before-", 200);
            group.member(2).kill();
            group.client(0).putMany("missed-", MISSED);
            for (int round = 0; round < 5; round++) {
                Thread starting = new Thread(() -> group.member(2).tryStart(Group.LIMIT));
                starting.start();
                // A round in which it got through leaves nothing to receive to those behind it.
                await("a snapshot, or the end of it")
                        .atMost(Group.LIMIT)
                        .pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(5))
                        .until(() -> {
                            String log = group.member(2).logTail();
                            return log.contains(RECEIVING) || log.contains("ready to serve client requests");
                        });
                // The moment is what this test is about: any is as good as another.
                TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
                group.member(2).kill();
                starting.join();
            }
            group.start(2);
            shouldHaveCaughtUp(group);
        } catch (AssertionError e) {
            throw new AssertionError("replay: " + Seed.replay(seed), e);
        }
    }
}
