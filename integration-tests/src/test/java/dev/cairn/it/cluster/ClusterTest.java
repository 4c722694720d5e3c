package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three members of ours: what clients of any of them see while members die and come back. */
@Tag("cluster")
@Timeout(300)
class ClusterTest {
    @TempDir
    Path directory;

    private Group three() {
        return Group.found(directory, Group.ours(), Group.ours(), Group.ours());
    }

    @Test
    void shouldServeWritesAndReadsAtEveryMember() {
        try (Group group = three()) {
            for (int i = 0; i < 3; i++) {
                group.ctlUntilDone(i, "put", "k" + i, "v" + i);
                // Linearizable: what was just written through one member is seen at the next.
                assertThat(group.values((i + 1) % 3, "k" + i)).containsExactly("v" + i);
            }
            group.awaitEqualStores();
            assertThat(group.ctlUntilDone(0, "member", "list").lines())
                    .hasSize(3)
                    .allMatch(l -> l.contains("started"));
        }
    }

    @Test
    void shouldGoOnWhenTheLeaderIsKilledAndTakeItBack() {
        try (Group group = three()) {
            group.ctlUntilDone(0, "put", "before", "1");
            int leader = group.awaitLeader();
            group.member(leader).kill();
            int other = (leader + 1) % 3;
            group.ctlUntilDone(other, "put", "after", "2");
            assertThat(group.awaitLeader()).isNotEqualTo(leader);

            group.start(leader);
            assertThat(group.values(leader, "after")).containsExactly("2");
            group.awaitEqualStores();
        }
    }

    @Test
    void shouldKeepEverythingWhenAllAreKilledTogether() {
        try (Group group = three()) {
            for (int i = 0; i < 20; i++) {
                group.ctlUntilDone(i % 3, "put", "k" + i, "v");
            }
            for (int i = 0; i < 3; i++) {
                group.member(i).kill();
            }
            group.start(0, 1, 2);
            for (int i = 0; i < 3; i++) {
                assertThat(group.values(i, "k")).hasSize(20);
            }
            group.awaitEqualStores();
        }
    }

    @Test
    void shouldHandLeadershipOverWhenTold() {
        try (Group group = three()) {
            int leader = group.awaitLeader();
            int other = (leader + 1) % 3;
            long term = group.status(other).get("raftTerm").getAsLong();
            assertThat(group.member(leader).terminate(Duration.ofSeconds(30))).isIn(0, 143);
            assertThat(group.member(leader).logTail()).contains("leadership transfer finished");
            group.awaitLeader();
            // One election, the one that the leader asked for.
            assertThat(group.status(other).get("raftTerm").getAsLong()).isEqualTo(term + 1);
        }
    }

    @Test
    void shouldShowEventsOfAllMembersToAWatcherOfAny() {
        try (Group group = three()) {
            int leader = group.awaitLeader();
            int watched = (leader + 1) % 3;
            Command watch = Command.start(Command.etcdctl(group.member(watched), "watch", "--prefix", "w"));
            try {
                // The watcher is there when it has seen something.
                await().atMost(Group.LIMIT).pollInterval(Duration.ofMillis(200)).untilAsserted(() -> {
                    group.ctlUntilDone(leader, "put", "w-begin", "x");
                    watch.awaitLines(3, Duration.ofSeconds(1));
                });
                group.member(leader).kill();
                int third = 3 - leader - watched;
                group.ctlUntilDone(third, "put", "w-end", "after the leader's death");
                await().atMost(Group.LIMIT)
                        .untilAsserted(() -> assertThat(watch.awaitLines(1, Duration.ofMillis(100)))
                                .contains("after the leader's death"));
            } finally {
                watch.kill();
            }
        }
    }

