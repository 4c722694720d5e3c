package dev.cairn.bench;

import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code bench/run}. */
@Command(
        name = "bench/run",
        description = "Runs our server and a real etcd in turn under the same loads, and reports what both did.",
        mixinStandardHelpOptions = true)
public final class Bench implements Callable<Integer> {
    private static final int PUTS_PER_TXN = 100;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Option(names = "--ours", required = true, description = "Our server's start script.")
    private Path ours = Path.of("");

    @Option(names = "--oracle", required = true, description = "The directory of etcd and its tool 'benchmark'.")
    private Path oracle = Path.of("");

    @Option(names = "--pairs", defaultValue = "5", description = "Runs of each server and work (${DEFAULT-VALUE}).")
    private int pairs;

    @Option(
            names = "--share",
            defaultValue = "1",
            description =
                    "Only every so many of the operations, and of the seconds at a steady rate (${DEFAULT-VALUE}).")
    private int share;

    @Option(
            names = "--seconds",
            defaultValue = "15",
            description = "How long the steady rate lasts (${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = "--cold", description = "Measures from the first request on, without a warm-up.")
    private boolean cold;

    @Option(
            names = "--work",
            description = "Only this work; may be repeated. One of: ${COMPLETION-CANDIDATES}",
            completionCandidates = WorkNames.class)
    private List<String> names = List.of();

    @Option(names = "--report", description = "The directory that gets table, plot and raw results.")
    private Optional<Path> report = Optional.empty();

    /** The names of all works. */
    static final class WorkNames extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        WorkNames() {
            Work.ALL.forEach(work -> add('"' + work.name() + '"'));
        }
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Bench()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        List<Work> works = new ArrayList<>();
        for (String name : names) {
            Work work = Work.named(name);
            if (work == null) {
                throw new CommandLine.ParameterException(
                        spec.commandLine(), "no work is called \"" + name + "\"; there are " + new WorkNames());
            }
            works.add(work);
        }
        PrintStream progress = System.err;
        Report results = new Report(pairs, cold);
        Path scratch = Files.createTempDirectory("bench-");
        for (Work work : works.isEmpty() ? Work.ALL : works) {
            for (int pair = 0; pair < pairs; pair++) {
                // Who is first meets a disk and a machine in another state: that changes from pair to pair.
                boolean etcdFirst = pair % 2 == 0;
                Sample first = run(etcdFirst ? oracle.resolve("etcd") : ours, scratch, work);
                Sample second = run(etcdFirst ? ours : oracle.resolve("etcd"), scratch, work);
                results.add(work, etcdFirst ? second : first, etcdFirst ? first : second);
                progress.println(results.lastPair(work));
            }
        }
        Files.delete(scratch);
        System.out.println(results.table());
        if (report.isPresent()) {
            results.write(report.get());
        }
        return 0;
    }

    private Sample run(Path binary, Path scratch, Work work) throws IOException {
        try (Server server = new Server(binary, scratch)) {
            fill(server, work.keys());
            Path tool = oracle.resolve("benchmark");
            if (!cold) {
                ClosedLoop.run(tool, server.endpoint(), work.closedLoop(share));
            }
            double cpu = server.cpuSeconds();
            long written = server.bytesWritten();
            ClosedLoop closed = ClosedLoop.run(tool, server.endpoint(), work.closedLoop(share));
            double operations = Math.max(1, work.operations() / share);
            cpu = (server.cpuSeconds() - cpu) * 100_000 / operations;
            double bytes = (server.bytesWritten() - written) / operations;
            OpenLoop.Request request = work.request();
            double p50 = Double.NaN;
            double p99 = Double.NaN;
            double p999 = Double.NaN;
            if (request != null) {
                OpenLoop open = new OpenLoop(server.endpoint(), work.connections(), request);
                if (!cold) {
                    // This JVM has to learn it too.
                    open.run(work.openPerSecond(), Math.min(3, seconds / share));
                }
                Histogram nanos = open.run(work.openPerSecond(), seconds / share);
                p50 = nanos.getValueAtPercentile(50) / 1e6;
                p99 = nanos.getValueAtPercentile(99) / 1e6;
                p999 = nanos.getValueAtPercentile(99.9) / 1e6;
            }
            return new Sample(
                    closed.perSecond(),
                    closed.p50Millis(),
                    closed.p99Millis(),
                    cpu,
                    bytes,
                    p50,
                    p99,
                    p999,
                    server.residentMebibytes());
        }
    }

    private static void fill(Server server, int keys) {
        if (keys == 0) {
            return;
        }
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(server.endpoint()).usePlaintext().build();
        try {
            KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(channel);
            for (int from = 0; from < keys; from += PUTS_PER_TXN) {
                TxnRequest.Builder txn = TxnRequest.newBuilder();
                for (int key = from; key < Math.min(keys, from + PUTS_PER_TXN); key++) {
                    txn.addSuccess(RequestOp.newBuilder().setRequestPut(Work.putRequest(key)));
                }
                kv.txn(txn.build());
            }
        } finally {
            channel.shutdownNow();
        }
    }
}
