package dev.cairn.bench;

import dev.cairn.bench.work.Figure;
import dev.cairn.bench.work.Figures;
import dev.cairn.bench.work.Work;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The directory of a report: {@code results.json}, and what is made of it: {@code table.md}, {@code ratios.svg}, {@code latency.svg}. */
final class Report {
    private static final String RESULTS = "results.json";

    private static final Figure EVENT_P99 = new Figure("event p99", "ms", false);

    private final Path directory;

    Report(Path directory) {
        this.directory = directory;
    }

    /** What earlier runs have left. */
    Results earlier() throws IOException {
        return Results.read(directory.resolve(RESULTS));
    }

    /** @param works in the order of the rows */
    void write(List<Work> works, Results results) throws IOException {
        Files.createDirectories(directory);
        results.write(directory.resolve(RESULTS));
        Files.writeString(directory.resolve("table.md"), Table.of(works, results));
        Plot amounts = new Plot(
                "Cairn beside etcd 3.7: throughput and CPU (etcd = 1)",
                List.of("throughput (more is better)", "CPU (less is better)"));
        Plot latencies = new Plot(
                "Cairn beside etcd 3.7: latency (etcd = 1, less is better)",
                List.of("p50", "p99, or that of events", "p99 at a steady rate"));
        for (Work work : works) {
            results.of(work.name()).ifPresent(taken -> {
                amounts.add(work.name(), List.of(ratio(taken, Figures.THROUGHPUT), ratio(taken, Figures.CPU)));
                double p99 = ratio(taken, Figures.P99);
                latencies.add(
                        work.name(),
                        List.of(
                                ratio(taken, Figures.P50),
                                Double.isNaN(p99) ? ratio(taken, EVENT_P99) : p99,
                                ratio(taken, Figures.STEADY_P99)));
            });
        }
        Files.writeString(directory.resolve("ratios.svg"), amounts.svg());
        Files.writeString(directory.resolve("latency.svg"), latencies.svg());
    }

    private static double ratio(Results.Taken taken, Figure figure) {
        return Comparison.of(figure, taken).map(Comparison::ratio).orElse(Double.NaN);
    }
}
