package dev.cairn.server.metrics;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;

/**
 * Thread-safe. All series of one name, told apart by labels. A series exists from its first use on.
 *
 * @param <S> the kind of series
 */
public final class Family<S> {
    /** Labels come from closed sets; this bound only catches one that does not. */
    private static final int SERIES_MAX = 10_000;

    private final String name;
    private final List<String> labelNames;
    private final Supplier<S> maker;
    private final Map<String, S> series = new ConcurrentSkipListMap<>();
    private final S overflow;

    Family(String name, List<String> labelNames, Supplier<S> maker) {
        this.name = name;
        this.labelNames = List.copyOf(labelNames);
        this.maker = maker;
        this.overflow = maker.get();
    }

    /**
     * The series with these values, in the order of the label names. Keep the answer where counting is frequent. Beyond the bound
     * all further ones share a series that is not shown.
     */
    public S with(String... values) {
        if (values.length != labelNames.size()) {
            throw new IllegalArgumentException(name + " has the labels " + labelNames);
        }
        StringBuilder labels = new StringBuilder(64);
        for (int i = 0; i < values.length; i++) {
            labels.append(i == 0 ? "" : ",")
                    .append(labelNames.get(i))
                    .append("=\"")
                    .append(escape(values[i]))
                    .append('"');
        }
        String key = labels.toString();
        S known = series.get(key);
        if (known != null) {
            return known;
        }
        return series.size() >= SERIES_MAX ? overflow : series.computeIfAbsent(key, k -> maker.get());
    }

    /** Forgets a series; what still holds it counts into nothing. */
    public void remove(String... values) {
        S removed = with(values);
        series.values().remove(removed);
    }

    List<String> labelNames() {
        return labelNames;
    }

    Map<String, S> series() {
        return series;
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
