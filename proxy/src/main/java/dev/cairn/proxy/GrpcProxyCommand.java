package dev.cairn.proxy;

import dev.cairn.proxy.flags.Flag;
import dev.cairn.proxy.flags.FlagValues;
import dev.cairn.proxy.flags.StartCommand;
import dev.cairn.proxy.rpc.GrpcProxy;
import dev.cairn.proxy.rpc.Upstream;
import dev.cairn.server.Subcommand;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.GoSyntax;
import dev.cairn.server.config.LogSettings;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.Router;
import dev.cairn.server.logging.Logs;
import dev.cairn.server.names.Names;
import dev.cairn.server.names.SystemNames;
import dev.cairn.server.names.UnknownNameException;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.profile.ProfilePages;
import dev.cairn.server.tls.TlsException;
import dev.cairn.server.tls.UpstreamTls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code etcd grpc-proxy}: answers calls for members. Runs on the main thread. */
public final class GrpcProxyCommand implements Subcommand {
    private static final int MESSAGE_SEND_BYTES = 1_572_864;
    private static final int PROFILES_WAITING_MAX = 16;
    private static final int PROFILE_IDLE_SECONDS = 10;

    static final StartCommand COMMAND = new StartCommand(
            "grpc-proxy",
            "the grpc proxy",
            List.of(
                    Flag.text("listen-addr", "127.0.0.1:23790", "listen address"),
                    Flag.text("discovery-srv", "", "domain name to query for SRV records describing cluster endpoints"),
                    Flag.text("discovery-srv-name", "", "service name to query when using DNS discovery"),
                    Flag.text("metrics-addr", "", "listen for endpoint /metrics requests on an additional interface"),
                    Flag.bool("insecure-discovery", "accept insecure SRV records"),
                    Flag.texts("endpoints", "127.0.0.1:2379", "comma separated etcd cluster endpoints"),
                    Flag.duration(
                            "endpoints-auto-sync-interval",
                            "0s",
                            "etcd endpoints auto sync interval (disabled by default)"),
                    Flag.duration(
                            "dial-keepalive-time",
                            "0s",
                            "keepalive time for client(grpc-proxy) connections (default 0, disable)."),
                    Flag.duration(
                            "dial-keepalive-timeout",
                            "20s",
                            "keepalive timeout for client(grpc-proxy) connections (default 20s)."),
                    Flag.bool(
                            "permit-without-stream",
                            "Enable client(grpc-proxy) to send keepalive pings even with no active RPCs."),
                    Flag.text(
                            "advertise-client-url",
                            "127.0.0.1:23790",
                            "advertise address to register (must be reachable by client)"),
                    Flag.text(
                            "resolver-prefix",
                            "",
                            "prefix to use for registering proxy (must be shared with other grpc-proxy members)"),
                    Flag.number(
                            "resolver-ttl",
                            Flag.Kind.INT,
                            0,
                            "specify TTL, in seconds, when registering proxy endpoints"),
                    Flag.text("namespace", "", "string to prefix to all keys for namespacing requests"),
                    Flag.bool(
                            "enable-pprof",
                            "Enable runtime profiling data via HTTP server. Address is at client URL + \"/debug/pprof/\""),
                    Flag.text("data-dir", "default.proxy", "Data directory for persistent data"),
                    Flag.number(
                            "max-send-bytes",
                            Flag.Kind.INT,
                            MESSAGE_SEND_BYTES,
                            "message send limits in bytes (default value is 1.5 MiB)"),
                    Flag.number(
                            "max-recv-bytes",
                            Flag.Kind.INT,
                            Integer.MAX_VALUE,
                            "message receive limits in bytes (default value is math.MaxInt32)"),
                    Flag.duration(
                            "grpc-keepalive-min-time",
                            "5s",
                            "Minimum interval duration that a client should wait before pinging proxy."),
                    Flag.duration(
                            "grpc-keepalive-interval",
                            "2h0m0s",
                            "Frequency duration of server-to-client ping to check if a connection is alive (0 to disable)."),
                    Flag.duration(
                            "grpc-keepalive-timeout",
                            "20s",
                            "Additional duration of wait before closing a non-responsive connection (0 to disable)."),
                    Flag.text(
                            "cert",
                            "",
                            "identify secure connections with etcd servers using this TLS certificate file"),
                    Flag.text("key", "", "identify secure connections with etcd servers using this TLS key file"),
                    Flag.text(
                            "cacert",
                            "",
                            "verify certificates of TLS-enabled secure etcd servers using this CA bundle"),
                    Flag.bool(
                            "insecure-skip-tls-verify",
                            "skip authentication of etcd server TLS certificates (CAUTION: this option should be enabled only for testing purposes)"),
                    Flag.text(
                            "cert-file",
                            "",
                            "identify secure connections to the proxy using this TLS certificate file"),
                    Flag.text("key-file", "", "identify secure connections to the proxy using this TLS key file"),
                    Flag.text(
                            "trusted-ca-file",
                            "",
                            "verify certificates of TLS-enabled secure proxy using this CA bundle"),
                    Flag.texts(
                            "listen-cipher-suites",
                            "",
                            "Comma-separated list of supported TLS cipher suites between client/proxy (empty will be auto-populated by Go)."),
                    Flag.bool("auto-tls", "proxy TLS using generated certificates"),
                    Flag.text("client-crl-file", "", "proxy client certificate revocation list file."),
                    Flag.number(
                            "self-signed-cert-validity",
                            Flag.Kind.UINT,
                            1,
                            "The validity period of the proxy certificates, unit is year"),
                    Flag.text(
                            "tls-min-version",
                            "TLS1.2",
                            "Minimum TLS version supported by grpc proxy. Possible values: TLS1.2, TLS1.3."),
                    Flag.text(
                            "tls-max-version",
                            "",
                            "Maximum TLS version supported by grpc proxy. Possible values: TLS1.2, TLS1.3 (empty defers to Go)."),
                    Flag.bool(
                            "experimental-serializable-ordering",
                            "Ensure serializable reads have monotonically increasing store revisions across endpoints."),
                    Flag.text(
                            "experimental-leasing-prefix",
                            "",
                            "leasing metadata prefix for disconnected linearized reads."),
                    Flag.bool("experimental-enable-grpc-logging", "logging all grpc requests and responses"),
                    Flag.bool("debug", "Enable debug-level logging for grpc-proxy."),
                    Flag.number(
                            "max-concurrent-streams",
                            Flag.Kind.UINT32,
                            0xffff_ffffL,
                            "Maximum concurrent streams that each client can open at a time.")));

