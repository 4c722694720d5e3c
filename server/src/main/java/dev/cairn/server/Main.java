package dev.cairn.server;

import dev.cairn.failpoint.FailPoints;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.server.api.DiscoveryException;
import dev.cairn.server.api.EtcdVersion;
import dev.cairn.server.api.StartException;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.DiscoveryUrl;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.Notice;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.discovery.DiscoveryAdvice;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.logging.Logs;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.names.SystemNames;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.peer.PeerPort;
import dev.cairn.server.systemd.ServiceManager;
import dev.cairn.server.tls.PeerTls;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code etcd} command: reads the configuration, runs one member, ends as etcd would. The only class that ends the
 * process.
 */
public final class Main {
    private static final int EXIT_FAILURE = 1;

    /** As a Go program that panics. */
    private static final int EXIT_PANIC = 2;

    /** How long calls in work may take to end when the process is told to. */
    private static final Duration STOP_GRACE = Duration.ofSeconds(1);

    /** How long a member that has been removed from its cluster stays. */
    private static final Duration REMOVED_GRACE = Duration.ofSeconds(1);

    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        SystemNames.forgetMisses();
        Integer ended = Subcommand.runNamed(List.of(arguments));
        if (ended != null) {
            System.exit(ended);
        }
        openFailPoints();
        Outcome outcome = CommandLine.read(List.of(arguments), System.getenv());
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

    /** Before anything else, so that every place is under control from the start. */
    private static void openFailPoints() {
        IntConsumer exit = FailPoints.areAny() ? AbruptExit.find() : Runtime.getRuntime()::halt;
        String refusal = FailPoints.open(System.getenv(), message -> {
            System.err.println("panic: " + message);
            exit.accept(EXIT_PANIC);
        });
        if (refusal != null) {
            System.out.println(refusal);
            System.exit(EXIT_FAILURE);
        }
    }

    private static void run(ServerConfig config) throws InterruptedException {
        // The store's library takes as long to load as all that comes before it is needed, so the two share the time.
        Thread preload = new Thread(StoreOptions::preloadLmdb, "etcd-preload");
        preload.setDaemon(true);
        preload.start();
        Logger log = LoggerFactory.getLogger(Main.class);
        openLog(config, log);
        try {
            for (Notice notice : config.notices()) {
                Logs.write(log, notice);
            }
            log.atInfo()
                    .setMessage("starting an etcd server")
                    .addKeyValue("etcd-version", EtcdVersion.SERVER)
                    .addKeyValue("java-version", Runtime.version())
                    .addKeyValue("name", config.name())
                    .addKeyValue("data-dir", config.dataDir())
                    .addKeyValue("listen-client-urls", texts(config.listenClientUrls()))
                    .addKeyValue("advertise-client-urls", texts(config.advertiseClientUrls()))
                    .addKeyValue("initial-cluster", config.initialCluster())
                    .log();
            if (Files.isDirectory(config.memberDir())) {
                log.atInfo()
                        .setMessage("server has already been initialized")
                        .addKeyValue("data-dir", config.dataDir())
                        .addKeyValue("dir-type", "member")
                        .log();
            }
            serve(config, log);
        } catch (DiscoveryException e) {
            Optional<DiscoveryUrl> url = config.discoveryUrl();
            if (url.isPresent()) {
                DiscoveryAdvice.write(log, config, url.get(), e);
                System.exit(EXIT_FAILURE);
            }
            config.discovery()
                    .ifPresent(discovery -> log.atWarn()
                            .setMessage("failed to bootstrap; discovery token was already used")
                            .addKeyValue("discovery-token", discovery.token())
                            .addKeyValue("discovery-endpoints", discovery.endpoints())
                            .addKeyValue("error", e.getMessage())
                            .log());
            log.atWarn().log("do not reuse discovery token; generate a new one to bootstrap a cluster");
            System.exit(EXIT_FAILURE);
        } catch (IOException | StartException | RuntimeException | Error e) {
            // Whatever keeps the server from starting ends the process: half a server serves nobody.
            log.atError()
                    .addMarker(Logs.FATAL)
                    .setMessage("discovery failed")
                    .addKeyValue(
                            "error",
                            e instanceof RuntimeException || e instanceof Error ? e.toString() : e.getMessage())
                    .log();
            System.exit(EXIT_FAILURE);
        }
    }

