package dev.cairn.it.flags;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Mistakes end both servers with the same exit code and the same words. Most need no start: the real etcd runs, and ours is read in
 * this process by the code that its main runs. A few are found while starting, and both run.
 */
@Tag("oracle")
@Timeout(120)
class FlagMistakesTest {
    private static final Path TABLE =
            Programs.repository().resolve("server/src/test/resources/dev/cairn/server/config/flag-values.tsv");

    /** Flags of which etcd's help states what a default stands for, or another one than its code has. */
    private static final List<String> IMPRECISE_HELP = List.of(
            "data-dir",
            "backend-bbolt-freelist-type",
            "max-concurrent-streams",
            "watch-progress-notify-interval",
            "compaction-batch-limit");

    @TempDir
    Path directory;

    /** One line of the table; a dash stands for nothing. */
    private record Row(String flag, String mistake, String yamlMistake, String with) {
        String variable() {
            return "ETCD_" + flag.toUpperCase(Locale.ROOT).replace('-', '_');
        }
    }

    private static List<Row> rows() throws IOException {
        return Files.readAllLines(TABLE).stream()
                .skip(1)
                .map(line -> line.split("\t", -1))
                .map(cells -> new Row(cells[0], cells[3], cells[4], cells[5]))
                .toList();
    }

    private static List<String> with(Row row) {
        return row.with.equals("-")
                ? List.of()
                : Stream.of(row.with.split(";")).map(other -> "--" + other).toList();
    }

    @Test
    void shouldRefuseEveryFlagAsEtcdDoes() throws IOException {
        SoftAssertions all = new SoftAssertions();
        for (Row row : rows()) {
            if (!row.mistake.equals("-")) {
                List<String> arguments = new ArrayList<>(with(row));
                arguments.add("--" + row.flag + "=" + row.mistake);
                compare(all, arguments, Map.of());
            }
        }
        all.assertAll();
    }

    @Test
    void shouldRefuseEveryVariableAsEtcdDoes() throws IOException {
        SoftAssertions all = new SoftAssertions();
        for (Row row : rows()) {
            if (!row.mistake.equals("-")) {
                compare(all, with(row), Map.of(row.variable(), row.mistake));
            }
        }
        all.assertAll();
    }

    @Test
    void shouldRefuseEveryKeyAsEtcdDoes() throws IOException {
        Map<String, String> keys = new TreeMap<>();
        for (String line : Files.readAllLines(TABLE.resolveSibling("flags-of-etcd.tsv"))) {
            String[] cells = line.split("\t", -1);
            keys.put(cells[0], cells[4]);
        }
        SoftAssertions all = new SoftAssertions();
        for (Row row : rows()) {
            if (row.yamlMistake.equals("-")) {
                continue;
            }
            StringBuilder yaml = new StringBuilder();
            for (String other : row.with.equals("-") ? new String[0] : row.with.split(";")) {
                int equals = other.indexOf('=');
                String value = other.substring(equals + 1);
                yaml.append(other, 0, equals)
                        .append(": ")
                        .append(other.startsWith("log-outputs=") ? "[" + value + "]" : value)
                        .append('\n');
            }
            String indent = "";
            for (String key :
                    Objects.requireNonNull(keys.get(row.flag), row.flag).split("\\.")) {
                yaml.append(indent.isEmpty() ? "" : "\n")
                        .append(indent)
                        .append(key)
                        .append(':');
                indent += "  ";
            }
            Path file = Files.writeString(
                    directory.resolve(row.flag + ".yml"),
                    yaml.append(' ').append(row.yamlMistake).append('\n'));
            compare(all, List.of("--config-file=" + file), Map.of());
        }
        all.assertAll();
    }

