package dev.cairn.bench.work;

import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Server;
import dev.cairn.bench.process.Waiting;
import java.io.IOException;
import java.util.List;

/**
 * An empty server is started and left alone, and then has many clients.
 *
 * @param clients of the load
 * @param connections of the load
 * @param loads what they do, one after the other, as etcd's tool is told it
 */
record Memory(Heading heading, int clients, int connections, List<List<String>> loads) implements Scenario {
    static final Figure IDLE = Figure.of("RSS idle", "MiB");
    private static final Figure OWN_IDLE = Figure.of("own memory idle", "MiB");
    private static final Figure PEAK = Figure.of("peak RSS under load", "MiB");
    private static final Figure OWN = Figure.of("own memory after load", "MiB");

    private static final double IDLE_SECONDS = 5;
    private static final double GUESS_PER_SECOND = 5_000;

    @Override
    public double seconds(Plan plan) {
        return Plan.AROUND_SECONDS + IDLE_SECONDS + loads.size() * (plan.warmUpSeconds() + plan.closed());
    }

    @Override
    public Sample run(Run run) throws IOException {
        try (Members members = run.start(setting())) {
            Server server = members.first();
            Waiting.pauseSeconds(IDLE_SECONDS);
            Sample sample = new Sample()
                    .add(Figures.START, members.startMillis())
                    .add(IDLE, server.usage().residentMebibytes())
                    .add(OWN_IDLE, server.usage().ownMebibytes());
            for (List<String> load : loads) {
                double rate = run.warmUp(members, load, clients, connections, GUESS_PER_SECOND);
                run.closedLoop(
                        members,
                        load,
                        clients,
                        connections,
                        Run.total(rate, run.plan().closed(), clients));
            }
            return sample.add(PEAK, server.usage().peakMebibytes())
                    .add(OWN, server.usage().ownMebibytes());
        }
    }
}
