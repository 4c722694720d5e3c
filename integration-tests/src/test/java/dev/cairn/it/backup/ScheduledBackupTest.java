package dev.cairn.it.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.server.backup.archive.BackupDirectory.Full;
import dev.cairn.server.backup.archive.Target;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: what the server saves by itself the official tools take, and points in time are what readers saw then. Method: beside the real tools. */
@Tag("oracle")
@Timeout(240)
class ScheduledBackupTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private static String ctl(ServerProcess server, String... arguments) {
        return Command.run(Command.etcdctl(server, arguments), LIMIT).success();
    }

    private static long revision(ServerProcess server) {
        return number(ctl(server, "get", "none", "-w", "json"), "\"revision\":(\\d+)");
    }

    private static long number(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as(text).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    private static long hashAt(ServerProcess server, long revision) {
        return number(ctl(server, "endpoint", "hashkv", "--rev=" + revision, "-w", "json"), "\"hash\":(\\d+)");
    }

    private static List<String> restore(Path tool, Path from, ServerProcess server, String... more) {
        List<String> command = new ArrayList<>(List.of(
                tool.toString(),
                "snapshot",
                "restore",
                from.toString(),
                "--data-dir=" + server.dataDirectory(),
                "--name=default",
                "--initial-cluster=default=" + server.peerUrl(),
                "--initial-advertise-peer-urls=" + server.peerUrl()));
        command.addAll(List.of(more));
        return command;
    }

    private static Path ours() {
        return Programs.repository().resolve("bin/etcdutl");
    }

    @Test
    void shouldSaveWhatTheOfficialToolsTake() throws Exception {
        Path backups = Files.createDirectory(directory.resolve("backups"));
        long revision;
        long hash;
        Full full;
        try (ServerProcess server = ServerProcess.start(
                Programs.ours(),
                directory.resolve("source"),
                "--backup-dir=" + backups,
                "--backup-interval=1s",
                "--backup-retention=2")) {
            String lease = ctl(server, "lease", "grant", "5000").split(" ")[1];
            for (int i = 0; i < 30; i++) {
                ctl(server, "put", "key-" + i % 7, "v".repeat(i * 100));
            }
            ctl(server, "put", "leased", "value", "--lease=" + lease);
            ctl(server, "del", "key-3");
            ctl(server, "compact", "12");
            ctl(server, "user", "add", "somebody:secret");
            ctl(server, "put", "last", "one");
            revision = revision(server);
            hash = hashAt(server, revision);
            full = new Backups(backups).awaitFull(revision, server);
            HttpResponse<String> metrics = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(server.clientUrl() + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(metrics.body())
                    .contains("cairn_backup_failing{kind=\"full\"} 0", "cairn_backup_last_success_timestamp_seconds 1")
                    .containsPattern("cairn_backup_taken_total [1-9]");
            assertThat(server.log()).contains("took a full backup");
            // It is removed soon, as only two are kept.
            Path kept = Files.copy(full.file(), directory.resolve("kept.db"));
            full = new Full(kept, full.time(), full.revision(), full.line());
        }
        String status = Command.run(
                        List.of(
                                Programs.real("etcdutl").toString(),
                                "snapshot",
                                "status",
                                full.file().toString(),
                                "-w",
                                "json"),
                        LIMIT)
                .success();
        assertThat(number(status, "\"revision\":(\\d+)")).isEqualTo(revision);
        try (ServerProcess restored = ServerProcess.prepare(Programs.real("etcd"), directory.resolve("restored"))
                .reserve()) {
            Command.run(restore(Programs.real("etcdutl"), full.file(), restored), LIMIT)
                    .success();
            restored.start();
            assertThat(hashAt(restored, revision)).isEqualTo(hash);
            assertThat(ctl(restored, "user", "list")).isEqualTo("somebody\n");
            assertThat(ctl(restored, "lease", "list")).contains("found 1 leases");
            assertThat(ctl(restored, "get", "last")).isEqualTo("last\none\n");
        }
    }

    @Test
    void shouldRestoreWhatReadersSaw() throws Exception {
        Path backups = Files.createDirectory(directory.resolve("backups"));
        Backups archive = new Backups(backups);
        List<Long> revisions = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        Instant between;
        long revisionBetween;
        try (ServerProcess server = ServerProcess.start(
                Programs.ours(),
                directory.resolve("source"),
                "--backup-dir=" + backups,
                "--backup-interval=1h",
                "--backup-archive")) {
            archive.awaitFull(1, server);
            for (int i = 0; i < 40; i++) {
                ctl(server, "put", "key-" + i % 9, "value-" + i);
                if (i % 5 == 4) {
                    ctl(server, "del", "key-" + (i + 3) % 9);
                }
                if (i % 10 == 9) {
                    revisions.add(revision(server));
                    seen.add(ctl(server, "get", "key", "--prefix", "-w", "fields"));
                }
            }
            archive.awaitReached(new Target.AtRevision(revision(server)), server);
            between = Instant.now();
            revisionBetween = revision(server);
            String lease = ctl(server, "lease", "grant", "5000").split(" ")[1];
            ctl(server, "put", "key-leased", "later", "--lease=" + lease);
            revisions.add(revision(server));
            seen.add(ctl(server, "get", "key", "--prefix", "-w", "fields"));
            // What is compacted here is in the archive still.
            ctl(server, "compact", Long.toString(revision(server) - 1));
            archive.awaitReached(new Target.AtRevision(revision(server)), server);
            assertThat(server.terminate(LIMIT)).isEqualTo(143);
        }
        for (int i = 0; i < revisions.size(); i++) {
            check(backups, "revision-" + i, "--to-revision=" + revisions.get(i), seen.get(i));
        }
        check(backups, "time", "--to-time=" + between, seen.get(seen.size() - 2));
        assertThat(revisionBetween).isEqualTo(revisions.get(revisions.size() - 2));
        // Plainly, when that is asked for.
        try (ServerProcess restored = ServerProcess.prepare(Programs.ours(), directory.resolve("plain"))
                .reserve()) {
            long revision = revisions.get(1);
            Command.run(restore(ours(), backups, restored, "--to-revision=" + revision, "--bump-revision=0"), LIMIT)
                    .success();
            restored.start();
            assertThat(revision(restored)).isEqualTo(revision);
            assertThat(keys(ctl(restored, "get", "key", "--prefix", "--rev=" + revisions.get(0), "-w", "fields")))
                    .isEqualTo(keys(seen.get(0)));
        }
        refuses(backups, "cannot be restored: the archive behind", "--to-revision=100000");
        refuses(backups, "cannot be restored: the archive behind", "--to-time=2999-01-01T00:00:00Z");
        refuses(backups, "the oldest full backup in", "--to-time=2001-01-01T01:00:00+01:00");
        refuses(backups, "is not a time as", "--to-time=yesterday");
        refuses(backups, "--to-revision is less than 1", "--to-revision=0");
        refuses(backups, "exclude each other", "--to-revision=5", "--to-time=2999-01-01T00:00:00Z");
        refuses(backups, "is a directory: name a file");
    }

    private void check(Path backups, String name, String point, String expected) {
        try (ServerProcess restored = ServerProcess.prepare(Programs.real("etcd"), directory.resolve(name))
                .reserve()) {
            Command.run(restore(ours(), backups, restored, point), LIMIT).success();
            restored.start();
            assertThat(keys(ctl(restored, "get", "key", "--prefix", "-w", "fields")))
                    .as(point)
                    .isEqualTo(keys(expected));
            assertThat(ctl(restored, "lease", "list"))
                    .contains("found " + (expected.contains("key-leased") ? 1 : 0) + " leases");
        }
    }

    /** Without the header, which tells of another cluster. */
    private static List<String> keys(String fields) {
        return fields.lines()
                .filter(line -> !line.matches("\"(ClusterID|MemberID|Revision|RaftTerm)\".*"))
                .toList();
    }

    private void refuses(Path backups, String reason, String... more) {
        try (ServerProcess none = ServerProcess.prepare(Programs.ours(), directory.resolve("refused"))
                .reserve()) {
            Command.Result result = Command.run(restore(ours(), backups, none, more), LIMIT);
            assertThat(result.exit()).as(result.toString()).isNotZero();
            assertThat(result.err()).contains(reason);
            assertThat(none.dataDirectory()).doesNotExist();
        }
    }
}
