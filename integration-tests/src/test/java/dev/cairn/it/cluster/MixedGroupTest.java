package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.AlarmType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Goal: our members and etcd's own are one cluster, in every mix and whoever leads. Method: for each mix one cluster that lives through
 * everything while each member leads in turn; the digests of all members are compared after every step, and by the members themselves
 * all the time.
 */
@Tag("cluster")
@Timeout(600)
class MixedGroupTest {
    /** C is a Cairn, G a real etcd, written in Go. */
    enum Mix {
        CCG(PeerTls.NONE),
        CGC(PeerTls.AUTO),
        GCC(PeerTls.NONE),
        CGG(PeerTls.FILES),
        GCG(PeerTls.AUTO),
        GGC(PeerTls.FILES);

        private final PeerTls peerTls;

        Mix(PeerTls peerTls) {
            this.peerTls = peerTls;
        }

        private boolean isOurs(int member) {
            return name().charAt(member) == 'C';
        }

        private Path server(int member) {
            return isOurs(member) ? Group.ours() : Group.real();
        }

        /** Who joins is of the make that is in the minority. */
        private Path joiner() {
            return name().replace("C", "").length() == 2 ? Group.ours() : Group.real();
        }

        /** Leads while the fourth joins, and is of the other make. */
        private int host() {
            return IntStream.range(0, 3)
                    .filter(member -> !server(member).equals(joiner()))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** More entries than the log keeps for who was away: ours drops entries from its memory by thousands. */
    private static final int MISSED = 1300;

    private static final ByteString BIG = ByteString.copyFrom(new byte[1 << 20]);
    private static final int QUOTA_IN_BIGS = 12;

    private static final List<String> FLAGS = List.of(
            "--snapshot-count=100",
            "--snapshot-catchup-entries=20",
            "--quota-backend-bytes=" + QUOTA_IN_BIGS * BIG.size(),
            "--bcrypt-cost=4",
            "--corrupt-check-time=1s",
            "--compact-hash-check-time=1s",
            "--feature-gates=CompactHashCheck=true,InitialCorruptCheck=true");

    private static final String ALLOWED = "a1";

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(Mix.class)
    void shouldBeOneClusterWhoeverLeads(Mix mix) throws Exception {
        try (Group group = Group.found(directory, mix.peerTls, FLAGS, mix.server(0), mix.server(1), mix.server(2))) {
            addUsers(group);
            for (int leader = 0; leader < 3; leader++) {
                group.makeLeader(leader);
                shouldWriteAndReadEverywhere(group, leader);
                shouldShareLeases(group, leader);
                long brief = grantBrief(group, leader);
                shouldObeyUsers(group, leader);
                shouldCompact(group, leader);
                shouldCatchUpBySnapshot(group, leader);
                shouldHaveEnded(group, brief);
                if (leader == mix.host()) {
                    shouldChangeMembers(group, mix.joiner());
                }
            }
            shouldStopAtTheQuota(group);
            shouldComeBackTogether(group);
        }
    }

    private static void shouldWriteAndReadEverywhere(Group group, int leader) {
        for (int i = 0; i < 3; i++) {
            String key = "l" + leader + "m" + i;
            group.client(i).put(key, key, 0);
            for (int reader = 0; reader < 3; reader++) {
                assertThat(group.client(reader).values(key, "")).containsExactly(key);
            }
        }
        group.awaitEqualStores();
        for (int i = 0; i < 3; i++) {
            Client client = group.client(i);
            assertThat(client.status().getVersion()).isEqualTo("3.7.1");
            // The cluster decides the version that all of them run; a real etcd looks for it every five seconds.
            await("the storage version of m" + i)
                    .atMost(Group.LIMIT)
                    .until(() -> client.status().getStorageVersion().equals("3.7.0"));
        }
    }

    private static void shouldShareLeases(Group group, int leader) {
        for (int i = 0; i < 3; i++) {
            String key = "leased-" + leader + i;
            long lease = group.client(i).grant(600);
            group.client((i + 1) % 3).put(key, "v", lease);
            assertThat(group.client((i + 1) % 3).keepAlive(lease)).isEqualTo(600);
            assertThat(group.client((i + 2) % 3).timeToLive(lease).getKeysList())
                    .containsExactly(ByteString.copyFromUtf8(key));
            if (i != leader) {
                group.client((i + 2) % 3).revoke(lease);
                assertThat(group.client(i).values(key, "")).isEmpty();
            }
        }
        group.awaitEqualStores();
    }

    /** A lease that nobody renews, with a key. */
    private static long grantBrief(Group group, int leader) {
        long lease = group.client((leader + 1) % 3).grant(2);
        group.client((leader + 2) % 3).put("brief", "v", lease);
        return lease;
    }

    private static void shouldHaveEnded(Group group, long lease) {
        for (int i = 0; i < 3; i++) {
            int asked = i;
            await("the end of the lease")
                    .atMost(Group.LIMIT)
                    .pollDelay(Duration.ZERO)
                    .until(() -> group.client(asked).values("brief", "").isEmpty());
            assertThat(group.client(i).timeToLive(lease).getTTL()).isEqualTo(-1);
        }
        group.awaitEqualStores();
    }

    private static void addUsers(Group group) {
        group.ctlUntilDone(0, "user", "add", "root:secret");
        group.ctlUntilDone(1, "user", "grant-role", "root", "root");
        group.ctlUntilDone(2, "role", "add", "some");
        group.ctlUntilDone(0, "role", "grant-permission", "some", "readwrite", "a", "b");
        group.ctlUntilDone(1, "user", "add", "somebody:secret");
        group.ctlUntilDone(2, "user", "grant-role", "somebody", "some");
    }

    private static void shouldObeyUsers(Group group, int leader) {
        group.ctlUntilDone((leader + 1) % 3, "auth", "enable");
        for (int i = 0; i < 3; i++) {
            group.ctlUntilDone(i, "--user=somebody:secret", "put", ALLOWED, "by m" + i);
            assertThat(group.ctl(i, "--user=somebody:secret", "put", "b1", "v").err())
                    .contains("etcdserver: permission denied");
        }
        assertThat(group.ctl(leader, "put", ALLOWED, "v").err()).contains("etcdserver: user name is empty");
        int other = (leader + 2) % 3;
        assertThat(group.ctl(other, "--user=somebody:wrong", "get", ALLOWED).err())
                .contains("authentication failed, invalid user ID or password");
        assertThat(group.ctl(other, "--user=somebody:secret", "user", "list").err())
                .contains("etcdserver: permission denied");
        group.ctlUntilDone(other, "--user=root:secret", "auth", "disable");
        for (int i = 0; i < 3; i++) {
            // Until it has heard that names are no longer asked for.
            assertThat(group.values(i, ALLOWED)).containsExactly("by m2");
        }
        group.awaitEqualStores();
    }

    /** Afterwards the leader compares what it and the others have noted of the compaction, and of the whole store. */
    private static void shouldCompact(Group group, int leader) {
        String log = group.member(leader).log();
        int stores = count(log, "finished peer corruption check");
        int compactions = count(log, "successfully checked hash on whole cluster");
        group.client((leader + 1) % 3).compact(group.client(leader).revision());
        group.awaitEqualStores();
        await("checks by m" + leader).atMost(Group.LIMIT).until(() -> {
            String now = group.member(leader).log();
            return count(now, "finished peer corruption check") > stores
                    && count(now, "successfully checked hash on whole cluster") > compactions;
        });
        shouldHaveNoAlarm(group);
    }

    private static int count(String text, String part) {
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
            count++;
        }
        return count;
    }

