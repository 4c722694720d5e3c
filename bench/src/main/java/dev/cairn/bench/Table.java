package dev.cairn.bench;

import dev.cairn.bench.work.Figure;
import dev.cairn.bench.work.Figures;
import dev.cairn.bench.work.Group;
import dev.cairn.bench.work.Target;
import dev.cairn.bench.work.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Results as Markdown: one row for each work first, then the other targets, then every figure. Stateless. */
final class Table {
    /** What most works tell, each in a column; the first name that a work has counts. */
    private enum Column {
        THROUGHPUT("throughput", Figures.THROUGHPUT.name()),
        CPU("CPU", Figures.CPU.name()),
        P99("p99", Figures.P99.name(), "event p99"),
        STEADY_P99("steady p99", Figures.STEADY_P99.name());

        private final String label;
        private final List<String> figures;

        Column(String label, String... figures) {
            this.label = label;
            this.figures = List.of(figures);
        }

        private Optional<Comparison> of(Results.Taken taken) {
            return figures.stream()
                    .flatMap(name -> taken.figure(name).stream())
                    .findFirst()
                    .flatMap(figure -> Comparison.of(figure, taken));
        }

        private static boolean shows(Target target) {
            return target.ofRatio()
                    && List.of(values()).stream()
                            .anyMatch(column ->
                                    column.figures.contains(target.figure().name()));
        }
    }

    /** A work that has shown something. */
    private record Row(Work work, Results.Taken taken, String name) {
        private Optional<Comparison> compared(Figure figure) {
            return Comparison.of(figure, taken);
        }

        private Optional<Boolean> met(Target target) {
            return compared(target.figure())
                    .filter(compared -> !target.ofRatio() || compared.hasRatio())
                    .map(compared -> target.met(compared.ours(), compared.ratio()));
        }
    }

    private Table() {}

    /** @param works in the order of the rows; those without results have none */
    static String of(List<Work> works, Results results) {
        List<String> conditions = works.stream()
                .flatMap(work -> results.of(work.name()).stream())
                .map(Results.Taken::conditions)
                .distinct()
                .toList();
        List<Row> rows = new ArrayList<>();
        for (Work work : works) {
            results.of(work.name())
                    .ifPresent(taken -> rows.add(new Row(
                            work,
                            taken,
                            work.name()
                                    + (conditions.size() == 1
                                            ? ""
                                            : " [" + (conditions.indexOf(taken.conditions()) + 1) + "]"))));
        }
        StringBuilder table = new StringBuilder();
        for (int i = 0; i < conditions.size(); i++) {
            table.append(conditions.size() == 1 ? "" : "[" + (i + 1) + "] ")
                    .append(conditions.get(i))
                    .append("\n\n");
        }
        table.append("Ratios are ours / etcd: the median of those of the pairs, with their extremes.\n\n");
        summary(table, rows);
        otherTargets(table, rows);
        for (Group group : Group.values()) {
            details(
                    table,
                    group,
                    rows.stream().filter(row -> row.work().group() == group).toList());
        }
        return table.toString();
    }

    private static void summary(StringBuilder table, List<Row> rows) {
        table.append("| work |");
        for (Column column : Column.values()) {
            table.append(' ').append(column.label).append(" |");
        }
        table.append(" targets | |\n|---|")
                .append("---|".repeat(Column.values().length))
                .append("---|---|\n");
        for (Row row : rows) {
            table.append("| ").append(row.name()).append(" |");
            for (Column column : Column.values()) {
                table.append(' ')
                        .append(column.of(row.taken())
                                .map(Comparison::ratioWithSpread)
                                .orElse(""))
                        .append(" |");
            }
            List<Target> targets = row.work().targets();
            table.append(' ')
                    .append(targets.stream().map(Target::text).collect(Collectors.joining(", ")))
                    .append(" | ")
                    .append(verdict(row, targets))
                    .append(" |\n");
        }
        table.append('\n');
    }

    private static String verdict(Row row, List<Target> targets) {
        if (targets.isEmpty()) {
            return "";
        }
        String missed = targets.stream()
                .filter(target -> !row.met(target).orElse(false))
                .map(target -> target.figure().name())
                .distinct()
                .collect(Collectors.joining(", "));
        return missed.isEmpty() ? "met" : "**missed**: " + missed;
    }

    /** Of figures that are in no column above. */
    private static void otherTargets(StringBuilder table, List<Row> rows) {
        StringBuilder others = new StringBuilder();
        for (Row row : rows) {
            for (Target target : row.work().targets()) {
                Optional<Comparison> compared = row.compared(target.figure());
                if (!Column.shows(target) && compared.isPresent()) {
                    others.append(String.format(
                            Locale.ROOT,
                            "| %s | %s | %s | %s | %s | %s | %s |%n",
                            row.name(),
                            label(target.figure()),
                            number(compared.get().ours()),
                            number(compared.get().etcd()),
                            compared.get().ratioWithSpread(),
                            target.text() + (target.ofRatio() ? " of etcd's" : ""),
                            row.met(target).orElse(false) ? "met" : "**missed**"));
                }
            }
        }
        if (!others.isEmpty()) {
            table.append("| work | figure | ours | etcd | ours / etcd | target | |\n|---|---|---|---|---|---|---|\n")
                    .append(others)
                    .append('\n');
        }
    }

    private static void details(StringBuilder table, Group group, List<Row> rows) {
        if (rows.isEmpty()) {
            return;
        }
        table.append("## ")
                .append(group.label())
                .append("\n\n| work | figure | ours | etcd | ours / etcd |\n|---|---|---|---|---|\n");
        for (Row row : rows) {
            for (Figure figure : row.taken().figures()) {
                row.compared(figure)
                        .ifPresent(compared -> table.append(String.format(
                                Locale.ROOT,
                                "| %s | %s | %s | %s | %s |%n",
                                row.name(),
                                label(figure),
                                number(compared.ours()),
                                number(compared.etcd()),
                                compared.ratioWithSpread())));
            }
        }
        table.append('\n');
    }

    private static String label(Figure figure) {
        return figure.unit().isEmpty() ? figure.name() : figure.name() + ", " + figure.unit();
    }

    static String number(double value) {
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size < 10 ? "%.2f" : size < 100 ? "%.1f" : "%,.0f", value);
    }
}
