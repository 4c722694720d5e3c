package dev.cairn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: who uses etcd's command line tool cannot tell the servers apart. Method: one session of commands against ours and
 * a real etcd; exit codes and texts must be equal once ids, addresses, sizes and times are replaced by their names.
 */
@Tag("client")
@Timeout(300)
class EtcdctlTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Pattern GRANTED = Pattern.compile("lease ([0-9a-f]+) granted");
    private static final Pattern IDS = Pattern.compile("\"cluster_id\":(\\d+),\"member_id\":(\\d+)");

    @TempDir
    Path directory;

    /** A command of the session: arguments with one space between them, and what it reads. */
    private record Step(String arguments, String input) {}

    private static final List<Step> SESSION = List.of(
            step("version"),
            step("put key1 value1"),
            step("put key1 value2 --prev-kv"),
            step("put key2", "from standard input"),
            step("put key3 three -w json"),
            step("put key1 --ignore-value"),
            step("put missing --ignore-value"),
            step("put key1 x --ignore-lease"),
            step("put key4 four -w fields"),
            step("put key5 five --lease=1234"),
            step("get key1"),
            step("get key1 -w json"),
            step("get key1 -w fields"),
            step("get key --prefix"),
            step("get key --prefix --keys-only"),
            step("get key --prefix --count-only -w fields"),
            step("get key --prefix --print-value-only"),
            step("get key --prefix --limit=2 -w json"),
            step("get key --prefix --order=DESCEND --sort-by=KEY"),
            step("get key --prefix --order=ASCEND --sort-by=MODIFY"),
            step("get key --prefix --order=DESCEND --sort-by=CREATE --limit=1"),
            step("get key1 key3"),
            step("get key3 --from-key"),
            step("get key1 --rev=2"),
            step("get key1 --rev=1000"),
            step("get key1 --rev=-1"),
            step("get key1 --hex"),
            step("get key1 --consistency=s"),
            step("get key --prefix --min-mod-rev=4 --keys-only"),
            step("get nothing"),
            step("del nothing"),
            step("del key2 --prev-kv"),
            step("del key3 -w json"),
            step("put range/1 a"),
            step("put range/2 b"),
            step("put range/3 c"),
            step("del range/1 range/3"),
            step("del range/ --prefix --prev-kv"),
            step("txn", "value(\"key1\") = \"x\"\n\nput key1 then\nget key1\n\nput key1 else\n\n"),
            step("txn", "mod(\"key1\") > \"0\"\nversion(\"none\") = \"0\"\n\ndel key1\nget key --prefix\n\nget key1\n\n"),
            step("txn -w json", "create(\"key4\") = \"7\"\n\nput a b\n\nget key4\nput c d\n\n"),
            step("txn", "\nput same 1\nput same 2\n\n\n"),
            step("txn -i", "value(\"key4\") = \"four\"\n\nput interactive yes\n\n\n"),
            step("lease grant 600"),
            step("put leased1 x --lease={lease}"),
            step("get leased1 -w json"),
            step("lease timetolive {lease}"),
            step("lease timetolive {lease} --keys"),
            step("lease timetolive {lease} --keys -w json"),
            // Only now: the order of a lease's keys is open.
            step("put leased2 y --lease={lease}"),
            step("lease keep-alive --once {lease}"),
            step("lease keep-alive --once 123"),
            step("lease list"),
            step("lease list -w json"),
            step("lease revoke {lease}"),
            step("lease revoke {lease}"),
            step("lease timetolive {lease}"),
            step("get leased --prefix"),
            step("lease grant -5"),
            step("lease grant 99999999999"),
            step("compaction 5"),
            step("compaction 5"),
            step("compaction 4000"),
            step("compaction 12 --physical"),
            step("get key1 --rev=3"),
            // Past the keys of the lease: its id, which each server chose, is in their hash.
            step("compaction 22 --physical"),
            step("put key6 six"),
            step("member list"),
            step("member list -w table"),
            step("member list -w json"),
            step("member list -w fields"),
            step("endpoint health"),
            step("endpoint health -w json"),
            step("endpoint status -w json"),
            step("endpoint status -w fields"),
            step("endpoint hashkv"),
            step("endpoint hashkv -w json"),
            step("endpoint hashkv --rev=23 -w table"),
            step("alarm list"),
            step("alarm disarm"),
            step("defrag"),
            step("get key --prefix --keys-only"));

    private static Step step(String arguments) {
        return new Step(arguments, "");
    }

    private static Step step(String arguments, String input) {
        return new Step(arguments, input);
    }

    @Test
    void shouldPrintWhatItPrintsForEtcd() {
        try (ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"));
                ServerProcess real = ServerProcess.start(Programs.real("etcd"), directory.resolve("real"))) {
            Session left = new Session(ours);
            Session right = new Session(real);
            List<String> differences = new ArrayList<>();
            for (Step step : SESSION) {
                String actual = left.run(step);
                String expected = right.run(step);
                if (!actual.equals(expected)) {
                    differences.add("etcdctl " + step.arguments + "\n--- ours\n" + actual + "\n--- etcd\n" + expected);
                }
            }
            assertThat(differences)
                    .as("%s of %s steps differ", differences.size(), SESSION.size())
                    .isEmpty();
        }
    }

    @Test
    void shouldPrintTheEventsThatItPrintsForEtcd() {
        List<String> printed = new ArrayList<>();
        for (Path binary : List.of(Programs.ours(), Programs.real("etcd"))) {
            try (ServerProcess server =
                    ServerProcess.start(binary, directory.resolve("watch" + printed.size()))) {
                Session session = new Session(server);
                session.run(step("put w/1 before"));
                // From the first revision on, so that no event can come before the watch does.
                Command events = Command.start(Command.etcdctl(server, "watch", "w/", "--prefix", "--rev=1", "--prev-kv"));
                Command puts = Command.start(
                        Command.etcdctl(server, "watch", "w/1", "--rev=1", "-w", "json"));
                session.run(step("put w/1 after"));
                session.run(step("put w/2 other"));
                session.run(step("put x/1 outside"));
                session.run(step("del w/1"));
                session.run(step("txn", "\nput w/3 one\nput w/4 two\ndel w/2\n\n\n"));
                // put: 3 lines; put and previous: 5; put: 3; delete with previous: 5; 3 + 3 + 5.
                printed.add(session.neutral(events.awaitLines(27, LIMIT)));
                assertThat(puts.awaitLines(1, LIMIT)).contains("\"Events\"");
                events.stop(LIMIT);
                puts.stop(LIMIT);
            }
        }
        assertThat(printed.get(0)).isEqualTo(printed.get(1));
    }

    /** One server, and the names for what differs between two of them. */
    private static final class Session {
        private final ServerProcess server;
        private final String clusterId;
        private final String memberId;
        private String lease = "0";

        Session(ServerProcess server) {
            this.server = server;
            String status = Command.run(Command.etcdctl(server, "get", "x", "-w", "json"), LIMIT)
                    .success();
            Matcher ids = IDS.matcher(status);
            assertThat(ids.find()).as(status).isTrue();
            this.clusterId = ids.group(1);
            this.memberId = ids.group(2);
        }

        String run(Step step) {
            String[] arguments = step.arguments.replace("{lease}", lease).split(" ", -1);
            Command.Result result =
                    Command.start(Command.etcdctl(server, arguments)).input(step.input).await(LIMIT);
            Matcher granted = GRANTED.matcher(result.out());
            if (granted.find()) {
                lease = granted.group(1);
            }
            // The client also logs each failed call, with addresses and times.
            String errors = result.err()
                    .lines()
                    .filter(line -> !line.startsWith("{"))
                    .collect(Collectors.joining("\n"));
            return neutral("exit " + result.exit() + "\n" + result.out() + errors);
        }

        String neutral(String text) {
            String same = text.replace(memberId, "MEMBER")
                    .replace(Long.toHexString(Long.parseUnsignedLong(memberId)), "MEMBER")
                    .replace(clusterId, "CLUSTER")
                    .replace(Long.toHexString(Long.parseUnsignedLong(clusterId)), "CLUSTER")
                    .replace(server.target(), "ADDRESS");
            if (!lease.equals("0")) {
                same = same.replace(lease, "LEASE").replace("" + Long.parseUnsignedLong(lease, 16), "LEASE");
            }
            return same.replaceAll("http://127\\.0\\.0\\.1:\\d+", "PEER")
                    .replaceAll("took = \\S+", "took = TIME")
                    .replaceAll("\"took\":\"[^\"]+\"", "\"took\":\"TIME\"")
                    .replaceAll("Finished defragmenting etcd member\\[(.*)]\\. took .*", "Defragmented $1")
                    .replaceAll("remaining\\(\\d+s\\)", "remaining(TIME)")
                    .replaceAll("(\"ttl\":)59\\d", "$1TIME")
                    .replaceAll("(\"raft_?(?:I|i)ndex\":|\"raftAppliedIndex\":|\"dbSize(?:InUse)?\":)\\d+", "$1NUMBER")
                    .replaceAll("(\"(?:RaftIndex|RaftAppliedIndex|DBSize|DBSizeInUse)\" :) \\d+", "$1 NUMBER")
                    // The widths of a table's columns follow the ids.
                    .replaceAll("─{2,}", "─")
                    .replaceAll(" {2,}", " ");
        }
    }
}
