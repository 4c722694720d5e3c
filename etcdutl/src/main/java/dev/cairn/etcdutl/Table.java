package dev.cairn.etcdutl;

import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** One row under its titles, in the frame that etcd's tools draw. Stateless. */
final class Table {
    private Table() {}

    static void print(PrintWriter out, List<String> titles, List<String> row) {
        int[] widths = IntStream.range(0, titles.size())
                .map(i -> Math.max(titles.get(i).length(), row.get(i).length()))
                .toArray();
        out.println(line(widths, "┌", "┬", "┐"));
        out.println(IntStream.range(0, widths.length)
                .mapToObj(i -> centred(titles.get(i), widths[i]))
                .collect(Collectors.joining(" │ ", "│ ", " │")));
        out.println(line(widths, "├", "┼", "┤"));
        out.println(IntStream.range(0, widths.length)
                .mapToObj(i -> " ".repeat(widths[i] - row.get(i).length()) + row.get(i))
                .collect(Collectors.joining(" │ ", "│ ", " │")));
        out.println(line(widths, "└", "┴", "┘"));
    }

    private static String line(int[] widths, String left, String middle, String right) {
        return IntStream.of(widths)
                .mapToObj(width -> "─".repeat(width + 2))
                .collect(Collectors.joining(middle, left, right));
    }

    private static String centred(String text, int width) {
        int before = (width - text.length()) / 2;
        return " ".repeat(before) + text + " ".repeat(width - text.length() - before);
    }
}
