package dev.cairn.bench.work;

import dev.cairn.bench.load.Filling;
import dev.cairn.bench.load.Keys;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Server;
import dev.cairn.bench.process.Waiting;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A filled server is ended and started again, several times, each until it has answered a linearizable get. The kernel has its files in memory.
 *
 * @param keys how many it has
 */
record Restart(Heading heading, int keys) implements Scenario {
    static final Figure READ = Figure.of("exec to first linearizable read", "ms");
    static final Figure RESIDENT = Figure.of("RSS after restart", "MiB");
    private static final Figure READY = Figure.of("exec to serving", "ms");
    private static final Figure OWN = Figure.of("own memory after restart", "MiB");

    private static final int TIMES = 3;
    private static final long SETTLE_MILLIS = 2_000;

    @Override
    public double seconds(Plan plan) {
        // The first, and the puts until a snapshot.
        double again = 4 + plan.count(keys) / 400_000.0;
        return Plan.AROUND_SECONDS + Filling.seconds(plan.count(keys)) + TIMES * again;
    }

    @Override
    public Sample run(Run run) throws IOException {
        int count = run.plan().count(keys);
        try (Members members = run.start(setting())) {
            Filling.keys(members, count);
            Filling.untilSnapshot(members);
            // What this JVM learns with the first call is not the server's.
            get(members, count);
            List<Double> ready = new ArrayList<>();
            List<Double> read = new ArrayList<>();
            List<Double> resident = new ArrayList<>();
            List<Double> own = new ArrayList<>();
            Server server = members.first();
            for (int i = 0; i < TIMES; i++) {
                server.stop();
                ready.add(server.start());
                get(members, count);
                read.add((System.nanoTime() - server.launchedAtNanos()) / 1e6);
                Waiting.pause(SETTLE_MILLIS);
                resident.add(server.usage().residentMebibytes());
                own.add(server.usage().ownMebibytes());
            }
            return new Sample()
                    .add(READ, Quantiles.median(read))
                    .add(READY, Quantiles.median(ready))
                    .add(RESIDENT, Quantiles.median(resident))
                    .add(OWN, Quantiles.median(own));
        }
    }

    private static void get(Members members, int count) throws IOException {
        ManagedChannel channel = members.open(0);
        try {
            RangeRequest last =
                    RangeRequest.newBuilder().setKey(Keys.key(count - 1)).build();
            if (KVGrpc.newBlockingStub(channel).range(last).getKvsCount() != 1) {
                throw new IOException("the last key is not there");
            }
        } finally {
            channel.shutdownNow();
        }
    }
}
