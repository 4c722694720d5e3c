package dev.cairn.it.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.it.cluster.Group;
import dev.cairn.it.process.FailPointControl;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Seed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what holds for a member alone holds for a group, also at the places that only members of a group pass. Method: one of three members
 * under load dies at a place, its log is read by etcd's own reader, it comes back; then the history against the ledger, and equal digests.
 *
 * <p>{@code -Dcairn.failpoint.rounds=N} repeats each test's places N times; {@code -Dcairn.seed=N} repeats the writes.
 */
@Tag("crash")
@Tag("cluster")
@Timeout(900)
class GroupFailPointsTest {
    private static final int ROUNDS = Integer.getInteger("cairn.failpoint.rounds", 1);
    private static final List<String> FLAGS = List.of("--snapshot-count=100", "--snapshot-catchup-entries=10");
    private static final int EXIT_PANIC = 2;
    private static final int WRITERS = 16;
    private static final int WRITES = 40;

    /** Entries go from memory a thousand at a time: who misses more needs a snapshot. */
    private static final int MISSED = 1300;

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private long seed;
    private Random random = new Random(0);
    private final Ledger ledger = new Ledger();

    @BeforeEach
    void chooseSeed() {
        seed = Seed.choose();
        random = new Random(seed);
    }

    private Group found() {
        return Group.foundWithFailPoints(directory, FLAGS, Group.ours(), Group.ours(), Group.ours());
    }

    private void write(Group group, int to, String round, int count) throws InterruptedException {
        try (Writers writers = new Writers(ledger, group.member(to).target(), round, WRITERS, random)) {
            assertThat(writers.awaitAcknowledged(ledger.acknowledged() + count))
                    .as("%s: writes of %s", replay(), round)
                    .isTrue();
        }
    }

    /** Sets the place at a running member, which passes it as it serves the group. */
    private void dieAt(Group group, int member, FailPoint point, int writeTo, String round)
            throws InterruptedException {
        try (Writers writers = new Writers(ledger, group.member(writeTo).target(), round, WRITERS, random)) {
            assertThat(writers.awaitAcknowledged(ledger.acknowledged() + WRITES))
                    .as("%s: writes of %s", replay(), round)
                    .isTrue();
            FailPointControl.set(group.member(member), point.etcdName(), "panic");
            shouldHaveDiedAt(group.member(member), point);
        }
        EtcdLog.read(group.member(member).dataDirectory());
    }

    private void shouldHaveDiedAt(ServerProcess server, FailPoint point) {
        assertThat(server.awaitEnd(LIMIT))
                .as("%s: exit code at %s\n%s", replay(), point.etcdName(), server.logTail())
                .isEqualTo(EXIT_PANIC);
        assertThat(server.logTail()).contains("panic: failpoint panic: " + point.etcdName());
    }

    private void check(Group group) {
        group.awaitLeader();
        for (int member = 0; member < 3; member++) {
            new Chronicle().check(group.member(member), ledger);
        }
        group.awaitEqualStores();
    }

    @Test
    void shouldLoseNothingWhereverAFollowerDies() throws InterruptedException {
        try (Group group = found()) {
            for (int round = 0; round < ROUNDS; round++) {
                for (FailPoint point : List.of(
                        FailPoint.RAFT_BEFORE_FOLLOWER_SEND,
                        FailPoint.RAFT_BEFORE_ADVANCE,
                        FailPoint.RAFT_AFTER_SAVE,
                        FailPoint.BEFORE_APPLY_ONE_ENTRY_NORMAL,
                        FailPoint.RAFT_DROP_HEARTBEAT)) {
                    int leader = group.awaitLeader();
                    int victim = (leader + 1) % 3;
                    dieAt(group, victim, point, leader, round + "/" + point.etcdName());
                    group.start(victim);
                }
            }
            check(group);
        }
    }

