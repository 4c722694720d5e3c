package dev.cairn.bench.work;

import dev.cairn.bench.load.ClosedLoop;
import dev.cairn.bench.load.OpenLoop;
import dev.cairn.bench.process.Members;
import dev.cairn.bench.process.Setting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a work is run with. Immutable.
 *
 * @param server the binary of the server whose turn it is
 * @param oracle the directory of etcd's tools and certificates
 * @param scratch where data is put
 */
public record Run(Path server, Path oracle, Path scratch, Plan plan) {
    /** What a run of etcd's tool lasts at least, so that its clients have all begun. */
    private static final double CHUNK_SECONDS = 1;

    Members start(Setting setting) throws IOException {
        return Members.start(setting, server, oracle.resolve("fixtures"), scratch);
    }

    Path tool() {
        return oracle.resolve("benchmark");
    }

    /**
     * Warms the servers up with so many clients.
     *
     * @param guess requests that they may answer in a second
     * @return the rate at the end; the guess if nothing is warmed up
     */
    double warmUp(Members members, List<String> command, int clients, int connections, double guess)
            throws IOException {
        // A JVM compiles by what it has seen, so this goes by time: a few thousand requests are none. Halves of what is
        // left, for the rate grows.
        double rate = guess;
        double planned = plan.warmUpSeconds(members.all().size());
        long end = System.nanoTime() + (long) (planned * 1e9);
        for (double left = planned; left > 0; left = (end - System.nanoTime()) / 1e9) {
            double seconds = Math.min(left, Math.max(CHUNK_SECONDS, left / 2));
            rate = closedLoop(members, command, clients, connections, total(rate, seconds, clients))
                    .perSecond();
        }
        return rate;
    }

    /** So many requests that they take about so long; one for each client at least. */
    static long total(double perSecond, double seconds, int clients) {
        return Math.max(clients, (long) (perSecond * seconds));
    }

    ClosedLoop closedLoop(Members members, List<String> command, int clients, int connections, long total)
            throws IOException {
        return ClosedLoop.run(tool(), members.reach(), arguments(command, clients, connections, total));
    }

    static List<String> arguments(List<String> command, int clients, int connections, long total) {
        List<String> arguments = new ArrayList<>(command);
        arguments.add("--clients=" + clients);
        arguments.add("--conns=" + connections);
        arguments.add("--total=" + total);
        return arguments;
    }

    /** The open loop for as long as is planned; this JVM has learnt it before. */
    OpenLoop.Answers steadily(OpenLoop open, double perSecond) throws IOException {
        if (plan.clientWarmUp() > 0) {
            open.run(perSecond, plan.clientWarmUp()).withoutFailure();
        }
        return open.run(perSecond, plan.open());
    }
}
