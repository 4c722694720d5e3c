package dev.cairn.bench.work;

/** The figures that many works tell. Those of one work only are declared there. */
public final class Figures {
    public static final Figure THROUGHPUT = new Figure("throughput", "1/s", true);
    public static final Figure CPU = Figure.of("CPU for 100k", "s");
    public static final Figure P50 = Figure.of("p50", "ms");
    public static final Figure P99 = Figure.of("p99", "ms");
    public static final Figure STEADY_P50 = Figure.of("steady p50", "ms");
    public static final Figure STEADY_P99 = Figure.of("steady p99", "ms");
    public static final Figure STEADY_P999 = Figure.of("steady p99.9", "ms");
    public static final Figure WRITTEN = Figure.of("written", "B/op");
    public static final Figure START = Figure.of("start", "ms");
    public static final Figure RESIDENT = Figure.of("RSS", "MiB");
    /** Resident memory without pages of files. */
    public static final Figure OWN = Figure.of("own memory", "MiB");

    private Figures() {}
}
