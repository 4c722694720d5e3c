package dev.cairn.server;

import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Notice;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.Router;
import dev.cairn.server.logging.Logs;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.net.EventLoops;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the process: reads the configuration, opens the log and the client port. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws InterruptedException {
        Outcome outcome = CommandLine.read(List.of(args), System.getenv());
        if (outcome instanceof Outcome.Exit exit) {
            System.out.print(exit.stdout());
            System.out.flush();
            System.err.print(exit.stderr());
            System.err.flush();
            if (!exit.notices().isEmpty()) {
                Logger log = LoggerFactory.getLogger(Main.class);
                exit.notices().forEach(notice -> Logs.write(log, notice));
            }
            System.exit(exit.status());
        } else if (outcome instanceof Outcome.Start start) {
            run(start.config());
        }
    }

    private static void run(ServerConfig config) throws InterruptedException {
        Logger log = LoggerFactory.getLogger(Main.class);
        EventLoops loops = EventLoops.open();
        ClientPort port;
        try {
            Logs.open(config.log());
            for (Notice notice : config.notices()) {
                Logs.write(log, notice);
            }
            Router router = Router.guarded(config.corsOrigins(), config.hostWhitelist());
            port = ClientPort.bind(
                    config, loops, new ClientPort.Content(List.of(), List.of(), List.of(), router, Router.plain()));
        } catch (IOException e) {
            log.atError()
                    .addMarker(Logs.FATAL)
                    .setMessage("discovery failed")
                    .addKeyValue("error", e.getMessage())
                    .log();
            System.exit(1);
            return;
        }
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            port.stop(Duration.ofSeconds(1));
                            loops.close();
                        },
                        "etcd-stop"));
        port.serve();
        log.atInfo().log("ready to serve client requests");
        new CountDownLatch(1).await();
    }
}
