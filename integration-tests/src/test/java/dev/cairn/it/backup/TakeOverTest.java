package dev.cairn.it.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a server of ours started on the data directory of an etcd that was killed answers as that etcd would have done. Method: one directory, two
 * copies; etcd goes on on one of them, ours on the other, and all their answers are compared.
 */
@Tag("oracle")
@Timeout(300)
class TakeOverTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String FEW_ENTRIES = "--snapshot-count=60";

    @TempDir
    Path directory;

    private static String ctl(ServerProcess server, String... arguments) {
        return Command.run(Command.etcdctl(server, arguments), LIMIT).success();
    }

    /** Keys with and without leases, deletions, a compaction, an alarm, users and roles; auth comes last. */
    private static void fill(ServerProcess server, int keys) {
        String lease = ctl(server, "lease", "grant", "5000").split(" ")[1];
        for (int i = 0; i < keys; i++) {
            ctl(server, "put", "key-" + i % 17, "value-" + "x".repeat(i * 100));
        }
        ctl(server, "put", "leased", "value", "--lease=" + lease);
        ctl(server, "put", "long-" + "k".repeat(4000), "value");
        ctl(server, "del", "key-3", "key-6");
        ctl(server, "compact", "30");
        ctl(server, "put", "after", "compaction");
        ctl(server, "del", "after");
        ctl(server, "role", "add", "reader");
        ctl(server, "role", "grant-permission", "reader", "read", "key-", "--prefix=true");
        ctl(server, "user", "add", "somebody:secret");
        ctl(server, "user", "grant-role", "somebody", "reader");
        ctl(server, "user", "add", "root:secret");
        ctl(server, "user", "grant-role", "root", "root");
        ctl(server, "auth", "enable");
        ctl(server, "--user=root:secret", "put", "the", "last");
    }

    /** Everything there is to ask. */
    private static List<String> answers(ServerProcess server) {
        List<String> answers = new ArrayList<>();
        for (String question : List.of(
                "get --prefix=true key-",
                "get --from-key \0 --order=ASCEND -w fields",
                "get --from-key \0 --rev=31",
                "lease list",
                "user list",
                "role list",
                "role get reader",
                "user get somebody",
                "alarm list",
                "auth status",
                "endpoint hashkv")) {
            List<String> arguments = new ArrayList<>(List.of("--user=root:secret"));
            arguments.addAll(List.of(question.replace("\0", "a").split(" ")));
            String answer = ctl(server, arguments.toArray(String[]::new));
            // Of another process, or another term: each start elects anew.
            answers.add(question + ": "
                    + answer.replace(server.target(), "SERVER").replaceAll("\"(MemberID|RaftTerm)\" : \\d+", ""));
        }
        return answers;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    /** A directory on which etcd was killed, and what etcd answers on a copy of it. */
    private List<String> oracle(int keys) throws IOException {
        ServerProcess etcd = ServerProcess.prepare(Programs.real("etcd"), directory.resolve("etcd"), FEW_ENTRIES);
        try (etcd) {
            etcd.start();
            fill(etcd, keys);
            etcd.kill();
            copy(etcd.dataDirectory(), directory.resolve("ours").resolve("data"));
            etcd.start();
            return answers(etcd);
        }
    }

    @Test
    void shouldAnswerAsTheEtcdWhoseDirectoryItTookOver() throws Exception {
        List<String> expected = oracle(60);
        try (ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"), FEW_ENTRIES)) {
            assertThat(answers(ours)).isEqualTo(expected);
            Path snap = ours.dataDirectory().resolve("member/snap");
            assertThat(snap.resolve("db")).doesNotExist();
            assertThat(snap.resolve("db.taken-over")).exists();
            ctl(ours, "--user=root:secret", "put", "now", "ours");
            ours.kill();
            ours.start();
            assertThat(ctl(ours, "--user=root:secret", "get", "now")).contains("ours");
        }
    }

    /** Killed again and again while it imports, it begins anew each time. */
    @Test
    void shouldComeBackFromKillsDuringTheImport() throws Exception {
        List<String> expected = oracle(120);
        try (ServerProcess ours = ServerProcess.prepare(Programs.ours(), directory.resolve("ours"), FEW_ENTRIES)) {
            for (int round = 0; round < 6; round++) {
                Thread starting = new Thread(() -> ours.tryStart(LIMIT));
                starting.start();
                await("the start")
                        .atMost(LIMIT)
                        .pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(2))
                        .until(() -> {
                            String log = ours.logTail();
                            return log.contains("taking over the data directory")
                                    || log.contains("restarting local member");
                        });
                // The moment is what this test is about: any is as good as another.
                TimeUnit.MILLISECONDS.sleep(round * 15L);
                ours.kill();
                starting.join();
            }
            ours.start();
            assertThat(answers(ours)).isEqualTo(expected);
        }
    }

    private static Command.Result export(ServerProcess server) {
        return Command.run(
                List.of(
                        Programs.repository().resolve("bin/etcdutl").toString(),
                        "export",
                        "--data-dir=" + server.dataDirectory()),
                LIMIT);
    }

    /** There and back: etcd goes on where ours was killed, and ours where etcd was. */
    @Test
    void shouldGiveTheDirectoryBack() {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory.resolve("server"), FEW_ENTRIES)) {
            fill(server, 60);
            List<String> expected = answers(server);
            assertThat(export(server).err()).contains("is in use by a server");
            server.kill();
            assertThat(export(server).success()).contains("member/snap/db");
            assertThat(export(server).err()).contains("holds etcd's database already");

            server.withProgram(Programs.real("etcd")).start();
            assertThat(answers(server)).isEqualTo(expected);
            ctl(server, "--user=root:secret", "put", "now", "etcd");
            expected = answers(server);
            server.kill();

            server.withProgram(Programs.ours()).start();
            assertThat(answers(server)).isEqualTo(expected);
            assertThat(ctl(server, "--user=root:secret", "get", "now")).contains("etcd");
        }
    }

    /** Killed again and again while it exports, it begins anew each time. */
    @Test
    void shouldComeBackFromKillsDuringTheExport() throws Exception {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory.resolve("server"), FEW_ENTRIES)) {
            fill(server, 60);
            List<String> expected = answers(server);
            server.kill();
            Path store = server.dataDirectory().resolve("member/lmdb");
            for (int round = 0; round < 6 && Files.exists(store); round++) {
                Process exporting = new ProcessBuilder(
                                Programs.repository().resolve("bin/etcdutl").toString(),
                                "export",
                                "--data-dir=" + server.dataDirectory())
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("export").toFile())
                        .start();
                Path made = server.dataDirectory().resolve("member/snap/tmp-hand-back");
                await("the export")
                        .atMost(LIMIT)
                        .pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> Files.exists(made) || !exporting.isAlive());
                TimeUnit.MILLISECONDS.sleep(round * 2L);
                exporting.destroyForcibly().waitFor();
            }
            if (Files.exists(store)) {
                assertThat(export(server).success()).contains("member/snap/db");
            }
            server.withProgram(Programs.real("etcd")).start();
            assertThat(answers(server)).isEqualTo(expected);
        }
    }

    @Test
    void shouldLeaveADirectoryAloneThatAnEtcdUses() {
        try (ServerProcess etcd = ServerProcess.start(Programs.real("etcd"), directory.resolve("both"));
                ServerProcess ours = ServerProcess.prepare(Programs.ours(), directory.resolve("both"))) {
            ctl(etcd, "put", "a", "b");
            assertThat(ours.tryStart(LIMIT)).isNotNull();
            assertThat(ours.logTail()).contains("in use by another process");
            assertThat(ctl(etcd, "get", "a")).contains("b");
        }
    }
}