    @Test
    void shouldRenewAndRevokeLeasesWhoeverIsAsked() {
        try (Group group = three()) {
            int leader = group.awaitLeader();
            int follower = (leader + 1) % 3;
            String lease = leaseOf(group.ctlUntilDone(follower, "lease", "grant", "600"));
            group.ctlUntilDone(leader, "put", "leased", "v", "--lease=" + lease);

            assertThat(group.ctlUntilDone(follower, "lease", "keep-alive", "--once", lease))
                    .contains("keepalived with TTL(600)");
            assertThat(group.ctlUntilDone(follower, "lease", "timetolive", "--keys", lease))
                    .contains("granted with TTL(600s)")
                    .contains("leased");
            assertThat(group.ctlUntilDone(follower, "lease", "timetolive", "1234"))
                    .contains("already expired");

            // A new leader gives every lease its time anew.
            group.makeLeader(follower);
            JsonObject left = JsonParser.parseString(
                            group.ctlUntilDone(leader, "lease", "timetolive", lease, "--write-out=json"))
                    .getAsJsonObject();
            assertThat(left.get("ttl").getAsLong()).isBetween(500L, 605L);

            String brief = leaseOf(group.ctlUntilDone(leader, "lease", "grant", "2"));
            group.ctlUntilDone(leader, "put", "brief", "v", "--lease=" + brief);
            await().atMost(Group.LIMIT)
                    .untilAsserted(
                            () -> assertThat(group.values(leader, "brief")).isEmpty());
            assertThat(group.values(leader, "leased")).isEqualTo(List.of("v"));
        }
    }

    @Test
    void shouldRefuseWritesWithoutAQuorumAndGoOnWithOne() {
        try (Group group = three()) {
            group.ctlUntilDone(0, "put", "k", "1");
            group.member(1).kill();
            group.member(2).kill();
            assertThat(group.ctl(0, "put", "k", "2", "--command-timeout=20s").err())
                    .containsAnyOf("request timed out", "no leader", "leader changed", "deadline exceeded");
            assertThat(group.ctl(0, "get", "k", "--consistency=s").out()).contains("1");

            group.start(1);
            group.ctlUntilDone(0, "put", "k", "3");
            assertThat(group.values(1, "k")).containsExactly("3");
        }
    }

    @Test
    void shouldNotServeAStaleReadAfterAPause() {
        try (Group group = three()) {
            int leader = group.awaitLeader();
            int other = (leader + 1) % 3;
            group.ctlUntilDone(leader, "put", "k", "old");
            group.signal(leader, "STOP");
            try {
                group.ctlUntilDone(other, "put", "k", "new");
                // The question waits at the door of a leader that has not heard of its successor.
                Command read = Command.start(Command.etcdctl(
                        group.member(leader), "get", "k", "--print-value-only", "--command-timeout=30s"));
                group.signal(leader, "CONT");
                Command.Result result = read.input("").await(Group.LIMIT);
                assertThat(result.out()).doesNotContain("old");
                assertThat(group.values(leader, "k")).containsExactly("new");
            } finally {
                group.signal(leader, "CONT");
            }
        }
    }

    @Test
    void shouldGoOnAloneWhenForcedTo() {
        try (Group group = three()) {
            group.ctlUntilDone(1, "put", "k", "v");
            assertThat(group.values(0, "k")).containsExactly("v");
            for (int i = 0; i < 3; i++) {
                group.member(i).kill();
            }
            group.member(0).withFlags(group.flags(0, "new", "--force-new-cluster"));
            group.start(0);
            assertThat(group.values(0, "k")).containsExactly("v");
            group.ctlUntilDone(0, "put", "k", "alone");
            assertThat(group.ctlUntilDone(0, "member", "list").lines()).hasSize(1);

            // It stays alone without the flag.
            assertThat(group.member(0).terminate(Duration.ofSeconds(30))).isIn(0, 143);
            group.member(0).withFlags(group.flags(0, "new"));
            group.start(0);
            assertThat(group.values(0, "k")).containsExactly("alone");
        }
    }

    private static String leaseOf(String granted) {
        return granted.split(" ")[1];
    }
}