    private final Names names = new SystemNames();

    /** Found as a service. */
    public GrpcProxyCommand() {}

    @Override
    public String name() {
        return "grpc-proxy";
    }

    @Override
    public int run(List<String> arguments) throws InterruptedException {
        StartCommand.Asked asked = COMMAND.read(arguments);
        if (asked instanceof StartCommand.Asked.Exit exit) {
            return Ending.print(exit);
        }
        FlagValues values = ((StartCommand.Asked.Start) asked).values();
        String refusal = refusal(values);
        if (refusal != null) {
            return Ending.failed(refusal + "\n");
        }
        try {
            Logs.open(new LogSettings(
                    values.bool("debug") ? "debug" : "info", "json", List.of("stderr"), Optional.empty()));
            return serve(values, LoggerFactory.getLogger(GrpcProxyCommand.class));
        } catch (ConfigException | UnknownNameException | IOException e) {
            return Ending.failed(e.getMessage() + "\n");
        }
    }

    /** What is wrong with the flags as they stand, in etcd's words and order; null for nothing. */
    private static @Nullable String refusal(FlagValues values) {
        String prefix = values.text("resolver-prefix");
        long ttl = values.number("resolver-ttl");
        if (!prefix.isEmpty() && ttl < 1) {
            return "invalid resolver-ttl " + ttl;
        }
        if (prefix.isEmpty() && ttl > 0) {
            return "invalid resolver-prefix \"\"";
        }
        if (!prefix.isEmpty() && values.text("advertise-client-url").isEmpty()) {
            return "invalid advertise-client-url \"\"";
        }
        if (values.bool("auto-tls") && values.number("self-signed-cert-validity") == 0) {
            return "selfSignedCertValidity is invalid,it should be greater than 0";
        }
        String lowest = values.text("tls-min-version");
        String highest = values.text("tls-max-version");
        for (String option : List.of("tls-min-version", "tls-max-version")) {
            String version = values.text(option);
            if (!List.of("", "TLS1.2", "TLS1.3").contains(version)) {
                return option + " is invalid: unexpected TLS version " + GoSyntax.quote(version)
                        + " (must be one of: TLS1.2, TLS1.3)";
            }
        }
        if (lowest.equals("TLS1.3") && highest.equals("TLS1.2")) {
            return "min version (" + lowest + ") is greater than max version (" + highest + ")";
        }
        if (lowest.equals("TLS1.3") && !values.texts("listen-cipher-suites").isEmpty()) {
            return "cipher suites cannot be configured when only TLS1.3 is enabled";
        }
        if (!values.text("experimental-leasing-prefix").isEmpty()) {
            return "--experimental-leasing-prefix is not supported: the proxy does not keep keys under leases of its own";
        }
        return null;
    }

