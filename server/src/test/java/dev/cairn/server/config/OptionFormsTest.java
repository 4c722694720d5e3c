package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every flag in its three forms, read but not started with: a value that is not the default has to arrive, or the log has to say once
 * that it means nothing. The mistakes of the table are compared with etcd's by the integration tests.
 */
class OptionFormsTest {
    @TempDir
    Path directory;

    /**
     * One row of the table.
     *
     * @param yaml the value as the file has it; nothing for flags without a key
     * @param with what must be given beside it, name=value
     */
    private record Row(Option<?> option, String value, String yaml, List<String> with) {
        @Override
        public String toString() {
            return option.name;
        }
    }

    static Stream<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(OptionFormsTest.class.getResourceAsStream("flag-values.tsv")),
                StandardCharsets.UTF_8))) {
            lines.readLine();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] cells = line.split("\t", -1);
                rows.add(new Row(
                        Objects.requireNonNull(Options.byName(cells[0]), cells[0]),
                        cells[1],
                        cells[2].equals("-") ? "" : cells[2],
                        cells[5].equals("-") ? List.of() : List.of(cells[5].split(";"))));
            }
        }
        return rows.stream();
    }

    private static ServerConfig started(Outcome outcome) {
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        return ((Outcome.Start) outcome).config();
    }

    private static ServerConfig byFlag(Row row) {
        List<String> arguments = new ArrayList<>(List.of("--" + row.option.name + "=" + row.value));
        row.with.forEach(other -> arguments.add("--" + other));
        return started(CommandLine.read(arguments, Map.of()));
    }

    private static ServerConfig byVariable(Row row) {
        Map<String, String> environment = new HashMap<>(Map.of(row.option.environmentName(), row.value));
        for (String other : row.with) {
            int equals = other.indexOf('=');
            Option<?> option = Objects.requireNonNull(Options.byName(other.substring(0, equals)));
            environment.put(option.environmentName(), other.substring(equals + 1));
        }
        return started(CommandLine.read(List.of(), environment));
    }

    private ServerConfig byFile(Row row) throws IOException {
        StringBuilder yaml = new StringBuilder(nested(row.option, row.yaml));
        for (String other : row.with) {
            int equals = other.indexOf('=');
            Option<?> option = Objects.requireNonNull(Options.byName(other.substring(0, equals)));
            String value = other.substring(equals + 1);
            yaml.append(nested(option, option.kind == Option.Kind.STRINGS ? "[" + value + "]" : value));
        }
        Path file = Files.writeString(directory.resolve("conf.yml"), yaml);
        // Beside a file nothing else counts.
        return started(CommandLine.read(
                List.of("--config-file=" + file, "--name=flag"),
                Map.of("ETCD_NAME", "variable", "ETCD_PRE_VOTE", "x")));
    }

    /** {@code a.b.c} becomes objects in objects. Two of them may not share an outer one. */
    private static String nested(Option<?> option, String value) {
        StringBuilder yaml = new StringBuilder();
        String indent = "";
        for (String key : Objects.requireNonNull(option.fileKey).split("\\.")) {
            yaml.append(yaml.isEmpty() ? "" : "\n").append(indent).append(key).append(':');
            indent += "  ";
        }
        return yaml.append(' ').append(value).append('\n').toString();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void shouldReadTheValueInAllForms(Row row) throws IOException {
        Object expected = byFlag(row).value(row.option);
        if (!row.value.equals(row.option.defaultText)) {
            assertThat(expected).isNotEqualTo(row.option.defaultValue());
        }
        assertThat(byVariable(row).value(row.option)).isEqualTo(expected);
        if (row.option.fileKey != null && row.with.size() < 2 && !sharesAnObject(row)) {
            assertThat(byFile(row).value(row.option)).isEqualTo(expected);
        }
    }

    /** What etcd takes as a set from a flag it takes as a list from a file; and these two need each other in one object. */
    private static boolean sharesAnObject(Row row) {
        return row.option == Options.DISCOVERY_ENDPOINTS || row.option == Options.DISCOVERY_TOKEN;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void shouldSayOnceWhatHasNoEffect(Row row) {
        List<Notice> silent = byFlag(row).notices().stream()
                .filter(notice -> notice.message().equals("option is accepted, but has no effect")
                        && notice.fields().contains(new Notice.Field("option", row.option.name)))
                .toList();
        assertThat(silent).hasSize(row.option.effect == Option.Effect.EFFECTIVE ? 0 : 1);
    }

    @Test
    void shouldHaveARowForEveryFlag() throws IOException {
        List<String> missing = Options.all().stream()
                .filter(option -> option.kind != Option.Kind.IGNORED
                        && option != Options.VERSION
                        && option != Options.CONFIG_FILE)
                .map(option -> option.name)
                .collect(java.util.stream.Collectors.toCollection(ArrayList::new));
        rows().forEach(row -> missing.remove(row.option.name));
        assertThat(missing).isEmpty();
    }
}
