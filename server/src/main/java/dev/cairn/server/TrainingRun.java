package dev.cairn.server;

import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.tls.PeerTls;
import java.util.List;

/**
 * From what {@code bin/etcd} records the class cache: a member that is founded, ends, and is started again as {@link Main} does, so that the cache has
 * the classes for both. It is for a data directory to throw away.
 */
public final class TrainingRun {
    private TrainingRun() {}

    /** @param arguments those of a server that is to be founded */
    public static void main(String[] arguments) throws Exception {
        if (CommandLine.read(List.of(arguments), System.getenv()) instanceof Outcome.Start start) {
            foundAndEnd(start.config());
        }
        Main.main(arguments);
    }

    private static void foundAndEnd(ServerConfig config) throws Exception {
        EventLoops loops = EventLoops.open();
        EtcdServer server = new EtcdServer(
                config,
                new Metrics(),
                loops,
                PeerTls.of(config),
                (thread, failure) -> Runtime.getRuntime().halt(1));
        server.published().join();
        server.close();
        loops.close();
    }
}
