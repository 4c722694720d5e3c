package dev.cairn.bench;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;

/** The pairs of all works, and what is told of them: medians of both, the median of the ratios of each pair, and their spread. */
final class Report {
    /**
     * A figure that is compared.
     *
     * @param better whether more of it is better
     */
    private record Figure(String name, String unit, boolean better, ToDoubleFunction<Sample> of) {}

    /** What one run of each server has shown, side by side. */
    record Pair(Sample ours, Sample etcd) {}

    private static final List<Figure> FIGURES = List.of(
            new Figure("throughput", "1/s", true, Sample::perSecond),
            new Figure("CPU for 100k", "s", false, Sample::cpuSeconds),
            new Figure("p50", "ms", false, Sample::closedP50Millis),
            new Figure("p99", "ms", false, Sample::closedP99Millis),
            new Figure("steady p50", "ms", false, Sample::openP50Millis),
            new Figure("steady p99", "ms", false, Sample::openP99Millis),
            new Figure("steady p99.9", "ms", false, Sample::openP999Millis),
            new Figure("written", "B/op", false, Sample::bytesWritten),
            new Figure("start", "ms", false, Sample::startMillis),
            new Figure("RSS", "MiB", false, Sample::residentMebibytes));

    private static final int PLOT_WIDTH = 1100;
    private static final int PLOT_HEIGHT = 600;

    private final Map<Work, List<Pair>> pairs = new LinkedHashMap<>();
    private final int planned;
    private final boolean cold;
    private final String machine;

    /** @param machine what the figures are taken on */
    Report(int planned, boolean cold, String machine) {
        this.planned = planned;
        this.cold = cold;
        this.machine = machine;
    }

    void add(Work work, Sample ours, Sample etcd) {
        pairs.computeIfAbsent(work, w -> new ArrayList<>()).add(new Pair(ours, etcd));
    }

    /** One line on how far it is. */
    String lastPair(Work work) {
        List<Pair> all = pairs.getOrDefault(work, List.of());
        Pair last = all.get(all.size() - 1);
        return String.format(
                Locale.ROOT,
                "%s, pair %d of %d: throughput %.2f, CPU %.2f of etcd's",
                work.name(),
                all.size(),
                planned,
                last.ours().perSecond() / last.etcd().perSecond(),
                last.ours().cpuSeconds() / last.etcd().cpuSeconds());
    }

    /** A Markdown table with a line for each work and figure. */
    String table() {
        StringBuilder table = new StringBuilder(machine + "\n\nMedians of " + planned + " interleaved pairs, "
                + (cold ? "from the first request on" : "after a warm-up")
                + "; the ratio is the median of those of the pairs.\n\n"
                + "| work | figure | ours | etcd | ours / etcd | from | to |\n|---|---|---|---|---|---|---|\n");
        pairs.forEach((work, all) -> {
            for (Figure figure : FIGURES) {
                double[] ratios = ratios(figure, all);
                if (ratios.length == 0) {
                    continue;
                }
                table.append(String.format(
                        Locale.ROOT,
                        "| %s | %s, %s | %s | %s | %.2f | %.2f | %.2f |%n",
                        work.name(),
                        figure.name(),
                        figure.unit(),
                        number(median(values(figure, all, true))),
                        number(median(values(figure, all, false))),
                        median(ratios),
                        ratios[0],
                        ratios[ratios.length - 1]));
            }
        });
        return table.toString();
    }

    /** Writes {@code table.md}, {@code ratios.svg} and {@code results.json}. */
    void write(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("table.md"), table());
        Map<String, List<Pair>> named = new LinkedHashMap<>();
        pairs.forEach((work, all) -> named.put(work.name(), all));
        Files.writeString(
                directory.resolve("results.json"),
                new GsonBuilder()
                        .serializeSpecialFloatingPointValues()
                        .setPrettyPrinting()
                        .create()
                        .toJson(named));
        VectorGraphicsEncoder.saveVectorGraphic(
                plot(), directory.resolve("ratios").toString(), VectorGraphicsFormat.SVG);
    }

    /** Throughput, CPU and latency as shares of etcd's, which are one. */
    private CategoryChart plot() {
        CategoryChart chart = new CategoryChartBuilder()
                .width(PLOT_WIDTH)
                .height(PLOT_HEIGHT)
                .title("Cairn beside etcd 3.7 (etcd = 1)")
                .yAxisTitle("ours / etcd")
                .build();
        chart.getStyler().setXAxisLabelRotation(45);
        List<String> names = pairs.keySet().stream().map(Work::name).toList();
        for (Figure figure : FIGURES.subList(0, 4)) {
            List<Double> ratios = new ArrayList<>();
            for (List<Pair> all : pairs.values()) {
                double[] of = ratios(figure, all);
                ratios.add(of.length == 0 ? 0 : median(of));
            }
            chart.addSeries(
                    figure.name() + (figure.better() ? " (more is better)" : " (less is better)"), names, ratios);
        }
        return chart;
    }

    /** In ascending order; empty where a work does not tell this figure. */
    private static double[] ratios(Figure figure, List<Pair> all) {
        return all.stream()
                .mapToDouble(pair ->
                        figure.of().applyAsDouble(pair.ours()) / figure.of().applyAsDouble(pair.etcd()))
                .filter(Double::isFinite)
                .sorted()
                .toArray();
    }

    private static double[] values(Figure figure, List<Pair> all, boolean ours) {
        return all.stream()
                .mapToDouble(pair -> figure.of().applyAsDouble(ours ? pair.ours() : pair.etcd()))
                .toArray();
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%,.0f", value);
    }
}
