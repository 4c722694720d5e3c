package dev.cairn.bench;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
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
import org.jspecify.annotations.Nullable;
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

    @Option(
            names = "--warm-up",
            defaultValue = "20",
            description =
                    "Seconds of the same work before what is measured, once to its end at least (${DEFAULT-VALUE}).")
    private double warmUpSeconds;

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
        Report results = new Report(pairs, cold, Machine.describe(ours, oracle.resolve("etcd")));
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
            return work.together() ? runTogether(server, work, tool) : runInTurn(server, work, tool);
        }
    }

    private Sample runInTurn(Server server, Work work, Path tool) throws IOException {
        if (!cold) {
            // A JVM compiles by what it has seen, so this goes by time: a few thousand requests are none.
            long end = System.nanoTime() + (long) (warmUpSeconds * 1e9);
            do {
                ClosedLoop.run(tool, server.endpoint(), work.closedLoop(share));
            } while (System.nanoTime() < end);
        }
        double cpu = server.cpuSeconds();
        long written = server.bytesWritten();
        ClosedLoop closed = ClosedLoop.run(tool, server.endpoint(), work.closedLoop(share));
        double operations = Math.max(1, work.operations() / share);
        cpu = server.cpuSeconds() - cpu;
        double bytes = server.bytesWritten() - written;
        return sample(server, closed, operations, cpu, bytes, steadily(server, work));
    }

    /** The steady requests while others do what they can; how much that is, the store's revision tells. */
    private Sample runTogether(Server server, Work work, Path tool) throws IOException {
        Process others = ClosedLoop.start(tool, server.endpoint(), work.closedLoop(1));
        try {
            if (!cold) {
                steadily(server, work);
            }
            double cpu = server.cpuSeconds();
            long written = server.bytesWritten();
            long revision = revision(server);
            long began = System.nanoTime();
            Histogram nanos = steadily(server, work);
            double operations = revision(server) - revision;
            ClosedLoop closed = new ClosedLoop(operations * 1e9 / (System.nanoTime() - began), Double.NaN, Double.NaN);
            cpu = server.cpuSeconds() - cpu;
            return sample(server, closed, operations, cpu, server.bytesWritten() - written, nanos);
        } finally {
            others.destroyForcibly();
        }
    }

    /** The open loop; null when the work has none. */
    private @Nullable Histogram steadily(Server server, Work work) throws IOException {
        OpenLoop.Request request = work.request();
        if (request == null) {
            return null;
        }
        OpenLoop open = new OpenLoop(server.endpoint(), work.connections(), request);
        if (!cold) {
            // This JVM has to learn it too.
            open.run(work.openPerSecond(), Math.min(3, seconds / share));
        }
        return open.run(work.openPerSecond(), seconds / share);
    }

    private static Sample sample(
            Server server, ClosedLoop closed, double operations, double cpu, double bytes, @Nullable Histogram nanos)
            throws IOException {
        return new Sample(
                closed.perSecond(),
                closed.p50Millis(),
                closed.p99Millis(),
                cpu * 100_000 / operations,
                bytes / operations,
                millis(nanos, 50),
                millis(nanos, 99),
                millis(nanos, 99.9),
                server.startMillis(),
                server.residentMebibytes());
    }

    private static double millis(@Nullable Histogram nanos, double percentile) {
        return nanos == null ? Double.NaN : nanos.getValueAtPercentile(percentile) / 1e6;
    }

    private static long revision(Server server) {
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(server.endpoint()).usePlaintext().build();
        try {
            RangeRequest any = RangeRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("any"))
                    .setSerializable(true)
                    .build();
            return KVGrpc.newBlockingStub(channel).range(any).getHeader().getRevision();
        } finally {
            channel.shutdownNow();
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
