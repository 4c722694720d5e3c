package dev.cairn.bench.work;

import java.util.Locale;

/**
 * What a figure ought to reach. Immutable.
 *
 * @param ofRatio whether the ratio of ours to etcd's has to reach it, or ours alone
 * @param stretch what would be better still; {@link Double#NaN} if nothing is named
 */
public record Target(Figure figure, boolean ofRatio, double bound, double stretch) {
    static Target ratio(Figure figure, double bound) {
        return new Target(figure, true, bound, Double.NaN);
    }

    static Target ours(Figure figure, double bound) {
        return new Target(figure, false, bound, Double.NaN);
    }

    Target stretchedTo(double further) {
        return new Target(figure, ofRatio, bound, further);
    }

    /** @param ours the median of ours */
    public boolean met(double ours, double ratio) {
        double shown = ofRatio ? ratio : ours;
        return figure.moreIsBetter() ? shown >= bound : shown <= bound;
    }

    /** Such as {@code throughput ≥ 2}. */
    public String text() {
        return figure.name()
                + (figure.moreIsBetter() ? " ≥ " : " ≤ ")
                + number(bound)
                + (ofRatio || figure.unit().isEmpty() ? "" : " " + figure.unit())
                + (Double.isNaN(stretch) ? "" : " (stretch " + number(stretch) + ")");
    }

    private static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.2f", value).replaceAll("0+$", "");
    }
}
