package dev.cairn.bench.work;

import java.util.Arrays;
import java.util.Collection;

/** Quantiles of a few numbers. Stateless. */
public final class Quantiles {
    private Quantiles() {}

    /** The middle one, or the mean of the two in the middle. */
    public static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    public static double median(Collection<Double> values) {
        return median(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** The least of the values that no more than so many percent of them exceed. */
    static double percentile(Collection<Double> values, double percent) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[Math.max(0, (int) Math.ceil(sorted.length * percent / 100) - 1)];
    }
}
