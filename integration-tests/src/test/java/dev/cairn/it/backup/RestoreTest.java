package dev.cairn.it.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what our {@code etcdutl snapshot restore} makes is what the official one makes, for an etcd and for a server of ours. Method: one
 * snapshot, restored by both tools with the same flags; both servers started on both, at the same ports; all answers compared.
 */
@Tag("oracle")
@Timeout(300)
class RestoreTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String AS_ROOT = "--user=root:secret";

    @TempDir
    Path directory;

    private static Command.Result run(Path program, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(arguments);
        return Command.run(command, LIMIT);
    }

    private static Path ours() {
        return Programs.repository().resolve("bin/etcdutl");
    }

    private static Path real() {
        return Programs.real("etcdutl");
    }

    private static String ctl(ServerProcess server, String... arguments) {
        return Command.run(Command.etcdctl(server, arguments), LIMIT).success();
    }

    /** Keys, deletions, leases, an alarm of another member, users and a compaction; auth is on. */
    private Path snapshot(Path program) {
        Path file = directory.resolve("snapshot.db");
        try (ServerProcess server = ServerProcess.start(program, directory.resolve("source"))) {
            String lease = ctl(server, "lease", "grant", "5000").split(" ")[1];
            for (int i = 0; i < 50; i++) {
                ctl(server, "put", "key-" + i % 17, "value-" + "x".repeat(i * 100));
            }
            ctl(server, "put", "leased", "value", "--lease=" + lease);
            ctl(server, "del", "key-3", "key-6");
            ctl(server, "compact", "30");
            ctl(server, "put", "after", "compaction");
            ctl(server, "role", "add", "reader");
            ctl(server, "role", "grant-permission", "reader", "read", "key-", "--prefix=true");
            ctl(server, "user", "add", "somebody:secret");
            ctl(server, "user", "grant-role", "somebody", "reader");
            ctl(server, "user", "add", "root:secret");
            ctl(server, "user", "grant-role", "root", "root");
            ctl(server, "auth", "enable");
            ctl(server, AS_ROOT, "snapshot", "save", file.toString());
            return file;
        }
    }

    private List<String> flags(ServerProcess server, Path file, String... more) {
        List<String> flags = new ArrayList<>(List.of(
                "snapshot",
                "restore",
                file.toString(),
                "--data-dir=" + server.dataDirectory(),
                "--name=default",
                "--initial-cluster=default=" + server.peerUrl(),
                "--initial-cluster-token=restored",
                "--initial-advertise-peer-urls=" + server.peerUrl()));
        flags.addAll(List.of(more));
        return flags;
    }

    /** Everything there is to ask. */
    private static List<String> answers(ServerProcess server, List<String> more) {
        List<String> questions = new ArrayList<>(List.of(
                "get --from-key a -w fields",
                "lease list",
                "user list",
                "user get somebody",
                "role get reader",
                "alarm list",
                "auth status",
                "member list -w json",
                "endpoint hashkv -w json"));
        questions.addAll(more);
        List<String> answers = new ArrayList<>();
        for (String question : questions) {
            List<String> arguments = new ArrayList<>(List.of(AS_ROOT));
            arguments.addAll(List.of(question.split(" ")));
            Command.Result result = Command.run(Command.etcdctl(server, arguments.toArray(String[]::new)), LIMIT);
            // Each start elects anew.
            answers.add(question + ": "
                    + result.out().replaceAll("\"(raft_term|RaftTerm)\" ?: ?\\d+", "")
                    + result.err().replaceAll("(?m)^\\{.*\\R", ""));
        }
        return answers;
    }

    /** Both tools, both servers, the same ports. */
    private List<List<String>> answersOfAll(Path file, List<String> questions, String... flags) {
        List<List<String>> all = new ArrayList<>();
        ServerProcess server = ServerProcess.prepare(Programs.real("etcd"), directory.resolve("restored"))
                .reserve();
        try (server) {
            for (Path tool : List.of(real(), ours())) {
                for (Path program : List.of(Programs.real("etcd"), Programs.ours())) {
                    run(tool, flags(server, file, flags)).success();
                    server.withProgram(program).start();
                    all.add(answers(server, questions));
                    ctl(server, AS_ROOT, "put", "goes", "on");
                    server.kill();
                    server.withoutData();
                }
            }
        }
        return all;
    }

    private static void assertAllEqual(List<List<String>> answers) {
        for (List<String> each : answers) {
            assertThat(each).isEqualTo(answers.get(0));
        }
    }

    @Test
    void shouldRestoreWhatTheOfficialToolRestores() {
        for (Path program : List.of(Programs.ours(), Programs.real("etcd"))) {
            Path file = snapshot(program);
            List<List<String>> all = answersOfAll(file, List.of("get --from-key a --rev=45"));
            assertAllEqual(all);
            assertThat(all.get(0).toString()).contains("after", "somebody", "\"hash\":");
            ServerProcess.prepare(program, directory.resolve("source")).withoutData();
        }
    }

    @Test
    void shouldBumpRevisionsAsTheOfficialToolDoes() {
        Path file = snapshot(Programs.real("etcd"));
        List<List<String>> all = answersOfAll(
                file,
                // A client that goes on where it was learns that it has to begin anew.
                List.of("get --from-key a --rev=45", "get after --rev=900", "endpoint hashkv --rev=1000"),
                "--bump-revision=1000",
                "--mark-compacted");
        assertAllEqual(all);
        assertThat(all.get(0).toString()).contains("required revision has been compacted");
        assertThat(all.get(0).get(8)).matches("(?s).*\"compact_revision\":10\\d\\d.*");
    }

    @Test
    void shouldFoundAClusterOfThree() {
        Path file = snapshot(Programs.ours());
        List<ServerProcess> members = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            members.add(ServerProcess.prepare(
                            i == 1 ? Programs.real("etcd") : Programs.ours(),
                            directory.resolve("member" + i),
                            "--name=m" + i)
                    .reserve());
        }
        String cluster = "m0=" + members.get(0).peerUrl() + ",m1="
                + members.get(1).peerUrl() + ",m2=" + members.get(2).peerUrl();
        try {
            List<Thread> starts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                ServerProcess member = members.get(i);
                run(ours(), flags(member, file, "--name=m" + i, "--initial-cluster=" + cluster))
                        .success();
                // Each is ready when they have found a leader together.
                Thread start = new Thread(() -> member.start());
                start.start();
                starts.add(start);
            }
            for (Thread start : starts) {
                start.join();
            }
            assertThat(ctl(members.get(0), AS_ROOT, "member", "list")).contains("m0", "m1", "m2");
            assertThat(ctl(members.get(1), AS_ROOT, "put", "key", "of all")).contains("OK");
            List<String> hashes = new ArrayList<>();
            for (ServerProcess member : members) {
                assertThat(ctl(member, AS_ROOT, "get", "key")).contains("of all");
                hashes.add(ctl(member, AS_ROOT, "endpoint", "hashkv", "-w", "json")
                        .replaceAll("(?s).*(\"hash\":\\d+,\"compact_revision\":\\d+).*", "$1"));
            }
            assertThat(hashes).containsOnly(hashes.get(0));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            members.forEach(ServerProcess::close);
        }
    }

    /** The log stands elsewhere, and the data directory is there already, empty: as with mounted volumes. */
    @Test
    void shouldRestoreIntoAnEmptyDirectoryWithTheLogElsewhere() throws Exception {
        Path file = snapshot(Programs.real("etcd"));
        Path log = directory.resolve("logs").resolve("log");
        int number = 0;
        for (Path program : List.of(Programs.real("etcd"), Programs.ours())) {
            number++;
            ServerProcess server = ServerProcess.prepare(
                            program, directory.resolve("restored-" + number), "--wal-dir=" + log)
                    .reserve();
            try (server) {
                Files.createDirectories(server.dataDirectory());
                run(ours(), flags(server, file, "--wal-dir=" + log)).success();
                assertThat(server.dataDirectory().resolve("member/wal")).doesNotExist();
                server.start();
                assertThat(ctl(server, AS_ROOT, "get", "after")).contains("compaction");
                server.kill();
                assertThat(run(ours(), flags(server, file)).err()).contains("not empty");
            }
            Files.move(log, directory.resolve("logs").resolve("done-" + number));
        }
    }

    private static String lastError(Command.Result result) {
        return result.err()
                .lines()
                .filter(line -> line.startsWith("Error: "))
                .findFirst()
                .orElse("");
    }

    @Test
    void shouldRefuseWhatTheOfficialToolRefusesInItsWords() throws Exception {
        Path file = snapshot(Programs.real("etcd"));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        String damaged = Files.write(directory.resolve("damaged"), bytes).toString();
        String withoutHash = Files.write(
                        directory.resolve("without-hash"), java.util.Arrays.copyOf(bytes, bytes.length - 32))
                .toString();
        String full = Files.createDirectories(directory.resolve("full")).toString();
        Files.writeString(Path.of(full, "file"), "content", StandardCharsets.UTF_8);
        String sound = file.toString();
        for (List<String> arguments : List.of(
                List.<String>of(),
                List.of(sound, sound),
                List.of(directory.resolve("none").toString()),
                List.of(damaged),
                List.of(withoutHash),
                List.of(sound, "--data-dir=" + full),
                List.of(sound, "--data-dir=" + full + "/file"),
                List.of(sound, "--wal-dir=" + full),
                List.of(sound, "--bump-revision=5"),
                List.of(sound, "--mark-compacted"),
                List.of(sound, "--name=other"),
                List.of(sound, "--initial-cluster=default"),
                List.of(sound, "--initial-cluster="),
                List.of(sound, "--initial-cluster=default=http://1.2.3.4:1"),
                List.of(sound, "--initial-cluster=default=http://localhost:2380,b=http://localhost:2380"),
                List.of(sound, "--initial-advertise-peer-urls=ftp://localhost:1"),
                List.of(sound, "--initial-advertise-peer-urls="))) {
            List<Command.Result> results = new ArrayList<>();
            for (Path tool : List.of(real(), ours())) {
                Path target = directory.resolve(tool.equals(real()) ? "by-real" : "by-ours");
                List<String> command = new ArrayList<>(List.of("snapshot", "restore"));
                if (arguments.stream().noneMatch(each -> each.startsWith("--data-dir"))) {
                    command.add("--data-dir=" + target);
                }
                command.addAll(arguments);
                results.add(run(tool, command));
            }
            assertThat(results.get(1).exit())
                    .as("%s", arguments)
                    .isEqualTo(results.get(0).exit());
            assertThat(lastError(results.get(1))).as("%s", arguments).isEqualTo(lastError(results.get(0)));
            assertThat(results.get(0).exit()).isNotZero();
            // Nothing is left that might look like a member.
            assertThat(directory.resolve("by-ours")).as("%s", arguments).doesNotExist();
            Command.run(List.of("rm", "-rf", directory.resolve("by-real").toString()), LIMIT);
        }
    }
}
