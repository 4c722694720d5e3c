package dev.cairn.bench;

import dev.cairn.bench.process.Directories;
import dev.cairn.bench.process.Waiting;
import dev.cairn.bench.work.Figures;
import dev.cairn.bench.work.Group;
import dev.cairn.bench.work.Plan;
import dev.cairn.bench.work.Run;
import dev.cairn.bench.work.Sample;
import dev.cairn.bench.work.Target;
import dev.cairn.bench.work.Work;
import dev.cairn.bench.work.Works;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code bench/run}. */
@Command(
        name = "bench/run",
        description = "Runs our server and a real etcd in turn under the same works, and reports what both did.",
        mixinStandardHelpOptions = true)
public final class Bench implements Callable<Integer> {
    private static final int CLEAN_UP_TRIES = 50;
    private static final long CLEAN_UP_MILLIS = 100;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Option(names = "--ours", required = true, description = "Our server's start script.")
    private Path ours = Path.of("");

    @Option(names = "--oracle", required = true, description = "The directory of etcd, its tool and its certificates.")
    private Path oracle = Path.of("");

    @Option(names = "--pairs", defaultValue = "5", description = "Runs of each server and work (${DEFAULT-VALUE}).")
    private int pairs;

    @Option(
            names = "--share",
            defaultValue = "1",
            description = "Only every so many of the seconds that are measured, and of keys, leases, versions"
                    + " (${DEFAULT-VALUE}).")
    private int share;

    @Option(
            names = "--closed-seconds",
            defaultValue = "10",
            description = "How long clients ask as fast as they are answered (${DEFAULT-VALUE}).")
    private double closedSeconds;

    @Option(
            names = "--seconds",
            defaultValue = "15",
            description = "How long requests are due at a steady rate (${DEFAULT-VALUE}).")
    private double openSeconds;

    @Option(
            names = "--warm-up",
            defaultValue = "20",
            description = "Seconds of the same work before what is measured (${DEFAULT-VALUE}).")
    private double warmUpSeconds;

    @Option(names = "--cold", description = "Measures from the first request on, without a warm-up.")
    private boolean cold;

    @Option(names = "--work", description = "Only this work, by the name that --list tells; may be repeated.")
    private List<String> names = List.of();

    @Option(
            names = "--group",
            description =
                    "Only the works of this group; may be repeated. One of: hot, ranges, watch, leases, cluster, tls,"
                            + " housekeeping, restart, memory")
    private List<String> groups = List.of();

    @Option(names = "--list", description = "Prints the works with their targets, and ends.")
    private boolean list;

    @Option(
            names = "--report",
            description = "The directory that gets table, plots and raw results. Works that are not run now keep"
                    + " those that they have there.")
    private Optional<Path> directory = Optional.empty();

