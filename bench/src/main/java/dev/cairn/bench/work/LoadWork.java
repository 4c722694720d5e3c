package dev.cairn.bench.work;

import dev.cairn.bench.load.ClosedLoop;
import dev.cairn.bench.load.Filling;
import dev.cairn.bench.load.Keys;
import dev.cairn.bench.load.OpenLoop;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Setting;
import dev.cairn.bench.process.Waiting;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Many clients of etcd's own tool, and requests at a steady rate: after them, or meanwhile.
 *
 * @param keys how many keys there are before, {@code 00000000} and so on
 * @param clients of the closed loop, each of which waits for its answer
 * @param connections of both loops
 * @param command what etcd's tool is told, without clients, connections and number of requests
 * @param guessPerSecond what a slow machine may answer in a second; only the first moments of the warm-up go by it
 * @param meanwhile whether the steady requests are made while the clients are at it, which then write
 * @param steady the requests at a steady rate; null where only the clients make sense
 */
record LoadWork(
        Heading heading,
        Setting setting,
        int keys,
        int clients,
        int connections,
        List<String> command,
        double guessPerSecond,
        boolean meanwhile,
        @Nullable Steady steady)
        implements Work {
    /** More than anybody waits for. */
    private static final long ENDLESS = 1_000_000_000;

    private static final int OPERATIONS_OF_CPU = 100_000;

    /** Below what either server can do on a small machine. */
    record Steady(double perSecond, OpenLoop.Request request) {}

    @Override
    public double seconds(Plan plan) {
        double open = steady == null ? 0 : plan.open() + plan.clientWarmUp();
        double warmUp = plan.warmUpSeconds(setting.members());
        return Plan.AROUND_SECONDS + Filling.seconds(keys) + open + (meanwhile ? warmUp : warmUp + plan.closed());
    }

    @Override
    public Sample run(Run run) throws IOException {
        try (Members members = run.start(setting)) {
            Filling.keys(members, keys);
            return meanwhile ? meanwhile(run, members) : inTurn(run, members);
        }
    }

    private Sample inTurn(Run run, Members members) throws IOException {
        double rate = run.warmUp(members, command, clients, connections, guessPerSecond);
        long total = Run.total(rate, run.plan().closed(), clients);
        double written = members.bytesWritten();
        double cpu = members.cpuSeconds();
        ClosedLoop closed = run.closedLoop(members, command, clients, connections, total);
        cpu = members.cpuSeconds() - cpu;
        written = members.bytesWritten() - written;
        return sample(members, closed, total, cpu, written, steadily(run, members));
    }

    /** How much the clients have done meanwhile, the store's revision tells. */
    private Sample meanwhile(Run run, Members members) throws IOException {
        run.warmUp(members, command, clients, connections, guessPerSecond);
        Process others =
                ClosedLoop.start(run.tool(), members.reach(), Run.arguments(command, clients, connections, ENDLESS));
        try {
            // What is measured begins when they have.
            long before = revision(members);
            Waiting.until("clients write", () -> revision(members) > before + clients);
            double written = members.bytesWritten();
            double cpu = members.cpuSeconds();
            long revision = revision(members);
            long began = System.nanoTime();
            Histogram nanos = steadily(run, members);
            double done = revision(members) - revision;
            ClosedLoop closed = new ClosedLoop(done * 1e9 / (System.nanoTime() - began), Double.NaN, Double.NaN);
            cpu = members.cpuSeconds() - cpu;
            return sample(members, closed, done, cpu, members.bytesWritten() - written, nanos);
        } finally {
            others.destroyForcibly();
        }
    }

    /** Null when the work has none. */
    private @Nullable Histogram steadily(Run run, Members members) throws IOException {
        if (steady == null) {
            return null;
        }
        try (OpenLoop open = new OpenLoop(members, connections, steady.request())) {
            return run.steadily(open, steady.perSecond()).withoutFailure();
        }
    }

    private static Sample sample(
            Members members, ClosedLoop closed, double done, double cpu, double written, @Nullable Histogram nanos)
            throws IOException {
        return new Sample()
                .add(Figures.THROUGHPUT, closed.perSecond())
                .add(Figures.CPU, cpu * OPERATIONS_OF_CPU / done)
                .add(Figures.P50, closed.p50Millis())
                .add(Figures.P99, closed.p99Millis())
                .add(Figures.STEADY_P50, millis(nanos, 50))
                .add(Figures.STEADY_P99, millis(nanos, 99))
                .add(Figures.STEADY_P999, millis(nanos, 99.9))
                .add(Figures.WRITTEN, written / done)
                .add(Figures.RESIDENT, members.residentMebibytes())
                .add(Figures.OWN, members.ownMebibytes());
    }

    private static double millis(@Nullable Histogram nanos, double percentile) {
        return nanos == null ? Double.NaN : nanos.getValueAtPercentile(percentile) / 1e6;
    }

    private static long revision(Members members) {
        ManagedChannel channel = members.open(0);
        try {
            RangeRequest any = RangeRequest.newBuilder()
                    .setKey(Keys.key(0))
                    .setSerializable(true)
                    .build();
            return KVGrpc.newBlockingStub(channel).range(any).getHeader().getRevision();
        } finally {
            channel.shutdownNow();
        }
    }
}
