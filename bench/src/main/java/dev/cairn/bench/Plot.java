package dev.cairn.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Ratios as bars that begin at 1, on a logarithmic scale: to the right of it is more than etcd, to the left less. One row for each work, written as
 * SVG. Confined to one thread.
 */
final class Plot {
    private static final List<String> COLOURS = List.of("#1f77b4", "#d95f02", "#7570b3");
    private static final int LEFT = 330;
    private static final int WIDTH = 600;
    private static final int RIGHT = 70;
    private static final int TOP = 80;
    private static final int BAR = 11;
    private static final int GAP = 10;
    private static final int BOTTOM = 20;

    private final String title;
    private final List<String> series;
    private final List<String> labels = new ArrayList<>();
    private final List<List<Double>> rows = new ArrayList<>();

    /** @param series what the bars of each row are; as many as there are colours at most */
    Plot(String title, List<String> series) {
        if (series.size() > COLOURS.size()) {
            throw new IllegalArgumentException("more series than colours: " + series);
        }
        this.title = title;
        this.series = List.copyOf(series);
    }

    /** @param ratios one for each series; {@link Double#NaN} draws no bar, and a row without bars is left out */
    void add(String label, List<Double> ratios) {
        if (ratios.stream().anyMatch(Plot::isDrawn)) {
            labels.add(label);
            rows.add(List.copyOf(ratios));
        }
    }

    private static boolean isDrawn(double ratio) {
        return Double.isFinite(ratio) && ratio > 0;
    }

    String svg() {
        // Powers of two; at least from a half to twice as much.
        int low = -1;
        int high = 1;
        for (List<Double> row : rows) {
            for (double ratio : row) {
                if (isDrawn(ratio)) {
                    low = Math.min(low, (int) Math.floor(log2(ratio)));
                    high = Math.max(high, (int) Math.ceil(log2(ratio)));
                }
            }
        }
        int rowHeight = series.size() * BAR + GAP;
        int height = TOP + rows.size() * rowHeight + BOTTOM;
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">%n"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
                LEFT + WIDTH + RIGHT,
                height));
        text(svg, 10, 22, "start", "font-size=\"16\"", title);
        legend(svg);
        for (int power = low; power <= high; power++) {
            int x = x(power, low, high);
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\"/>%n",
                    x,
                    TOP - 6,
                    x,
                    height - BOTTOM,
                    power == 0 ? "black" : "#dddddd"));
            text(svg, x, TOP - 12, "middle", "", power < 0 ? "1/" + (1 << -power) : "" + (1 << power));
        }
        for (int i = 0; i < rows.size(); i++) {
            int y = TOP + i * rowHeight + GAP / 2;
            text(svg, LEFT - 10, y + series.size() * BAR / 2 + 4, "end", "", labels.get(i));
            for (int j = 0; j < series.size(); j++) {
                double ratio = rows.get(i).get(j);
                if (isDrawn(ratio)) {
                    bar(svg, x(0, low, high), x(log2(ratio), low, high), y + j * BAR, COLOURS.get(j), ratio);
                }
            }
        }
        return svg.append("</svg>\n").toString();
    }

    private void legend(StringBuilder svg) {
        for (int i = 0; i < series.size(); i++) {
            int x = LEFT + i * 210;
            svg.append(String.format(
                    Locale.ROOT,
                    "<rect x=\"%d\" y=\"34\" width=\"12\" height=\"12\" fill=\"%s\"/>%n",
                    x,
                    COLOURS.get(i)));
            text(svg, x + 18, 45, "start", "", series.get(i));
        }
    }

    private static void bar(StringBuilder svg, int one, int end, int y, String colour, double ratio) {
        svg.append(String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>%n",
                Math.min(one, end),
                y,
                Math.max(1, Math.abs(end - one)),
                BAR - 2,
                colour));
        boolean more = end >= one;
        text(
                svg,
                end + (more ? 4 : -4),
                y + BAR - 3,
                more ? "start" : "end",
                "font-size=\"10\"",
                String.format(Locale.ROOT, "%.2f", ratio));
    }

    private static void text(StringBuilder svg, int x, int y, String anchor, String further, String text) {
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" %s>%s</text>%n",
                x,
                y,
                anchor,
                further,
                text.replace("&", "&amp;").replace("<", "&lt;")));
    }

    private static int x(double power, int low, int high) {
        return LEFT + (int) Math.round((power - low) / (high - low) * WIDTH);
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }
}