    /** A log that cannot be written is a mistake in the flags. */
    private static void openLog(ServerConfig config, Logger log) {
        try {
            Logs.open(config.log());
        } catch (IOException e) {
            config.notices().stream()
                    .filter(notice -> notice.message().equals(Notice.RUNNING))
                    .forEach(notice -> Logs.write(log, notice));
            log.atWarn()
                    .setMessage("failed to verify flags")
                    .addKeyValue("error", e.getMessage())
                    .log();
            System.exit(EXIT_FAILURE);
        }
    }

    /** Runs until the process is told to stop. */
    private static void serve(ServerConfig config, Logger log)
            throws IOException, StartException, InterruptedException {
        AtomicBoolean stopping = new AtomicBoolean();
        CompletableFuture<ClientPort.Content> content = new CompletableFuture<>();
        EventLoops loops = EventLoops.open();
        CompletableFuture<HttpHandler> peerContent = new CompletableFuture<>();
        CompletableFuture<EtcdServer> member = new CompletableFuture<>();
        PeerTls peerTls = PeerTls.of(config);
        PeerPort peers = PeerPort.bind(
                config,
                loops,
                peerTls.listeners(),
                peerContent::join,
                () -> member.join().newRaftHandler());
        log.atInfo()
                .setMessage("configuring client listeners")
                .addKeyValue("listen-client-urls", texts(config.listenClientUrls()))
                .log();
        ClientPort port = ClientPort.bind(config, loops, content::join);
        Metrics metrics = new Metrics();
        EtcdServer server = new EtcdServer(
                config, metrics, loops, peerTls, (thread, failure) -> fail(log, stopping, thread, failure));
        member.complete(server);
        content.complete(new ClientContent(config, server, metrics).content());
        peerContent.complete(PeerContent.of(server));
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> stop(log, stopping, peers, port, server, loops), "etcd-stop"));
        peers.serve();
        log.atInfo()
                .setMessage("now serving peer/client/metrics")
                .addKeyValue("initial-advertise-peer-urls", texts(config.initialAdvertisePeerUrls()))
                .addKeyValue("listen-peer-urls", texts(config.listenPeerUrls()))
                .addKeyValue("advertise-client-urls", texts(config.advertiseClientUrls()))
                .addKeyValue("listen-client-urls", texts(config.listenClientUrls()))
                .addKeyValue("listen-metrics-urls", texts(config.listenMetricsUrls()))
                .log();
        CompletableFuture.anyOf(server.published(), server.removed()).join();
        if (!server.removed().isDone()) {
            port.serve();
            log.atInfo().log("ready to serve client requests");
            ServiceManager.announceReady(log);
        }
        server.removed().join();
        // Whoever asked for the removal is still to be answered, and the others to be told.
        TimeUnit.NANOSECONDS.sleep(REMOVED_GRACE.toNanos());
        log.atWarn()
                .setMessage("server error")
                .addKeyValue("error", "the member has been permanently removed from the cluster")
                .log();
        log.atWarn().log("data-dir used by this member must be removed");
        System.exit(0);
    }

    private static void stop(
            Logger log, AtomicBoolean stopping, PeerPort peers, ClientPort port, EtcdServer server, EventLoops loops) {
        stopping.set(true);
        if (!server.removed().isDone()) {
            log.atInfo().log("received signal; shutting down");
        }
        log.atInfo().log("closing etcd server");
        server.handOver();
        server.endStreams();
        port.stop(STOP_GRACE, server::refuseWaiting);
        log.atInfo().log("stopping serving peer traffic");
        peers.stop(STOP_GRACE);
        log.atInfo().log("stopped serving peer traffic");
        server.close();
        loops.close();
        log.atInfo().log("closed etcd server");
        if (ProcessHandle.current().pid() == 1) {
            // As the first process of a container it has done what it was told to; etcd says so too.
            Runtime.getRuntime().halt(0);
        }
    }

    /** The member cannot go on: what its memory holds can no longer be trusted, so nothing more is written. */
    private static void fail(Logger log, AtomicBoolean stopping, String thread, Throwable failure) {
        log.atError()
                .addMarker(Logs.FATAL)
                .setMessage("the server cannot go on and stops at once")
                .addKeyValue("thread", thread)
                .addKeyValue("reason", rootOf(failure).toString())
                .setCause(failure)
                .log();
        if (!stopping.get()) {
            Runtime.getRuntime().halt(EXIT_FAILURE);
        }
    }

    private static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    private static List<String> texts(List<EtcdUrl> urls) {
        return urls.stream().map(EtcdUrl::text).toList();
    }
}
