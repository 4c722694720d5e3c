package dev.cairn.bench;

import dev.cairn.bench.work.Figure;
import dev.cairn.bench.work.Quantiles;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One figure of one work at both servers. Where etcd has a zero there is no ratio, and it is {@link Double#NaN}. Immutable.
 *
 * @param ours the median of ours
 * @param etcd the median of etcd's
 * @param ratio the median of the ratios of the pairs, for two runs next to each other have met the same machine
 * @param from the least of these ratios
 * @param to the largest of them
 */
record Comparison(double ours, double etcd, double ratio, double from, double to) {
    /** Empty where not both tell it. */
    static Optional<Comparison> of(Figure figure, Results.Taken taken) {
        String name = figure.name();
        List<Results.Pair> pairs =
                taken.pairs().stream().filter(pair -> pair.both(name)).toList();
        if (pairs.isEmpty()) {
            return Optional.empty();
        }
        double[] ours = pairs.stream().mapToDouble(pair -> pair.ours(name)).toArray();
        double[] etcd = pairs.stream().mapToDouble(pair -> pair.etcd(name)).toArray();
        double[] ratios = pairs.stream()
                .mapToDouble(pair -> pair.ratio(name))
                .filter(Double::isFinite)
                .sorted()
                .toArray();
        boolean none = ratios.length == 0;
        return Optional.of(new Comparison(
                Quantiles.median(ours),
                Quantiles.median(etcd),
                none ? Double.NaN : Quantiles.median(ratios),
                none ? Double.NaN : ratios[0],
                none ? Double.NaN : ratios[ratios.length - 1]));
    }

    boolean hasRatio() {
        return !Double.isNaN(ratio);
    }

    /** Such as {@code 2.31 (2.20–2.45)}. */
    String ratioWithSpread() {
        return hasRatio() ? String.format(Locale.ROOT, "%.2f (%.2f–%.2f)", ratio, from, to) : "–";
    }
}