    @Test
    void shouldRefuseConflictsAsEtcdDoes() {
        SoftAssertions all = new SoftAssertions();
        compare(all, List.of("--name=a"), Map.of("ETCD_NAME", "b"));
        compare(all, List.of("--nope"), Map.of());
        compare(all, List.of("--name"), Map.of());
        compare(all, List.of("name"), Map.of());
        compare(all, List.of("--config-file=/nonexistent"), Map.of());
        compare(all, List.of(), Map.of("ETCD_CONFIG_FILE", "/nonexistent"));
        compare(all, List.of("--logger=capnslog"), Map.of());
        compare(all, List.of("--log-outputs=systemd/journal,stdout"), Map.of());
        compare(all, List.of("--log-outputs=b,a", "--enable-log-rotation"), Map.of());
        compare(all, List.of("--feature-gates=LeaseCheckpointPersist=true"), Map.of());
        compare(all, List.of("--listen-client-urls=http://127.0.0.1:1"), Map.of());
        all.assertAll();
    }

    private void compare(SoftAssertions all, List<String> arguments, Map<String, String> environment) {
        Ending real = Ending.of(Programs.real("etcd"), arguments, environment, directory);
        all.assertThat(Ending.ofReading(arguments, environment))
                .as("%s %s", arguments, environment)
                .isEqualTo(real);
    }

    /** What is found only behind the command line: by starting, and by opening the log. */
    @ParameterizedTest
    @MethodSource("laterMistakes")
    void shouldEndAsEtcdDoesWhenTheStartFails(List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "--listen-client-urls=http://127.0.0.1:0",
                "--advertise-client-urls=http://127.0.0.1:0",
                "--listen-peer-urls=http://127.0.0.1:0"));
        all.addAll(arguments);
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Path here = Files.createDirectory(directory.resolve("here"));
        Ending real = Ending.of(Programs.real("etcd"), all, Map.of(), theirs);
        Ending ours = Ending.of(Programs.ours(), all, Map.of("CAIRN_PROFILE", "small"), here);
        assertThat(ours).isEqualTo(real);
    }

    static Stream<List<String>> laterMistakes() {
        return Stream.of(
                List.of("--log-outputs=nowhere/log"),
                List.of("--log-outputs=."),
                List.of("--initial-cluster=other=http://localhost:2380"),
                List.of("--heartbeat-interval=0"),
                List.of("--nope"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h"})
    void shouldListTheSameFlagsAndDefaultsInTheHelp(String argument) {
        Map<String, String> real = flagsIn(helpOf(Programs.real("etcd"), argument));
        Map<String, String> ours = flagsIn(helpOf(Programs.ours(), argument));
        assertThat(real).hasSizeGreaterThan(80);
        SoftAssertions all = new SoftAssertions();
        real.forEach((flag, value) -> {
            all.assertThat(ours.keySet().contains(flag))
                    .as("--%s is listed", flag)
                    .isTrue();
            // Many rows of etcd's help state no default.
            if (!value.isEmpty() && !IMPRECISE_HELP.contains(flag)) {
                String same = value.equals("1m") ? "1m0s" : value.equals("2h") ? "2h0m0s" : value;
                all.assertThat(ours.get(flag)).as("default of --%s", flag).isEqualTo(same);
            }
        });
        all.assertAll();
    }

    private static String helpOf(Path program, String argument) {
        Command.Result result = Command.start(
                        List.of(program.toString(), argument),
                        Map.of("CAIRN_PROFILE", "small"),
                        Path.of("").toAbsolutePath())
                .input("")
                .await(Duration.ofSeconds(60));
        assertThat(result.exit()).isZero();
        assertThat(result.err()).startsWith("Usage:\n");
        return result.out();
    }

    private static Map<String, String> flagsIn(String help) {
        Map<String, String> flags = new TreeMap<>();
        Matcher matcher =
                Pattern.compile("(?m)^\\s+--([a-z0-9-]+)(?: '([^\\n]*)')?").matcher(help);
        while (matcher.find()) {
            String value = matcher.group(2);
            flags.put(matcher.group(1), value == null ? "" : value);
        }
        return flags;
    }
}
