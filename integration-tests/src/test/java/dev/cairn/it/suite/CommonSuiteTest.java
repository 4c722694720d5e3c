package dev.cairn.it.suite;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: etcd's own tests of what a user sees pass with our server in the place of etcd's. Method: its compiled suite gets a
 * directory with our server and the official tools; tests that are left out stand in a list with their reasons, and each
 * entry of that list must still name a test.
 *
 * <p>{@code -Dcairn.suite.run=regex} runs only some tests, as {@code go test -run} would.
 */
@Tag("suite")
@Timeout(900)
class CommonSuiteTest {
    private static final Duration LIMIT = Duration.ofMinutes(20);
    private static final Pattern RESULT = Pattern.compile("^ *--- (PASS|FAIL|SKIP): (\\S+) \\(([0-9.]+)s\\)");
    private static final int OUTPUT_MAX = 20_000;

    @TempDir
    Path directory;

    /** A line of the list: the levels of a name, and why the tests of that name are left out. */
    private record Omission(String name, String reason) {
        /** As {@code -test.skip} takes it. */
        String expression() {
            return Stream.of(name.split("/", -1))
                    .map(level -> level.equals("*") ? "" : "^" + quote(level) + "$")
                    .collect(joining("/"));
        }

        boolean isWholeTest() {
            return !name.contains("/");
        }

        private static String quote(String text) {
            return text.replaceAll("([\\\\.+*?()|\\[\\]{}^$])", "\\\\$1");
        }
    }

    @Test
    void shouldPassTheTestsOfEtcd() throws IOException {
        Path suite = Programs.real("common.test");
        List<Omission> omissions = omissions();
        List<String> all = Command.run(List.of(suite.toString(), "-test.list", "."), Duration.ofSeconds(30))
                .success()
                .lines()
                .toList();
        assertThat(omissions.stream().filter(Omission::isWholeTest).map(Omission::name))
                .as("tests in the list that the suite has")
                .isSubsetOf(all);

        Path programs = programs();
        Path folder = workingDirectory(suite);
        String only = System.getProperty("cairn.suite.run", "");
        Command.Result result = run(suite, programs, folder, omissions, only);
        Map<String, List<String>> names = results(result);
        report(names, omissions);
        Set<String> again = withoutTimes(names, "FAIL");
        again.removeIf(name -> name.contains("/"));
        if (only.isEmpty()) {
            // A failure behind the end of its test ends the whole suite, and what follows has not run.
            again.addAll(all);
            omissions.forEach(omission -> again.remove(omission.name));
            again.removeAll(withoutTimes(names, "PASS"));
        }
        if (!again.isEmpty()) {
            // The suite gives three members that start together the same few seconds on every machine.
            tell("a second time: " + String.join(", ", again));
            result = run(suite, programs, folder, omissions, "^(" + String.join("|", again) + ")$");
            names = results(result);
        }
        assertThat(names.getOrDefault("FAIL", List.of())).as(tail(result)).isEmpty();
        assertThat(result.exit()).as(tail(result)).isZero();
        assertThat(withoutTimes(names, "PASS")).as("tests that ran").containsAll(again);
    }

    private static Command.Result run(
            Path suite, Path programs, Path folder, List<Omission> omissions, String expression) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                suite.toString(),
                "-bin-dir=" + programs,
                "-test.v",
                "-test.timeout=" + LIMIT.toMinutes() + "m",
                "-test.skip=" + omissions.stream().map(Omission::expression).collect(joining("|"))));
        if (!expression.isEmpty()) {
            command.add("-test.run=" + expression);
        }
        // Starts are most of what hundreds of short clusters do.
        return Command.start(command, Map.of("E2E_TEST_MINIMAL", "true", "CAIRN_PROFILE", "small"), folder)
                .input("")
                .await(LIMIT.plusMinutes(1));
    }

    /** Names with their times, by outcome. */
    private static Map<String, List<String>> results(Command.Result result) {
        Map<String, List<String>> names = new TreeMap<>();
        for (String line : (Iterable<String>) result.out().lines()::iterator) {
            Matcher matcher = RESULT.matcher(line);
            if (matcher.find()) {
                names.computeIfAbsent(matcher.group(1), key -> new ArrayList<>())
                        .add(matcher.group(2) + " (" + matcher.group(3) + " s)");
            }
        }
        return names;
    }

    private static Set<String> withoutTimes(Map<String, List<String>> names, String outcome) {
        Set<String> plain = new TreeSet<>();
        names.getOrDefault(outcome, List.of()).forEach(name -> plain.add(name.replaceAll(" .*", "")));
        return plain;
    }

    @SuppressWarnings("SystemOut")
    private static void tell(String text) {
        System.out.println(text);
    }

    /** The counts and the reasons belong into the log of every run, the good ones too. */
    private static void report(Map<String, List<String>> names, List<Omission> omissions) {
        Map<String, List<String>> byReason = new LinkedHashMap<>();
        omissions.forEach(omission -> byReason.computeIfAbsent(omission.reason, key -> new ArrayList<>())
                .add(omission.name));
        StringBuilder text = new StringBuilder("etcd's suite: ");
        text.append(names.getOrDefault("PASS", List.of()).size()).append(" passed, ");
        text.append(names.getOrDefault("FAIL", List.of()).size()).append(" failed, ");
        text.append(names.getOrDefault("SKIP", List.of()).size()).append(" skipped by the suite itself; left out:\n");
        byReason.forEach((reason, left) -> text.append("  ")
                .append(left.size())
                .append(": ")
                .append(reason)
                .append(": ")
                .append(String.join(", ", left))
                .append('\n'));
        tell(text.toString());
    }

    private static List<Omission> omissions() throws IOException {
        List<Omission> omissions = new ArrayList<>();
        for (String line : Files.readAllLines(Programs.oracleSources().resolve("common-skip.tsv"))) {
            if (!line.startsWith("#")) {
                String[] columns = line.split("\t", -1);
                assertThat(columns).as(line).hasSize(2).doesNotContain("");
                omissions.add(new Omission(columns[0], columns[1]));
            }
        }
        // Go takes the first alternative that fits so far, and a deeper one fits every shorter name "so far".
        omissions.sort(Comparator.comparingInt(omission -> omission.name.split("/", -1).length));
        return omissions;
    }

    /** Our server under the name etcd, beside the official tools. */
    private Path programs() throws IOException {
        Path programs = Files.createDirectory(directory.resolve("programs"));
        Path server = programs.resolve("etcd");
        Files.writeString(server, "#!/bin/sh\nexec '" + Programs.ours() + "' \"$@\"\n");
        Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String tool : List.of("etcdctl", "etcdutl")) {
            Files.createSymbolicLink(programs.resolve(tool), Programs.real(tool));
        }
        return programs;
    }

    /** The suite looks for its certificates in {@code ../fixtures}. */
    private Path workingDirectory(Path suite) throws IOException {
        Files.createSymbolicLink(directory.resolve("fixtures"), suite.resolveSibling("fixtures"));
        return Files.createDirectory(directory.resolve("common"));
    }

    private static String tail(Command.Result result) {
        String out = result.out();
        return "exit " + result.exit() + "\n" + out.substring(Math.max(0, out.length() - OUTPUT_MAX)) + result.err();
    }
}
