package dev.cairn.bench.work;

import dev.cairn.bench.load.Drained;
import dev.cairn.bench.load.Filling;
import dev.cairn.bench.load.Keys;
import dev.cairn.bench.load.OpenLoop;
import dev.cairn.bench.load.Requests;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Waiting;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.DefragmentRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import io.grpc.ManagedChannel;
import java.io.IOException;

/**
 * A snapshot, a compaction of all but the last version of each key, and a defragmentation, one after the other on a store with much history, while
 * puts and gets are due at a steady rate. Before each of them the same requests are made without it.
 *
 * @param versions how many there are of all keys together
 */
record Housekeeping(Heading heading, int versions) implements Scenario {
    static final Chore SNAPSHOT = new Chore("snapshot");
    static final Chore COMPACTION = new Chore("compaction");
    static final Chore DEFRAGMENTATION = new Chore("defragmentation");

    private static final int VERSIONS_PER_KEY = 50;
    private static final int KEYS_MIN = 100;
    private static final int PER_SECOND = 1000;
    private static final int CONNECTIONS = 10;
    private static final double LONG_MILLIS = 50;

    /** What is over sooner is watched for that long. */
    private static final long SHORTEST_NANOS = 1_000_000_000;

    /** The figures of one of the three. */
    record Chore(
            Figure took,
            Figure cpu,
            Figure p99Before,
            Figure p99During,
            Figure maxBefore,
            Figure maxDuring,
            Figure longBefore,
            Figure longDuring,
            Figure longer,
            Figure failed) {
        Chore(String name) {
            this(
                    Figure.of(name + " took", "s"),
                    Figure.of(name + ", CPU meanwhile", "s"),
                    Figure.of(name + ", p99 before", "ms"),
                    Figure.of(name + ", p99 during", "ms"),
                    Figure.of(name + ", longest before", "ms"),
                    Figure.of(name + ", longest during", "ms"),
                    Figure.of(name + ", requests over 50 ms before", ""),
                    Figure.of(name + ", requests over 50 ms during", ""),
                    Figure.of(name + ", requests over 50 ms beyond the share of before", ""),
                    Figure.of(name + ", failed requests", ""));
        }
    }

    private interface Action {
        void run() throws IOException;
    }

    @Override
    public double seconds(Plan plan) {
        // Real etcd needs some twelve seconds for a million versions to compact, and a few to defragment.
        double chores = plan.count(versions) / 60_000.0;
        return Plan.AROUND_SECONDS
                + Filling.seconds(plan.count(versions))
                + plan.warmUpSeconds()
                + 3 * plan.open()
                + chores;
    }

    @Override
    public Sample run(Run run) throws IOException {
        Plan plan = run.plan();
        int count = plan.count(versions);
        int keys = Math.max(KEYS_MIN, count / VERSIONS_PER_KEY);
        try (Members members = run.start(setting())) {
            long last = Filling.puts(members, count, number -> Keys.put(number % keys));
            ManagedChannel channel = members.open(0);
            OpenLoop.Request request = Requests.alternately(Requests.put(), Requests.get(false));
            try (OpenLoop load = new OpenLoop(members, CONNECTIONS, request)) {
                if (!plan.cold()) {
                    load.run(PER_SECOND, plan.warmUpSeconds()).withoutFailure();
                }
                Sample sample = new Sample();
                measure(sample, SNAPSHOT, members, load, plan, () -> Drained.snapshot(channel));
                CompactionRequest compaction = CompactionRequest.newBuilder()
                        .setRevision(last)
                        .setPhysical(true)
                        .build();
                measure(
                        sample,
                        COMPACTION,
                        members,
                        load,
                        plan,
                        () -> KVGrpc.newBlockingStub(channel).compact(compaction));
                measure(
                        sample,
                        DEFRAGMENTATION,
                        members,
                        load,
                        plan,
                        () -> MaintenanceGrpc.newBlockingStub(channel)
                                .defragment(DefragmentRequest.getDefaultInstance()));
                return sample.add(Figures.RESIDENT, members.residentMebibytes())
                        .add(Figures.OWN, members.ownMebibytes());
            } finally {
                channel.shutdownNow();
            }
        }
    }

    private static void measure(Sample sample, Chore chore, Members members, OpenLoop load, Plan plan, Action action)
            throws IOException {
        OpenLoop.Answers before = load.run(PER_SECOND, plan.open());
        before.withoutFailure();
        double cpu = members.cpuSeconds();
        OpenLoop.Running running = load.start(PER_SECOND);
        long began = System.nanoTime();
        action.run();
        long took = System.nanoTime() - began;
        Waiting.pause(Math.max(0, SHORTEST_NANOS - took) / 1_000_000);
        OpenLoop.Answers during = running.end();
        cpu = members.cpuSeconds() - cpu;
        long longBefore = before.longerThan(LONG_MILLIS);
        long longDuring = during.longerThan(LONG_MILLIS);
        double usual = (double) longBefore
                * during.nanos().getTotalCount()
                / before.nanos().getTotalCount();
        sample.add(chore.took(), took / 1e9)
                .add(chore.cpu(), cpu)
                .add(chore.p99Before(), before.millis(99))
                .add(chore.p99During(), during.millis(99))
                .add(chore.maxBefore(), before.millis(100))
                .add(chore.maxDuring(), during.millis(100))
                .add(chore.longBefore(), longBefore)
                .add(chore.longDuring(), longDuring)
                .add(chore.longer(), Math.max(0, longDuring - usual))
                // A server that stands still for long refuses what it cannot do in time.
                .add(chore.failed(), during.failed());
    }
}
