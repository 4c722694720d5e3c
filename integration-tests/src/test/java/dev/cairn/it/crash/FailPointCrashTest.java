package dev.cairn.it.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.it.process.FailPointControl;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.HashKVResponse;
import dev.cairn.testing.Seed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: wherever a member dies, nothing that was acknowledged is lost, and nothing else is there. Method: one member under load dies at
 * every place that a single member passes, one after the other on the same data; its log is read by etcd's own reader, and the next
 * start is checked against the ledger, the leases and the digests.
 *
 * <p>{@code -Dcairn.failpoint.rounds=N} goes through all places N times; {@code -Dcairn.seed=N} repeats the order.
 */
@Tag("crash")
@Timeout(900)
class FailPointCrashTest {
    private static final int WRITERS = 4;
    private static final int WRITES_BEFORE = 15;
    private static final int EXIT_PANIC = 2;
    private static final Duration END_LIMIT = Duration.ofSeconds(30);
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    /** Passed by members that have others; {@code GroupFailPointsTest} dies there. */
    static final Set<FailPoint> IN_COMPANY = EnumSet.of(
            FailPoint.RAFT_BEFORE_FOLLOWER_SEND,
            FailPoint.RAFT_BEFORE_SAVE_SNAP,
            FailPoint.RAFT_AFTER_SAVE_SNAP,
            FailPoint.RAFT_BEFORE_APPLY_SNAP,
            FailPoint.RAFT_AFTER_APPLY_SNAP,
            FailPoint.APPLY_BEFORE_OPEN_SNAPSHOT,
            FailPoint.APPLY_AFTER_OPEN_SNAPSHOT,
            FailPoint.RAFT_DROP_HEARTBEAT);

    @TempDir
    Path directory;

    private long seed;
    private Random random = new Random(0);
    private final Ledger ledger = new Ledger();
    private final Chronicle chronicle = new Chronicle();
    private final Map<Long, String> leases = new LinkedHashMap<>();

    @BeforeEach
    void chooseSeed() {
        seed = Seed.choose();
        random = new Random(seed);
    }

    @Test
    void shouldLoseNothingWhereverItDies() throws InterruptedException {
        int rounds = Integer.getInteger("cairn.failpoint.rounds", 1);
        List<FailPoint> points = new ArrayList<>(EnumSet.complementOf(EnumSet.copyOf(IN_COMPANY)));
        try (ServerProcess server = ServerProcess.prepare(
                        Programs.ours(), directory, "--snapshot-count=40", "--compaction-batch-limit=10")
                .withFailPoints()) {
            dieAtTheStart(server, FailPoint.BEFORE_APPLY_ONE_CONF_CHANGE);
            server.start();
            for (int round = 0; round < rounds; round++) {
                Collections.shuffle(points, random);
                for (FailPoint point : points) {
                    try {
                        dieAt(server, point, round + "/" + point.etcdName());
                    } catch (AssertionError | RuntimeException e) {
                        throw new AssertionError(
                                replay() + ", at " + point.etcdName() + " (in the order " + points + "): "
                                        + e.getMessage() + "\n" + server.logTail(),
                                e);
                    }
                }
            }
        }
    }

    private void dieAt(ServerProcess server, FailPoint point, String round) throws InterruptedException {
        if (point == FailPoint.BEFORE_PUBLISHING) {
            server.kill();
            dieAtTheStart(server, point);
        } else {
            @Nullable HashKVResponse before;
            try (Provocations calls = new Provocations(server);
                    Writers writers = new Writers(ledger, server.target(), round, WRITERS, random)) {
                int target = ledger.acknowledged() + WRITES_BEFORE + random.nextInt(WRITES_BEFORE);
                assertThat(writers.awaitAcknowledged(target)).as("writes").isTrue();
                long lease = calls.grant(ledger, round + "/leased");
                leases.put(lease, round + "/leased");
                before = calls.hash(chronicle.read());
                FailPointControl.set(server, point.etcdName(), "panic");
                chronicle.compacting(chronicle.read());
                while (server.isRunning()) {
                    calls.lead(point, lease, chronicle.read());
                }
            }
            shouldHaveDiedAt(server, point);
            EtcdLog.read(server.dataDirectory());
            server.start();
            try (Provocations calls = new Provocations(server)) {
                HashKVResponse after = calls.hash(before.getHashRevision());
                if (after.getCompactRevision() == before.getCompactRevision()) {
                    assertThat(after.getHash()).as("digest").isEqualTo(before.getHash());
                }
            }
        }
        if (point == FailPoint.BEFORE_PUBLISHING) {
            server.start();
        }
        chronicle.check(server, ledger);
        try (Provocations calls = new Provocations(server)) {
            assertThat(calls.leases()).as("leases").containsAll(leases.keySet());
            leases.forEach((lease, key) ->
                    assertThat(calls.keysOf(lease)).as("keys of a lease").containsExactly(key));
            if (point == FailPoint.BEFORE_APPLY_ONE_CONF_CHANGE) {
                assertThat(calls.removeLearners())
                        .as("the change was in the log")
                        .isEqualTo(1);
            }
        }
    }

