package dev.cairn.it.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.cluster.Group;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what operators' tools look for in the log of etcd is there, level and words. Method: a cluster goes through starts, stops, a
 * change of leader, slow requests, compaction, snapshots, a full store and changes of members; the same was done with etcd 3.7.1, and
 * the lines below were in its log.
 */
@Tag("cluster")
@Timeout(180)
class OperatorLinesTest {
    private static final Pattern LINE =
            Pattern.compile("\\{\"level\":\"([a-z]+)\".*?\"msg\":\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern IDS = Pattern.compile("\\b[0-9a-f]{14,16}\\b");
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final List<String> START = List.of(
            "info Running: ",
            "info starting an etcd server",
            "info configuring peer listeners",
            "info configuring client listeners",
            "info enabled backend quota",
            "info starting local member",
            "info now serving peer/client/metrics",
            "info serving peer traffic",
            "info added member",
            "info added remote peer",
            "info established TCP streaming connection with remote peer",
            "info peer became active",
            "info initialized peer connections; fast-forwarding election ticks",
            "info ID became follower at term N",
            "info ID became pre-candidate at term N",
            "info ID became candidate at term N",
            "info ID became leader at term N",
            "info raft.node: ID elected leader ID at term N",
            "info setting up initial cluster version using vN API",
            "info set initial cluster version",
            "info enabled capabilities for version",
            "info published local member to cluster through raft",
            "info ready to serve client requests",
            "info serving client traffic insecurely; this is strongly discouraged!",
            "info notifying init daemon",
            "info successfully notified init daemon",
            "warn Running http and grpc server on single port. This is not recommended for production.",
            "warn simple token is not cryptographically signed");

    private static final List<String> WORK = List.of(
            "warn apply request took too long",
            "warn request stats",
            "info finished scheduled compaction",
            "info triggering snapshot",
            "info saved snapshot to disk",
            "info starting defragment",
            "info defragmenting",
            "info finished defragmenting directory",
            "info finished defragment",
            "info sending database snapshot to client",
            "info sending database shaN checksum to client",
            "info successfully sent database snapshot to client",
            "warn message exceeded backend quota; raising alarm");

    private static final List<String> CHANGES = List.of(
            "warn lost TCP streaming connection with remote peer",
            "info raft.node: ID lost leader ID at term N",
            "info server has already been initialized",
            "info kvstore restored",
            "info recovered/added member from store",
            "info set cluster version from store",
            "info restarting local member",
            "info removed member",
            "info removed remote peer");

    private static final List<String> STOP = List.of(
            "info received signal; shutting down",
            "info closing etcd server",
            "info skipped leadership transfer; local server is not leader",
            "info leadership transfer starting",
            "info leadership transfer finished",
            "info stopping serving peer traffic",
            "info stopped serving peer traffic",
            "info closed etcd server");

    @TempDir
    Path directory;

    @Test
    void shouldTellEveryEventAsEtcdDoes() {
        List<String> flags = List.of(
                "--snapshot-count=20",
                "--quota-backend-bytes=" + (4 << 20),
                "--warning-apply-duration=1ns",
                "--warning-unary-request-duration=1ns");
        try (Group group = Group.found(directory, flags, Programs.ours(), Programs.ours(), Programs.ours())) {
            awaitLines(group, START);

            for (int i = 0; i < 50; i++) {
                group.ctl(0, "put", "k" + i, "v").success();
            }
            group.ctl(0, "compact", "10").success();
            group.ctl(0, "defrag").success();
            group.ctl(0, "snapshot", "save", directory.resolve("backup.db").toString())
                    .success();
            fill(group);
            awaitLines(group, WORK);
            group.ctl(0, "del", "big", "--prefix").success();
            group.ctl(0, "alarm", "disarm");

            int leader = group.awaitLeader();
            group.member(leader).kill();
            int next = (leader + 1) % 3;
            group.ctlUntilDone(next, "put", "after", "v");
            group.member(leader).start();
            group.ctlUntilDone(leader, "get", "after");
            group.ctlUntilDone(next, "member", "remove", group.id(leader));
            assertThat(group.member(leader).awaitEnd(LIMIT))
                    .as("a removed member ends")
                    .isZero();
            awaitLines(group, CHANGES);

            int last = group.awaitLeader();
            int other = 3 - leader - last;
            group.member(last).terminate(LIMIT);
            group.member(other).terminate(LIMIT);
            awaitLines(group, STOP);
        }
    }

    private static void fill(Group group) {
        String value = "x".repeat(1_000_000);
        for (int i = 0; i < 20; i++) {
            Command.Result result = Command.start(List.of(
                            Programs.real("etcdctl").toString(),
                            "--endpoints=" + group.member(0).target(),
                            "put",
                            "big" + i))
                    .input(value)
                    .await(LIMIT);
            if (result.exit() != 0) {
                assertThat(result.err()).contains("database space exceeded");
                return;
            }
        }
        throw new AssertionError("the quota was never reached");
    }

    private static void awaitLines(Group group, List<String> wanted) {
        await().atMost(LIMIT).untilAsserted(() -> assertThat(lines(group)).containsAll(wanted));
    }

    private static Set<String> lines(Group group) {
        Set<String> lines = new TreeSet<>();
        for (int member = 0; member < 3; member++) {
            Matcher matcher = LINE.matcher(group.member(member).log());
            while (matcher.find()) {
                String message = IDS.matcher(matcher.group(2)).replaceAll("ID").replaceAll("\\d+", "N");
                lines.add(matcher.group(1) + " " + message);
            }
        }
        return lines;
    }
}
