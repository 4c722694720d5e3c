package dev.cairn.it.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: {@code etcdutl check} finds nothing wrong with what a server has left behind, however it ended, and names the place of what was
 * damaged. Method: directories of both servers, whole and with single bytes changed.
 */
@Tag("oracle")
@Timeout(180)
class EtcdutlCheckTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private static Command.Result ours(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Programs.repository().resolve("bin/etcdutl").toString()));
        command.addAll(List.of(arguments));
        return Command.run(command, LIMIT);
    }

    private static String ctl(ServerProcess server, String... arguments) {
        return Command.run(Command.etcdctl(server, arguments), LIMIT).success();
    }

    private Path data(Path program, String name, boolean killed) {
        try (ServerProcess server = ServerProcess.start(program, directory.resolve(name), "--snapshot-count=10")) {
            String lease = ctl(server, "lease", "grant", "5000").split(" ")[1];
            for (int i = 0; i < 30; i++) {
                ctl(server, "put", "key-" + i % 7, "value-" + i + "v".repeat(i * 100));
            }
            ctl(server, "put", "long-" + "k".repeat(3000), "value", "--lease=" + lease);
            ctl(server, "del", "key-3", "key-5");
            ctl(server, "compact", "9");
            ctl(server, "user", "add", "root:secret");
            if (killed) {
                server.kill();
            } else {
                server.terminate(LIMIT);
            }
            return server.dataDirectory();
        }
    }

    private Path copy(Path from, String name) throws IOException {
        Path to = directory.resolve(name);
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
        return to;
    }

    /** Changes a byte behind every place where the text stands, as pages of the past may have it too; the last place. */
    private static int flip(Path file, String text, int behind) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        String content = new String(bytes, StandardCharsets.ISO_8859_1);
        int last = -1;
        for (int at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + 1)) {
            last = at + behind;
            bytes[last] ^= 1;
        }
        assertThat(last).isPositive();
        Files.write(file, bytes);
        return last;
    }

    private static Path only(Path directory, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .reduce((one, next) -> next)
                    .orElseThrow();
        }
    }

    @Test
    void shouldFindNothingWrongWithWhatServersLeaveBehind() {
        int number = 0;
        for (Path program : List.of(Programs.ours(), Programs.real("etcd"))) {
            for (boolean killed : new boolean[] {true, false}) {
                Path data = data(program, "sound" + number++, killed);
                String found = ours("check", data.toString()).success();
                assertThat(found).endsWith("sound\n").contains(" of cluster ");
                // The check has left it as it was.
                assertThat(ours("check", data.toString()).success()).isEqualTo(found);
            }
        }
    }

    @Test
    void shouldNameTheDamagedRecordOfAStore() throws Exception {
        Path data = data(Programs.ours(), "ours", false);
        Path store = copy(data, "store");
        flip(store.resolve("member/lmdb/data.mdb"), "value-29vvvv", 4);
        Command.Result result = ours("check", store.toString());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out())
                .contains("PROBLEM ", "the record of table rev with key 000000000000001f00000000", "problems: 1");

        Path log = copy(data, "log");
        Path segment = only(log.resolve("member/wal"), ".wal");
        int at = flip(segment, "value-5vvvv", 4);
        result = ours("check", log.toString());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("PROBLEM ", segment.toString(), "problems: 1");
        String told = result.out().replaceAll("(?s).*at offset (\\d+).*", "$1");
        assertThat(Integer.parseInt(told)).isBetween(at - 200, at);

        Path snapshot = copy(data, "snapshot");
        Path file = only(snapshot.resolve("member/snap"), ".snap");
        flip(file, "members", 0);
        result = ours("check", snapshot.toString());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("PROBLEM " + file, "problems: 1");
        assertThat(file).exists();
    }

    @Test
    void shouldNoticeFilesThatDoNotBelongTogether() throws Exception {
        Path first = data(Programs.ours(), "first", false);
        Path second = data(Programs.ours(), "second", false);
        Path mixed = copy(first, "mixed");
        Files.copy(
                second.resolve("member/lmdb/data.mdb"),
                mixed.resolve("member/lmdb/data.mdb"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Command.Result result = ours("check", mixed.toString());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("whom the store does not know");

        Path shortened = copy(first, "shortened");
        try (Stream<Path> files = Files.list(shortened.resolve("member/wal"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        assertThat(ours("check", shortened.toString()).out()).contains("PROBLEM ", "there is no log in");
    }

    @Test
    void shouldLookThroughSnapshotsAndDatabases() throws Exception {
        Path database = data(Programs.real("etcd"), "real", false).resolve("member/snap/db");
        assertThat(ours("check", database.toString()).success()).endsWith("sound\n");
        byte[] whole = Files.readAllBytes(database);
        Path cut = Files.write(directory.resolve("cut.db"), java.util.Arrays.copyOf(whole, whole.length / 3));
        Command.Result result = ours("check", cut.toString());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).contains("PROBLEM " + cut);
        // Pages that hang together, and a pair that cannot be.
        Path other = Files.write(directory.resolve("other.db"), whole);
        flip(other, "finishedCompactRev", 24);
        result = ours("check", other.toString());
        assertThat(result.exit()).as(result.out()).isEqualTo(1);
        assertThat(result.out()).contains("was finished, but only");
        assertThat(ours("check", directory.resolve("none").toString()).exit()).isEqualTo(1);
    }
}
