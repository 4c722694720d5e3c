package dev.cairn.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.bench.work.Figure;
import dev.cairn.bench.work.Figures;
import dev.cairn.bench.work.Sample;
import dev.cairn.bench.work.Work;
import dev.cairn.bench.work.Works;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ratios are those of pairs, for two runs next to each other have met the same machine; and a work's new results replace its old ones only. */
class ReportTest {
    private static final Work PUT = Works.named("put, 1 client").orElseThrow();
    private static final Work RESTART =
            Works.named("restart with 1 million keys").orElseThrow();
    private static final Figure OVER = new Figure("over 50 ms", "", false);

    private static Sample sample(double perSecond, double p50) {
        return new Sample()
                .add(Figures.THROUGHPUT, perSecond)
                .add(Figures.CPU, 3)
                .add(Figures.P50, p50)
                .add(Figures.STEADY_P99, Double.NaN)
                .add(OVER, 0);
    }

    /** The machine was three times as fast in the last pair. */
    private static Results.Taken puts(String conditions) {
        return Results.Taken.under(conditions)
                .add(sample(200, 0.5), sample(100, 1))
                .add(sample(220, 0.7), sample(100, 1))
                .add(sample(450, 0.6), sample(300, 1));
    }

    private static Results.Taken restarts(String conditions) {
        Figure read = RESTART.targets().get(0).figure();
        return Results.Taken.under(conditions).add(new Sample().add(read, 500), new Sample().add(read, 1000));
    }

    private static Results results() {
        Results results = new Results();
        results.put(PUT.name(), puts("a machine"));
        return results;
    }

    @Test
    void shouldTellMediansAndTheSpreadOfTheRatios() {
        assertThat(Table.of(Works.all(), results()))
                .startsWith("a machine\n")
                .contains("| put, 1 client | throughput, 1/s | 220 | 100 | 2.00 (1.50–2.20) |")
                .contains("| put, 1 client | CPU for 100k, s | 3.00 | 3.00 | 1.00 (1.00–1.00) |")
                // There is no ratio to nothing.
                .contains("| put, 1 client | over 50 ms | 0.00 | 0.00 | – |")
                // What was not a number was not measured.
                .doesNotContain("| put, 1 client | steady")
                // It has shown nothing.
                .doesNotContain(RESTART.name());
    }

    @Test
    void shouldSumUpAWorkInOneRow() {
        assertThat(Table.of(Works.all(), results()))
                .contains("| work | throughput | CPU | p99 | steady p99 | targets | |\n")
                .contains("| put, 1 client | 2.00 (1.50–2.20) | 1.00 (1.00–1.00) |  |  |"
                        + " throughput ≥ 1.4, CPU for 100k ≤ 0.5, p50 ≤ 0.75, p99 ≤ 1 |"
                        // What was not measured was not met either.
                        + " **missed**: CPU for 100k, p99 |")
                // It has no column in the summary.
                .contains("| put, 1 client | p50, ms | 0.60 | 1.00 | 0.60 (0.50–0.70) | p50 ≤ 0.75 of etcd's | met |");
    }

    @Test
    void shouldTellWhichRowsWereTakenUnderOtherConditions() {
        Results results = results();
        results.put(RESTART.name(), restarts("another machine"));
        assertThat(Table.of(Works.all(), results))
                .startsWith("[1] a machine\n\n[2] another machine\n")
                .contains("| put, 1 client [1] |")
                .contains("| restart with 1 million keys [2] |");
    }

    @Test
    void shouldMergeSittings(@TempDir Path directory) throws IOException {
        Report report = new Report(directory.resolve("new"));
        assertThat(report.earlier().names()).isEmpty();
        Results first = results();
        first.put(RESTART.name(), restarts("then"));
        report.write(Works.all(), first);

        Results second = report.earlier();
        second.put(PUT.name(), Results.Taken.under("now").add(sample(10, 1), sample(20, 1)));
        report.write(Works.all(), second);

        Results merged = report.earlier();
        assertThat(merged.names()).containsExactlyInAnyOrder(PUT.name(), RESTART.name());
        Results.Taken put = merged.of(PUT.name()).orElseThrow();
        assertThat(put.conditions()).isEqualTo("now");
        assertThat(put.pairs()).singleElement().satisfies(pair -> {
            assertThat(pair.ours()).isEqualTo(sampleByName(sample(10, 1)));
            assertThat(pair.ratio(Figures.THROUGHPUT.name())).isEqualTo(0.5);
        });
        assertThat(merged.of(RESTART.name())).hasValue(restarts("then"));
        String table = Files.readString(directory.resolve("new/table.md"));
        assertThat(table).isEqualTo(Table.of(Works.all(), merged)).contains("[1] now", "[2] then");
    }

    private static Map<String, Double> sampleByName(Sample sample) {
        Map<String, Double> named = new java.util.LinkedHashMap<>();
        sample.values().forEach((figure, value) -> named.put(figure.name(), value));
        return named;
    }

    @Test
    void shouldRefuseAFileOfAnotherForm(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("results.json");
        for (String text :
                List.of("{\"put, 1 client\": []}", "{\"put, 1 client\": null}", "{\"put, 1 client\": {}}", "[", "")) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> Results.read(file)).as(text).isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldDrawEachWorkOnce(@TempDir Path directory) throws IOException {
        new Report(directory).write(Works.all(), results());
        assertThat(Files.readString(directory.resolve("ratios.svg")))
                .contains(">put, 1 client</text>", ">2.00</text>", ">1.00</text>")
                .doesNotContain(RESTART.name());
        assertThat(Files.readString(directory.resolve("latency.svg")))
                .contains(">put, 1 client</text>", ">0.60</text>");
    }
}
