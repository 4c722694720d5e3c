package dev.cairn.server.metrics;

import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/**
 * Thread-safe. Counts values by size. A value belongs to the first bucket whose bound is not below it; rendered buckets are
 * cumulative.
 */
public final class Histogram extends Series {
    private static final double NANOS_PER_SECOND = 1e9;

    private final double[] bounds;
    private final LongAdder[] counts;
    private final DoubleAdder sum = new DoubleAdder();

    /** The bounds ascend; the array is not copied, because families share it. */
    Histogram(double[] bounds) {
        this.bounds = bounds;
        this.counts = new LongAdder[bounds.length + 1];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = new LongAdder();
        }
    }

    /** Bounds of which each is twice the one before. */
    static double[] doubling(double first, int count) {
        double[] bounds = new double[count];
        double bound = first;
        for (int i = 0; i < count; i++) {
            bounds[i] = bound;
            bound *= 2;
        }
        return bounds;
    }

    static double[] bounds(double... bounds) {
        return bounds;
    }

    double[] bounds() {
        return bounds;
    }

    public void observe(double value) {
        // Most values are small, and there are at most two dozen bounds.
        int bucket = 0;
        while (bucket < bounds.length && value > bounds[bucket]) {
            bucket++;
        }
        counts[bucket].increment();
        sum.add(value);
    }

    /** For histograms of seconds. */
    public void observeNanos(long nanos) {
        observe(nanos / NANOS_PER_SECOND);
    }

    public long count() {
        long count = 0;
        for (LongAdder bucket : counts) {
            count += bucket.sum();
        }
        return count;
    }

    @Override
    void render(StringBuilder text, String name, String labels) {
        String before = labels.isEmpty() ? "" : labels + ",";
        String bucketName = name + "_bucket";
        long count = 0;
        for (int i = 0; i < bounds.length; i++) {
            count += counts[i].sum();
            line(text, bucketName, before + "le=\"" + Numbers.text(bounds[i]) + "\"", Long.toString(count));
        }
        count += counts[bounds.length].sum();
        line(text, bucketName, before + "le=\"+Inf\"", Long.toString(count));
        line(text, name + "_sum", labels, Numbers.text(sum.sum()));
        line(text, name + "_count", labels, Long.toString(count));
    }
}
