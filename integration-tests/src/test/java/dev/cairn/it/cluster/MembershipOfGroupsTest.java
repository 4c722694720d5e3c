package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members join, learn, vote, move and leave while the cluster goes on; ours and etcd's own. */
@Tag("cluster")
@Timeout(300)
class MembershipOfGroupsTest {
    @TempDir
    Path directory;

    @Test
    void shouldGrowFromOneToThreeAndShrinkAgain() {
        try (Group group = Group.found(directory, Group.ours())) {
            group.ctlUntilDone(0, "put", "alone", "v");
            for (int i = 1; i < 3; i++) {
                join(group, group.prepare(Group.ours()));
                assertThat(group.values(i, "alone")).containsExactly("v");
                group.ctlUntilDone(i, "put", "with" + i, "v");
                group.awaitEqualStores();
            }
            assertThat(group.ctlUntilDone(2, "member", "list").lines()).hasSize(3);

            String third = group.id(2);
            group.changeUntilDone("member", "remove", third);
            assertThat(group.member(2).awaitEnd(Group.LIMIT)).isZero();
            assertThat(group.member(2).logTail()).contains("the member has been permanently removed from the cluster");
            // What has been removed stays away.
            assertThat(group.member(2).tryStart(Duration.ofSeconds(30))).isNotNull();
            group.ctlUntilDone(0, "put", "without", "v");
            assertThat(group.values(1, "without")).containsExactly("v");
        }
    }

    @Test
    void shouldPromoteALearnerWhoeverIsAsked() {
        try (Group group = Group.found(directory, Group.ours(), Group.ours(), Group.ours())) {
            group.ctlUntilDone(0, "put", "k", "v");
            int learner = group.prepare(Group.ours());
            group.changeUntilDone(
                    "member",
                    "add",
                    "m3",
                    "--learner",
                    "--peer-urls=" + group.member(learner).peerUrl());
            int follower = (group.awaitLeader() + 1) % 3;
            String id = group.ctlUntilDone(0, "member", "list")
                    .lines()
                    .filter(line -> line.contains(group.member(learner).peerUrl()))
                    .findFirst()
                    .orElseThrow()
                    .split(",")[0];
            assertThat(group.ctl(follower, "member", "promote", id).err())
                    .contains("can only promote a learner member which is in sync with leader");

            group.member(learner).withFlags(group.flags(learner, "existing"));
            group.start(learner);
            assertThat(group.ctl(learner, "get", "k").err()).contains("rpc not supported for learner");
            await().atMost(Group.LIMIT)
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> group.ctl(follower, "member", "promote", id).exit() == 0);
            assertThat(group.values(learner, "k")).containsExactly("v");
            group.makeLeader(learner);
            group.awaitEqualStores();
        }
    }

    @Test
    void shouldNotLetAnUnknownMemberIn() {
        try (Group group = Group.found(directory, Group.ours())) {
            int stranger = group.prepare(Group.ours());
            group.member(stranger).withFlags(group.flags(stranger, "existing"));
            assertThat(group.member(stranger).tryStart(Duration.ofSeconds(30))).isNotNull();
            assertThat(group.member(stranger).logTail())
                    .contains("error validating peerURLs")
                    .contains("member count is unequal");
        }
    }

    /** Ours joins etcd's cluster and the other way round. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldJoinAClusterOfTheOtherMake(boolean oursFounds) {
        Path founder = oursFounds ? Group.ours() : Group.real();
        Path joiner = oursFounds ? Group.real() : Group.ours();
        try (Group group = Group.found(directory, founder)) {
            group.ctlUntilDone(0, "put", "before", "v");
            int joined = group.prepare(joiner);
            join(group, joined);
            assertThat(group.values(joined, "before")).containsExactly("v");
            group.makeLeader(joined);
            group.ctlUntilDone(0, "put", "after", "v");
            group.awaitEqualStores();
        }
    }

    private static void join(Group group, int member) {
        group.changeUntilDone(
                "member",
                "add",
                "m" + member,
                "--peer-urls=" + group.member(member).peerUrl());
        group.member(member).withFlags(group.flags(member, "existing"));
        group.start(member);
    }
}
