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

/** Goal: our {@code etcdutl} tells of a file what the real one tells. Method: the same files, made by either server, given to both. */
@Tag("oracle")
@Timeout(120)
class EtcdutlTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private static Command.Result ours(String... arguments) {
        return run(Programs.repository().resolve("bin/etcdutl"), arguments);
    }

    private static Command.Result real(String... arguments) {
        return run(Programs.real("etcdutl"), arguments);
    }

    private static Command.Result run(Path program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        return Command.run(command, LIMIT);
    }

    private Path snapshot(Path program, String name) {
        try (ServerProcess server = ServerProcess.start(program, directory.resolve(name))) {
            Path file = directory.resolve(name + ".db");
            for (int i = 0; i < 30; i++) {
                Command.run(Command.etcdctl(server, "put", "key-" + i % 7, "v".repeat(i * 300)), LIMIT)
                        .success();
            }
            for (String[] call : new String[][] {
                {"del", "key-3", "key-5"},
                {"compact", "9"},
                {"lease", "grant", "500"},
                {"user", "add", "root:secret"},
                {"snapshot", "save", file.toString()}
            }) {
                Command.run(Command.etcdctl(server, call), LIMIT).success();
            }
            return file;
        }
    }

    @Test
    void shouldTellTheStatusOfSnapshots() throws Exception {
        for (Path file : List.of(snapshot(Programs.ours(), "ours"), snapshot(Programs.real("etcd"), "real"))) {
            for (String form : List.of("simple", "table", "json", "fields")) {
                String expected =
                        real("snapshot", "status", file.toString(), "-w", form).success();
                assertThat(expected).isNotEmpty();
                assertThat(ours("snapshot", "status", file.toString(), "-w", form)
                                .success())
                        .as("%s of %s", form, file)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void shouldRefuseArgumentsWithTheExitCodesOfTheRealTool() throws Exception {
        String text =
                Files.writeString(directory.resolve("text"), "no database").toString();
        for (String[] wrong : new String[][] {
            {"snapshot", "status"},
            {"snapshot", "status", "a", "b"},
            {"snapshot", "status", "none"},
            {"snapshot", "status", text, "-w", "bogus"},
            {"-w", "bogus", "snapshot", "status", text},
            {"bogus"},
            {"snapshot", "status", "--bogus"},
            {"hashkv"},
            {"hashkv", "none"},
            {"hashkv", "none", "-w", "bogus"},
            {"hashkv", text, "--rev", "x"},
            {"defrag"},
            {"defrag", "--data-dir", "none"}
        }) {
            Command.Result ours = ours(wrong);
            Command.Result real = real(wrong);
            assertThat(ours.exit())
                    .as("%s", List.of(wrong))
                    .isEqualTo(real.exit())
                    .isNotZero();
            assertThat(ours.err()).as("%s", List.of(wrong)).startsWith("Error: ");
        }
    }

    @Test
    void shouldTellTheDigestOfKeyValues() throws Exception {
        for (Path file : List.of(snapshot(Programs.ours(), "ours"), snapshot(Programs.real("etcd"), "real"))) {
            for (String form : List.of("simple", "table", "json", "fields", "protobuf")) {
                assertSameHash(file, "-w", form);
            }
            for (String revision : List.of("-1", "0", "1", "8", "9", "10", "20", "32", "33", "1000")) {
                assertSameHash(file, "--rev", revision);
            }
        }
    }

    /** The real tool writes to the file that it reads. */
    private void assertSameHash(Path file, String... flags) throws Exception {
        Path copy = Files.copy(file, directory.resolve("copy"));
        List<String> arguments = new ArrayList<>(List.of("hashkv", copy.toString()));
        arguments.addAll(List.of(flags));
        Command.Result ours = ours(arguments.toArray(String[]::new));
        Command.Result real = real(arguments.toArray(String[]::new));
        assertThat(ours.out()).as("%s of %s", arguments, file).isEqualTo(real.out());
        assertThat(ours.err()).as("%s of %s", arguments, file).isEqualTo(real.err());
        assertThat(ours.exit()).isEqualTo(real.exit());
        Files.delete(copy);
    }

    /** What the member said while it ran; another process that runs on the directory is noticed, ours or etcd's. */
    @Test
    void shouldTellTheDigestOfADataDirectoryThatIsNotInUse() throws Exception {
        for (Path program : List.of(Programs.ours(), Programs.real("etcd"))) {
            Path place = directory.resolve("of-" + program.getFileName() + program.hashCode());
            try (ServerProcess server = ServerProcess.start(program, place)) {
                for (int i = 0; i < 20; i++) {
                    Command.run(Command.etcdctl(server, "put", "key-" + i % 7, "v-" + i), LIMIT)
                            .success();
                }
                Command.run(Command.etcdctl(server, "compact", "9"), LIMIT).success();
                String said = Command.run(Command.etcdctl(server, "endpoint", "hashkv", "-w", "json"), LIMIT)
                        .success();
                String data = server.dataDirectory().toString();
                for (String[] command : new String[][] {
                    {"hashkv", data, "--timeout=300ms"}, {"defrag", "--data-dir", data, "--timeout=300ms"}
                }) {
                    Command.Result refused = ours(command);
                    assertThat(refused.exit()).as("%s", List.of(command)).isEqualTo(1);
                    assertThat(refused.err()).contains("in use by");
                }
                server.terminate(LIMIT);
                String hash = said.replaceAll("(?s).*\"hash\":(\\d+).*", "$1");
                assertThat(ours("hashkv", data).success()).isEqualTo(hash + ", 21, 9\n");
            }
        }
    }

    /** All pages of a snapshot of ours are in use, so a change anywhere in a value shows. */
    @Test
    void shouldTellChangedValuesApart() throws Exception {
        Path file = snapshot(Programs.ours(), "ours");
        String sound = ours("snapshot", "status", file.toString()).success();
        byte[] bytes = Files.readAllBytes(file);
        int value = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("v".repeat(100));
        assertThat(value).isPositive();
        bytes[value + 50] ^= 1;
        Path damaged = Files.write(directory.resolve("damaged"), bytes);
        assertThat(ours("snapshot", "status", damaged.toString()).success())
                .isNotEqualTo(sound)
                .isEqualTo(real("snapshot", "status", damaged.toString()).success());
    }

    @Test
    void shouldRefuseWhatIsNoSnapshot() throws Exception {
        Path text = Files.writeString(directory.resolve("text"), "no database");
        for (String[] wrong : new String[][] {
            {"snapshot", "status", text.toString()},
            {"snapshot", "status", directory.resolve("none").toString()},
            {"export"},
            {"export", "--data-dir", directory.toString()},
            {"bogus"}
        }) {
            Command.Result result = ours(wrong);
            assertThat(result.exit()).as("%s", List.of(wrong)).isEqualTo(1);
            assertThat(result.err()).as("%s", List.of(wrong)).startsWith("Error: ");
        }
    }
}