    private static void shouldHaveNoAlarm(Group group) {
        for (int i = 0; i < 3; i++) {
            assertThat(group.client(i).alarms()).isEmpty();
        }
    }

    /** The next member dies, misses more than the log keeps, and is sent the store. */
    private static void shouldCatchUpBySnapshot(Group group, int leader) throws Exception {
        int away = (leader + 1) % 3;
        group.member(away).kill();
        group.client((leader + 2) % 3).put("without-" + away, "v", 0);
        long lease = group.client(leader).grant(1000);
        group.client(leader).putMany("missed-" + leader + "-", MISSED);
        group.client(leader).compact(group.client(leader).revision() - MISSED / 2);
        group.start(away);
        assertThat(group.member(away).logTail()).contains("receiving database snapshot");
        group.awaitEqualStores();
        assertThat(group.client(away).values("without-" + away, "")).containsExactly("v");
        assertThat(group.client(away).timeToLive(lease).getTTL()).isBetween(900L, 1000L);
        for (String table : List.of("user list", "member list")) {
            shouldListAlike(group, away, leader, table);
        }
        // The brief lease may end between the two looks.
        await("leases at m" + away)
                .atMost(Group.LIMIT)
                .untilAsserted(() -> shouldListAlike(group, away, leader, "lease list"));
        group.client(away).put("back-" + away, "v", 0);
        assertThat(group.client(leader).values("back-" + away, "")).containsExactly("v");
        group.awaitEqualStores();
        shouldHaveNoAlarm(group);
    }

