package dev.cairn.it.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: etcd's tools take a backup of ours, judge it sound, and the real etcd goes on from it with the same content. Method: keys,
 * deletions, leases and a compaction; then {@code etcdctl snapshot save}, {@code etcdutl snapshot status} and {@code restore}.
 */
@Tag("oracle")
@Timeout(300)
class SnapshotTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern REVISION = Pattern.compile("\"revision\":(\\d+)");
    private static final Pattern HASH = Pattern.compile("\"hash\":(\\d+),\"compact_revision\":(-?\\d+)");
    private static final int SHA_256_BYTES = 32;

    @TempDir
    Path directory;

    private static String run(String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Programs.real(program).toString()));
        command.addAll(List.of(arguments));
        return Command.run(command, LIMIT).success();
    }

    private static String ctl(ServerProcess server, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--endpoints=" + server.target()));
        all.addAll(List.of(arguments));
        return run("etcdctl", all.toArray(String[]::new));
    }

    private static String first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return matcher.group();
    }

    private static long revision(ServerProcess server) {
        String found = first(REVISION, ctl(server, "get", "none", "-w", "json"));
        return Long.parseLong(found.substring(found.indexOf(':') + 1));
    }

    private static String hashAt(ServerProcess server, long revision) {
        return first(HASH, ctl(server, "endpoint", "hashkv", "--rev=" + revision, "-w", "json"));
    }

    private static void fill(ServerProcess server) {
        ctl(server, "lease", "grant", "5000");
        String lease =
                ctl(server, "lease", "list").lines().reduce((one, next) -> next).orElseThrow();
        for (int i = 0; i < 40; i++) {
            ctl(server, "put", "key-" + i % 17, "value-" + "x".repeat(i * 300));
        }
        ctl(server, "put", "leased", "value", "--lease=" + lease.trim());
        // A range: three of the seventeen.
        ctl(server, "del", "key-3", "key-6");
        ctl(server, "compact", "20");
        ctl(server, "put", "after", "compaction");
        ctl(server, "del", "after");
    }

    @Test
    void shouldBeRestoredByTheRealEtcd() throws Exception {
        Path saved = directory.resolve("backup.db");
        try (ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"))) {
            fill(ours);
            ctl(ours, "snapshot", "save", saved.toString());
            long revision = revision(ours);

            String status = run("etcdutl", "snapshot", "status", saved.toString(), "-w", "json");
            assertThat(status)
                    .contains("\"revision\":" + revision + ",")
                    .contains("\"version\":\"3.7.0\"")
                    .contains("\"totalKey\":15,")
                    .contains("\"totalSize\":" + (Files.size(saved) - SHA_256_BYTES));
            run("bolt", "check", saved.toString());

            Path restored = directory.resolve("real");
            run("etcdutl", "snapshot", "restore", saved.toString(), "--data-dir=" + restored.resolve("data"));
            try (ServerProcess real = ServerProcess.start(Programs.real("etcd"), restored, "--force-new-cluster")) {
                assertThat(revision(real)).isEqualTo(revision);
                // At 20 itself ours answers with the digest that the compaction has stored, which no snapshot carries.
                for (long at = 21; at <= revision; at += 4) {
                    assertThat(hashAt(real, at)).as("revision %d", at).isEqualTo(hashAt(ours, at));
                }
                assertThat(hashAt(real, 0)).isEqualTo(hashAt(ours, 0));
                assertThat(ctl(real, "lease", "list")).isEqualTo(ctl(ours, "lease", "list"));
                assertThat(ctl(real, "alarm", "list")).isEqualTo(ctl(ours, "alarm", "list"));
                assertThat(ctl(real, "get", "", "--prefix", "-w", "fields")
                                .lines()
                                .filter(line -> !line.contains("ID") && !line.contains("RaftTerm"))
                                .toList())
                        .isEqualTo(ctl(ours, "get", "", "--prefix", "-w", "fields")
                                .lines()
                                .filter(line -> !line.contains("ID") && !line.contains("RaftTerm"))
                                .toList());
                ctl(real, "put", "goes", "on");
            }
        }
    }

    @Test
    void shouldCarryTheDigestThatRestoreAsksFor() throws Exception {
        try (ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"))) {
            fill(ours);
            Path one = directory.resolve("one.db");
            ctl(ours, "snapshot", "save", one.toString());
            byte[] bytes = Files.readAllBytes(one);
            assertThat(bytes.length % 512).isEqualTo(SHA_256_BYTES);
            bytes[bytes.length / 2] ^= 1;
            Path damaged = Files.write(directory.resolve("damaged.db"), bytes);
            Command.Result refused = Command.run(
                    List.of(
                            Programs.real("etcdutl").toString(),
                            "snapshot",
                            "restore",
                            damaged.toString(),
                            "--data-dir=" + directory.resolve("never")),
                    LIMIT);
            assertThat(refused.exit()).isNotZero();
            assertThat(refused.err()).contains("expected sha256");
        }
    }
}