    private int serve(FlagValues values, Logger log)
            throws ConfigException, UnknownNameException, IOException, InterruptedException {
        ServerConfig config = new PortSettings(values, names).config();
        EventLoops loops = EventLoops.open();
        CompletableFuture<ClientPort.Content> content = new CompletableFuture<>();
        ClientPort port;
        try {
            port = ClientPort.bind(config, loops, content::join);
        } catch (TlsException e) {
            log.atError()
                    .addMarker(Logs.FATAL)
                    .setMessage("failed to create TLS listener")
                    .addKeyValue("error", e.getMessage())
                    .log();
            return 1;
        }
        log.atInfo()
                .setMessage("listening for gRPC proxy client requests")
                .addKeyValue("address", values.text("listen-addr"))
                .log();
        GrpcProxy proxy = new GrpcProxy(settings(values, log), loops);
        content.complete(proxy.content(pages -> addProfiles(pages, values, log)));
        port.serve();
        log.atInfo()
                .setMessage("started gRPC proxy")
                .addKeyValue("address", values.text("listen-addr"))
                .log();
        Readiness.tell();
        // It runs until a signal ends the process; there is nothing to put in order.
        new CountDownLatch(1).await();
        return 0;
    }

    private static void addProfiles(Router pages, FlagValues values, Logger log) {
        if (!values.bool("enable-pprof")) {
            return;
        }
        ThreadPoolExecutor profiler = new ThreadPoolExecutor(
                1, 1, PROFILE_IDLE_SECONDS, TimeUnit.SECONDS, new ArrayBlockingQueue<>(PROFILES_WAITING_MAX), task -> {
                    Thread thread = new Thread(task, "etcd-profile");
                    thread.setDaemon(true);
                    return thread;
                });
        profiler.allowCoreThreadTimeOut(true);
        new ProfilePages(
                        profiler,
                        ProcessHandle.current().info().commandLine().stream().toList())
                .addTo(pages);
        log.atInfo()
                .setMessage("gRPC proxy enabled pprof")
                .addKeyValue("path", "/debug/pprof")
                .log();
    }

    private GrpcProxy.Settings settings(FlagValues values, Logger log) throws UnknownNameException, TlsException {
        String certificate = values.text("cert");
        String key = values.text("key");
        String authorities = values.text("cacert");
        boolean verifies = !values.bool("insecure-skip-tls-verify");
        boolean tlsAsked = !(certificate + key + authorities).isEmpty() || !verifies;
        if (!verifies) {
            log.warn(
                    "--insecure-skip-tls-verify was given, this grpc proxy process skips authentication of etcd server TLS"
                            + " certificates. This option should be enabled only for testing purposes.");
        }
        UpstreamTls tls = UpstreamTls.of(
                new UpstreamTls.File("cert", certificate),
                new UpstreamTls.File("key", key),
                new UpstreamTls.File("cacert", authorities),
                verifies);
        Upstream.Settings members = new Upstream.Settings(
                endpoints(values),
                tls,
                tlsAsked,
                values.number("max-send-bytes"),
                values.number("max-recv-bytes"),
                values.duration("dial-keepalive-time"),
                values.duration("dial-keepalive-timeout"),
                values.bool("permit-without-stream"));
        Supplier<SSLContext> pageTls = tlsAsked ? tls::context : null;
        return new GrpcProxy.Settings(
                members,
                own(values),
                values.text("advertise-client-url"),
                values.text("resolver-prefix"),
                values.number("resolver-ttl"),
                values.text("namespace"),
                values.bool("experimental-serializable-ordering"),
                values.bool("experimental-enable-grpc-logging"),
                values.duration("endpoints-auto-sync-interval"),
                pageTls);
    }

    private List<String> endpoints(FlagValues values) throws UnknownNameException {
        List<String> found = Endpoints.discover(
                        names,
                        new Endpoints.Discovery(
                                values.text("discovery-srv"),
                                values.text("discovery-srv-name"),
                                values.text("cacert"),
                                values.bool("insecure-discovery")))
                .stream()
                .map(Endpoints.Found::url)
                .toList();
        return found.isEmpty() ? values.texts("endpoints") : found;
    }

    /** How the proxy asks itself whether it is well: by its own certificates where it has any. */
    private static Upstream.@Nullable Settings own(FlagValues values) throws TlsException {
        String advertised = values.text("advertise-client-url");
        if (advertised.isEmpty()) {
            return null;
        }
        boolean given = PortSettings.hasCertificate(values);
        boolean verifies = given || !values.bool("auto-tls");
        UpstreamTls tls = UpstreamTls.of(
                new UpstreamTls.File("cert-file", given ? values.text("cert-file") : ""),
                new UpstreamTls.File("key-file", given ? values.text("key-file") : ""),
                new UpstreamTls.File("trusted-ca-file", values.text("trusted-ca-file")),
                verifies);
        return new Upstream.Settings(
                List.of(advertised), tls, given || values.bool("auto-tls"), 0, 0, Duration.ZERO, Duration.ZERO, false);
    }
}