    private final PrintStream progress = System.err;
    private volatile boolean ended;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Bench()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        List<Work> works = chosen();
        if (list) {
            works.forEach(work -> System.out.println(line(work)));
            return 0;
        }
        if (share < 1 || pairs < 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--share and --pairs must be 1 at least");
        }
        if (closedSeconds <= 0 || openSeconds <= 0 || warmUpSeconds < 0) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--closed-seconds and --seconds must be more than nothing, and --warm-up no less than that");
        }
        Plan plan = new Plan(share, closedSeconds, openSeconds, cold ? 0 : warmUpSeconds);
        Path scratch = Files.createTempDirectory("bench-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> cleanUp(scratch), "clean-up"));
        return run(works, plan, scratch);
    }

    private List<Work> chosen() {
        List<Work> works = new ArrayList<>();
        for (String name : names) {
            works.add(Works.named(name)
                    .orElseThrow(() -> new CommandLine.ParameterException(
                            spec.commandLine(), "no work is called \"" + name + "\"; --list tells of all")));
        }
        for (String label : groups) {
            Group group = Arrays.stream(Group.values())
                    .filter(one -> one.label().equals(label))
                    .findFirst()
                    .orElseThrow(() -> new CommandLine.ParameterException(
                            spec.commandLine(), "no group is called \"" + label + "\""));
            Works.usual().stream()
                    .filter(work -> work.group() == group && !works.contains(work))
                    .forEach(works::add);
        }
        if (works.isEmpty()) {
            return list ? Works.all() : Works.usual();
        }
        return works;
    }

    private static String line(Work work) {
        return work.group().label() + "\t\"" + work.name() + "\"\t"
                + work.targets().stream().map(Target::text).collect(Collectors.joining(", "))
                + (Works.usual().contains(work) ? "" : "\t(only when it is named)");
    }

    /** @return 0, or 1 if a work has failed */
    private int run(List<Work> works, Plan plan, Path scratch) throws IOException {
        Report report = directory.map(Report::new).orElse(null);
        Results results = report == null ? new Results() : report.earlier();
        String conditions = conditions(plan);
        List<Work> able = new ArrayList<>();
        for (Work work : works) {
            Optional<String> missing = work.setting().missing();
            missing.ifPresentOrElse(
                    reason -> progress.println("left out: " + work.name() + ": " + reason), () -> able.add(work));
        }
        double planned = able.stream()
                .mapToDouble(work -> 2 * pairs * work.seconds(plan))
                .sum();
        progress.printf("%d works, %d pairs; about %s%n", able.size(), pairs, Progress.duration(planned));
        Progress far = new Progress(planned, System.nanoTime());
        List<String> failed = new ArrayList<>();
        for (Work work : able) {
            try {
                results.put(work.name(), take(work, plan, scratch, conditions, far));
                if (report != null) {
                    report.write(Works.all(), results);
                }
            } catch (IOException | RuntimeException e) {
                if (ended) {
                    break;
                }
                failed.add(work.name());
                progress.println(work.name() + " failed: ");
                e.printStackTrace(progress);
            }
        }
        System.out.println(Table.of(works, results));
        if (!failed.isEmpty()) {
            progress.println("failed: " + String.join("; ", failed));
        }
        return failed.isEmpty() ? 0 : 1;
    }

    private Results.Taken take(Work work, Plan plan, Path scratch, String conditions, Progress far) throws IOException {
        Results.Taken taken = Results.Taken.under(conditions);
        Run oursRun = new Run(ours, oracle, scratch, plan);
        Run etcdRun = new Run(oracle.resolve("etcd"), oracle, scratch, plan);
        for (int pair = 0; pair < pairs; pair++) {
            // Who is first meets a disk and a machine in another state: that changes from pair to pair.
            boolean etcdFirst = pair % 2 == 0;
            Sample first = work.run(etcdFirst ? etcdRun : oursRun);
            Sample second = work.run(etcdFirst ? oursRun : etcdRun);
            taken.add(etcdFirst ? second : first, etcdFirst ? first : second);
            far.finished(2 * work.seconds(plan));
            progress.printf(
                    "%s %s, pair %d of %d: %s%n",
                    far.text(System.nanoTime()), work.name(), pair + 1, pairs, lastPair(taken));
        }
        return taken;
    }

    /** The ratios of the figures of which there is most to tell. */
    private static String lastPair(Results.Taken taken) {
        Results.Pair pair = taken.pairs().get(taken.pairs().size() - 1);
        List<String> main = List.of(Figures.THROUGHPUT.name(), Figures.CPU.name());
        String ratios = main.stream()
                .filter(pair::both)
                .map(name -> String.format(Locale.ROOT, "%s %.2f", name, pair.ratio(name)))
                .collect(Collectors.joining(", "));
        if (!ratios.isEmpty()) {
            return ratios + " of etcd's";
        }
        String first = taken.figures().get(0).name();
        return String.format(Locale.ROOT, "%s %.1f, etcd's %.1f", first, pair.ours(first), pair.etcd(first));
    }

    private String conditions(Plan plan) throws IOException {
        return String.format(
                Locale.ROOT,
                "%s, %s; medians of %d interleaved pairs, %s; %.3g s of clients, %.3g s at a steady rate%s.",
                LocalDate.now(ZoneOffset.UTC),
                Machine.describe(ours, oracle.resolve("etcd")),
                pairs,
                plan.cold()
                        ? "from the first request on"
                        : String.format(Locale.ROOT, "after %.3g s of warm-up", plan.warmUpSeconds()),
                plan.closed(),
                plan.open(),
                share == 1 ? "" : "; 1/" + share + " of keys, leases and versions");
    }

    /** At the end, and when somebody interrupts it: then servers still run and write. */
    private void cleanUp(Path scratch) {
        ended = true;
        for (int i = 0; i < CLEAN_UP_TRIES && Files.exists(scratch); i++) {
            ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
            try {
                Waiting.pause(CLEAN_UP_MILLIS);
                Directories.remove(scratch);
            } catch (IOException | UncheckedIOException e) {
                // A server that has not quite ended still writes, or its run removes the same files.
                continue;
            }
        }
        if (Files.exists(scratch)) {
            System.err.println("left behind: " + scratch);
        }
    }
}