    private static void shouldListAlike(Group group, int one, int other, String table) {
        assertThat(group.ctlUntilDone(one, table.split(" ")).lines())
                .containsExactlyInAnyOrderElementsOf(
                        group.ctlUntilDone(other, table.split(" ")).lines().toList());
    }

    /** A fourth learns, votes, leads and leaves. */
    private static void shouldChangeMembers(Group group, Path server) {
        int joiner = group.prepare(server);
        group.changeUntilDone(
                "member",
                "add",
                "m" + joiner,
                "--learner",
                "--peer-urls=" + group.member(joiner).peerUrl());
        group.member(joiner).withFlags(group.flags(joiner, "existing", FLAGS.toArray(String[]::new)));
        group.start(joiner);
        assertThatThrownBy(() -> group.client(joiner).values("l0m0", ""))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("rpc not supported for learner");
        String id = Long.toHexString(group.client(joiner).status().getHeader().getMemberId());
        group.ctlUntilDone(1, "member", "promote", id);
        group.makeLeader(joiner);
        for (int i = 0; i < 4; i++) {
            group.client(i).put("four-" + i, "v", 0);
        }
        assertThat(group.client(joiner).values("four-0", "four-9")).hasSize(4);
        group.awaitEqualStores();
        group.changeUntilDone("member", "remove", id);
        assertThat(group.member(joiner).awaitEnd(Group.LIMIT)).isZero();
        group.client(2).put("three", "again", 0);
        assertThat(group.client(1).values("three", "")).containsExactly("again");
        assertThat(group.ctlUntilDone(2, "member", "list").lines()).hasSize(3);
        group.awaitEqualStores();
    }

    private static void shouldStopAtTheQuota(Group group) {
        int written = fill(group);
        assertThat(written).isBetween(1, QUOTA_IN_BIGS);
        for (int i = 0; i < 3; i++) {
            int asked = i;
            await("the alarm at m" + i)
                    .atMost(Group.LIMIT)
                    .pollDelay(Duration.ZERO)
                    .until(() -> group.client(asked).alarms().contains(AlarmType.NOSPACE));
            assertThatThrownBy(() -> group.client(asked).put("small", "v", 0))
                    .hasMessageContaining("etcdserver: mvcc: database space exceeded");
        }
        group.client(1).delete("big", "bih");
        group.client(2).compact(group.client(2).revision());
        // Only who was asked to compact has waited; a defragmentation before the others are done gives them no room.
        await("room").atMost(Group.LIMIT).pollDelay(Duration.ZERO).until(() -> makeRoom(group));
        shouldHaveNoAlarm(group);
        group.awaitEqualStores();
    }

    /** As the operator does it; whether all have room then. */
    private static boolean makeRoom(Group group) {
        for (int i = 0; i < 3; i++) {
            group.ctlUntilDone(i, "defrag");
        }
        group.ctlUntilDone(0, "alarm", "disarm");
        try {
            for (int i = 0; i < 3; i++) {
                group.client(i).put("small-" + i, "v", 0);
            }
            return true;
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            return false;
        }
    }

    /** Writes through all members until one refuses; how much it took. */
    private static int fill(Group group) {
        for (int i = 0; i <= QUOTA_IN_BIGS; i++) {
            try {
                group.client(i % 3).put("big-" + i, BIG);
            } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                return i;
            }
        }
        return QUOTA_IN_BIGS + 1;
    }

    private static void shouldComeBackTogether(Group group) {
        for (int i = 0; i < 3; i++) {
            group.member(i).kill();
        }
        group.start(0, 1, 2);
        for (int i = 0; i < 3; i++) {
            assertThat(group.client(i).values("without-", "without.")).hasSize(3);
            assertThat(group.client(i).values("missed-", "missed.")).hasSize(3 * MISSED);
        }
        group.awaitEqualStores();
        shouldHaveNoAlarm(group);
    }
}
