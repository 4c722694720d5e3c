package dev.cairn.bench.work;

import dev.cairn.bench.load.Filling;
import dev.cairn.bench.load.Keys;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Server;
import dev.cairn.bench.process.Setting;
import dev.cairn.bench.process.Waiting;
import io.grpc.StatusRuntimeException;
import java.io.IOException;

/**
 * A follower of three is away while others write; timed is from its start to the moment at which it has applied what the leader had then.
 *
 * @param puts how many it misses
 */
record CatchUp(Heading heading, int puts) implements Scenario {
    private static final Figure TOOK = Figure.of("catching up", "s");
    private static final Figure CPU = Figure.of("CPU of the follower", "s");

    /** So many that entries are large, and yet many. */
    private static final int PUTS_PER_TXN = 10;

    @Override
    public Setting setting() {
        return Setting.THREE_MEMBERS;
    }

    @Override
    public double seconds(Plan plan) {
        return 2 * Plan.AROUND_SECONDS + PUTS_PER_TXN * Filling.seconds(plan.count(puts));
    }

    @Override
    public Sample run(Run run) throws IOException {
        try (Members members = run.start(setting())) {
            Server leader = members.leader();
            Server follower = members.all().stream()
                    .filter(server -> server != leader)
                    .findFirst()
                    .orElseThrow();
            follower.stop();
            Filling.puts(
                    number -> members.open(leader),
                    run.plan().count(puts),
                    PUTS_PER_TXN,
                    number -> Keys.put(number % Keys.SPACE));
            long wanted = members.status(leader).getRaftIndex();
            follower.start();
            Waiting.until("the follower has caught up", () -> {
                try {
                    return members.status(follower).getRaftAppliedIndex() >= wanted;
                } catch (StatusRuntimeException notYet) {
                    return false;
                }
            });
            return new Sample()
                    .add(TOOK, (System.nanoTime() - follower.launchedAtNanos()) / 1e9)
                    .add(CPU, follower.usage().cpuSeconds());
        }
    }
}
