package dev.cairn.server.metrics;

/** One time series, or the several lines of a histogram. Thread-safe. */
abstract sealed class Series permits Counter, Gauge, Histogram {
    /**
     * Appends the lines of this series.
     *
     * @param name of the family
     * @param labels without braces, empty for none
     */
    abstract void render(StringBuilder text, String name, String labels);

    static void line(StringBuilder text, String name, String labels, String value) {
        text.append(name);
        if (!labels.isEmpty()) {
            text.append('{').append(labels).append('}');
        }
        text.append(' ').append(value).append('\n');
    }
}
