package dev.cairn.server.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The families of a process, filled by one thread and thread-safe afterwards, with their rendering in Prometheus' text format
 * 0.0.4, sorted by name.
 */
final class Registry {
    private final Map<String, Entry> entries = new TreeMap<>();

    private record Entry(
            String help, String type, List<String> labels, double[] bounds, Consumer<StringBuilder> lines) {}

    private static final double[] NO_BOUNDS = {};

    Counter counter(String name, String help) {
        return single(name, help, "counter", new Counter());
    }

    Gauge gauge(String name, String help) {
        return single(name, help, "gauge", new Gauge());
    }

    Histogram histogram(String name, String help, double[] bounds) {
        return single(name, help, "histogram", new Histogram(bounds));
    }

    Family<Counter> counters(String name, String help, String... labels) {
        return family(name, help, "counter", NO_BOUNDS, new Family<>(name, List.of(labels), Counter::new));
    }

    Family<Gauge> gauges(String name, String help, String... labels) {
        return family(name, help, "gauge", NO_BOUNDS, new Family<>(name, List.of(labels), Gauge::new));
    }

    /** As {@link #gauges}, for figures that only grow and are known elsewhere. */
    Family<Gauge> countersOf(String name, String help, String... labels) {
        return family(name, help, "counter", NO_BOUNDS, new Family<>(name, List.of(labels), Gauge::new));
    }

    Family<Histogram> histograms(String name, String help, double[] bounds, String... labels) {
        return family(
                name, help, "histogram", bounds, new Family<>(name, List.of(labels), () -> new Histogram(bounds)));
    }

    /** A figure that is read when it is rendered; nothing is shown for a NaN. */
    void figure(String name, String help, String type, java.util.function.DoubleSupplier source) {
        add(name, new Entry(help, type, List.of(), NO_BOUNDS, text -> {
            double value = source.getAsDouble();
            if (!Double.isNaN(value)) {
                Series.line(text, name, "", Numbers.text(value));
            }
        }));
    }

    private <S extends Series> S single(String name, String help, String type, S series) {
        double[] bounds = series instanceof Histogram histogram ? histogram.bounds() : NO_BOUNDS;
        add(name, new Entry(help, type, List.of(), bounds, text -> series.render(text, name, "")));
        return series;
    }

    private <S extends Series> Family<S> family(
            String name, String help, String type, double[] bounds, Family<S> family) {
        add(
                name,
                new Entry(
                        help,
                        type,
                        family.labelNames(),
                        bounds,
                        text -> family.series().forEach((labels, series) -> series.render(text, name, labels))));
        return family;
    }

    private void add(String name, Entry entry) {
        if (entries.putIfAbsent(name, entry) != null) {
            throw new IllegalStateException("two metrics named " + name);
        }
    }

    /** One line for each family: name, type, label names, bucket bounds, divided by tabs. */
    List<String> declared() {
        List<String> lines = new ArrayList<>();
        entries.forEach((name, entry) -> {
            StringBuilder bounds = new StringBuilder();
            for (double bound : entry.bounds()) {
                bounds.append(Numbers.text(bound)).append(' ');
            }
            if (entry.type().equals("histogram")) {
                bounds.append("+Inf");
            }
            lines.add(name + '\t' + entry.type() + '\t' + String.join(",", entry.labels()) + '\t' + bounds);
        });
        return lines;
    }

    /** A family without series is left out, as in etcd. */
    String render() {
        StringBuilder text = new StringBuilder(256 << 10);
        StringBuilder lines = new StringBuilder(8 << 10);
        entries.forEach((name, entry) -> {
            lines.setLength(0);
            entry.lines().accept(lines);
            if (!lines.isEmpty()) {
                text.append("# HELP ").append(name).append(' ').append(entry.help());
                text.append("\n# TYPE ").append(name).append(' ').append(entry.type());
                text.append('\n').append(lines);
            }
        });
        return text.toString();
    }
}