    private void dieAtTheStart(ServerProcess server, FailPoint point) {
        server.startWith(point.etcdName() + "=panic");
        assertThat(server.tryStart(START_LIMIT))
                .as("a start that does not get by")
                .isNotNull();
        shouldHaveDiedAt(server, point);
        EtcdLog.read(server.dataDirectory());
        server.startWith("");
    }

    private static void shouldHaveDiedAt(ServerProcess server, FailPoint point) {
        assertThat(server.awaitEnd(END_LIMIT)).as("exit code").isEqualTo(EXIT_PANIC);
        assertThat(server.logTail()).contains("panic: failpoint panic: " + point.etcdName());
    }

    @Test
    void shouldFailWithoutDying() {
        try (ServerProcess server =
                ServerProcess.prepare(Programs.ours(), directory).withFailPoints()) {
            server.start();
            try (Provocations calls = new Provocations(server)) {
                for (FailPoint point : List.of(FailPoint.DEFRAG_OPEN_FILE_ERROR, FailPoint.DEFRAGDB_FAIL)) {
                    FailPointControl.set(server, point.etcdName(), "1*return(\"some random error\")");
                    assertThatThrownBy(calls::defragment)
                            .as(point.etcdName())
                            .hasMessageContaining("some random error");
                    assertThat(server.dataDirectory().resolve("member/lmdb/defragment.tmp"))
                            .as("a copy that was not finished")
                            .doesNotExist();
                    calls.defragment();
                    FailPointControl.switchOff(server, point.etcdName());
                }
                calls.grant(ledger, "goes/on");
                chronicle.check(server, ledger);
            }
        }
    }

    @Test
    void shouldListItsPlacesAndGoOn() {
        try (ServerProcess server = ServerProcess.prepare(Programs.ours(), directory)
                .withFailPoints()
                .startWith("raftBeforeSave=sleep(10);someOther=panic")) {
            server.start();
            assertThat(FailPointControl.call(server, "GET", "", "")
                            .substring("200 ".length())
                            .lines())
                    .hasSize(FailPoint.values().length)
                    .contains("raftBeforeSave=sleep(10)", "beforeCommit=");
            assertThat(Integer.parseInt(FailPointControl.call(server, "GET", "raftBeforeSave/count", "")
                            .substring("200 ".length())))
                    .as("passes of the start")
                    .isPositive();
            // No place does more than it is told.
            for (FailPoint point : FailPoint.values()) {
                FailPointControl.set(server, point.etcdName(), "2*print->sleep(1)");
            }
            try (Provocations calls = new Provocations(server)) {
                calls.grant(ledger, "goes/on");
                calls.defragment();
                chronicle.check(server, ledger);
            }
            assertThat(Arrays.stream(FailPoint.values())
                            .filter(point -> server.logTail().contains("failpoint print: " + point.etcdName())))
                    .contains(FailPoint.WAL_BEFORE_SYNC, FailPoint.DEFRAG_BEFORE_COPY, FailPoint.BEFORE_COMMIT);
        }
    }

    private String replay() {
        return "seed " + seed + " (-Dtest=FailPointCrashTest " + Seed.replay(seed) + ")";
    }
}