    @Test
    void shouldLoseNothingWhereverTheLeaderDies() throws InterruptedException {
        try (Group group = found()) {
            for (int round = 0; round < ROUNDS; round++) {
                for (FailPoint point : List.of(
                        FailPoint.RAFT_BEFORE_LEADER_SEND, FailPoint.RAFT_BEFORE_SAVE, FailPoint.WAL_BEFORE_SYNC)) {
                    int leader = group.awaitLeader();
                    dieAt(group, leader, point, (leader + 1) % 3, round + "/" + point.etcdName());
                    group.start(leader);
                }
                for (FailPoint point : List.of(
                        FailPoint.BEFORE_SERVE_HTTP_LEASE_RENEW,
                        FailPoint.BEFORE_LOOKUP_WHEN_FORWARD_LEASE_TIME_TO_LIVE)) {
                    int leader = group.awaitLeader();
                    int asked = (leader + 1) % 3;
                    String lease =
                            group.ctlUntilDone(asked, "lease", "grant", "3600").split(" ")[1];
                    FailPointControl.set(group.member(leader), point.etcdName(), "panic");
                    // The member that is asked asks the leader, which dies of it, and then the next one.
                    String answer = point == FailPoint.BEFORE_SERVE_HTTP_LEASE_RENEW
                            ? group.ctlUntilDone(asked, "lease", "keep-alive", "--once", lease)
                            : group.ctlUntilDone(asked, "lease", "timetolive", lease);
                    shouldHaveDiedAt(group.member(leader), point);
                    assertThat(answer).contains(lease).contains("3600");
                    EtcdLog.read(group.member(leader).dataDirectory());
                    group.start(leader);
                }
            }
            check(group);
        }
    }

    /**
     * The member dies again and again over the same snapshot as long as it has not taken it, and once over a new one at each place behind
     * that.
     */
    @Test
    void shouldTakeASnapshotWhereverItDiesOverIt() throws InterruptedException {
        int turn = 0;
        try (Group group = found()) {
            for (int round = 0; round < ROUNDS; round++) {
                for (List<FailPoint> points : List.of(
                        List.of(
                                FailPoint.RAFT_BEFORE_SAVE_SNAP,
                                FailPoint.RAFT_BEFORE_WAL_SAVE_SNAPHOT,
                                FailPoint.RAFT_AFTER_SAVE_SNAP,
                                FailPoint.RAFT_BEFORE_APPLY_SNAP),
                        List.of(FailPoint.RAFT_AFTER_WAL_RELEASE),
                        List.of(FailPoint.RAFT_AFTER_APPLY_SNAP),
                        List.of(FailPoint.APPLY_BEFORE_OPEN_SNAPSHOT),
                        List.of(FailPoint.APPLY_AFTER_OPEN_SNAPSHOT))) {
                    // A leader keeps entries for who has just been sent a snapshot. So it is a new one each time, and
                    // the one before
                    // forgets when it is killed.
                    int leader = turn % 3;
                    int victim = (turn + 2) % 3;
                    turn++;
                    group.makeLeader(leader);
                    ServerProcess member = group.member(victim);
                    member.kill();
                    write(group, leader, round + "/" + points.get(0).etcdName(), MISSED);
                    for (FailPoint point : points) {
                        member.startWith(point.etcdName() + "=panic");
                        // It may be ready before the snapshot comes.
                        member.tryStart(LIMIT);
                        shouldHaveDiedAt(member, point);
                        EtcdLog.read(member.dataDirectory());
                    }
                    member.startWith("");
                    group.start(victim);
                }
            }
            check(group);
        }
    }

    @Test
    void shouldHearNothingWhileItDropsWhatComes() {
        try (Group group = found()) {
            group.makeLeader(0);
            group.ctlUntilDone(0, "put", "key", "before");
            await("the write at m2").atMost(LIMIT).until(() -> ownValue(group).equals("before"));
            FailPointControl.set(group.member(2), FailPoint.RAFT_DROP_HEARTBEAT.etcdName(), "return");
            await("m2 to miss its leader")
                    .atMost(LIMIT)
                    .until(() -> group.member(2).logTail().contains("pre-candidate"));
            group.ctlUntilDone(1, "put", "key", "meanwhile");
            assertThat(ownValue(group)).isEqualTo("before");
            FailPointControl.switchOff(group.member(2), FailPoint.RAFT_DROP_HEARTBEAT.etcdName());
            await("the missed write at m2")
                    .atMost(LIMIT)
                    .until(() -> ownValue(group).equals("meanwhile"));
            group.awaitEqualStores();
        }
    }

    /** What the third member has, whether or not it is in touch with the others. */
    private static String ownValue(Group group) {
        return group.ctl(2, "get", "--consistency=s", "--print-value-only", "key")
                .out()
                .strip();
    }

    private String replay() {
        return "seed " + seed + " (-Dtest=GroupFailPointsTest " + Seed.replay(seed) + ")";
    }
}
