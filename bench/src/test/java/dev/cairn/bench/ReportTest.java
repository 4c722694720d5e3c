package dev.cairn.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ratios are those of pairs, for two runs next to each other have met the same machine. */
class ReportTest {
    private static Sample sample(double perSecond) {
        return new Sample(perSecond, 1, 2, 3, 4, Double.NaN, Double.NaN, Double.NaN, 7, 5);
    }

    private static Report report() {
        Report report = new Report(3, false, "a machine");
        Work work = Work.ALL.get(0);
        // The machine was three times as fast in the last pair.
        report.add(work, sample(200), sample(100));
        report.add(work, sample(220), sample(100));
        report.add(work, sample(450), sample(300));
        return report;
    }

    @Test
    void shouldTellMediansAndTheSpreadOfTheRatios() {
        String name = Work.ALL.get(0).name();
        assertThat(report().table())
                .contains("| " + name + " | throughput, 1/s | 220 | 100 | 2.00 | 1.50 | 2.20 |")
                .contains("| " + name + " | RSS, MiB | 5.00 | 5.00 | 1.00 | 1.00 | 1.00 |")
                // This work has no steady rate.
                .doesNotContain("steady");
    }

    @Test
    void shouldWriteTablePlotAndRawResults(@TempDir Path directory) throws IOException {
        Path there = directory.resolve("new");
        report().write(there);
        assertThat(Files.readString(there.resolve("table.md"))).isEqualTo(report().table());
        assertThat(Files.readString(there.resolve("results.json"))).contains("\"perSecond\": 450.0");
        assertThat(Files.readString(there.resolve("ratios.svg"))).contains("<svg");
    }

    @Test
    void shouldTakeTheMiddleOfAnEvenNumber() {
        assertThat(Report.median(new double[] {4, 1, 2, 3})).isEqualTo(2.5);
    }
}
