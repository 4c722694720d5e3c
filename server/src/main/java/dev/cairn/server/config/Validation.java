package dev.cairn.server.config;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Pure apart from asking the host for its address: what the values must be together, with etcd's words for what is wrong, and the
 * defaults that follow from other values.
 */
final class Validation {
    static final String ADVERTISE_MISSING =
            "--advertise-client-urls is required when --listen-client-urls is set explicitly";

    private static final long ELECTION_MILLIS_MAX = 50_000;
    /** The longest period that a count of nanoseconds holds. */
    private static final long RETENTION_HOURS_MAX = Long.MAX_VALUE / 3_600_000_000_000L;

    private static final Duration BACKUP_INTERVAL_MIN = Duration.ofSeconds(1);

    private static final int SAMPLES_MAX = 1_000_000;

    /** Where the values came from; a file is held to fewer of the rules about what must be given together. */
    enum Source {
        COMMAND_LINE,
        FILE
    }

    private Validation() {}

    /** Checks in etcd's order, so that of several mistakes the same one is reported. */
    static void check(Values values, Source source, List<Notice> notices) throws ConfigException {
        if (source == Source.COMMAND_LINE) {
            raise(Options.RAFT_READ_TIMEOUT, values, notices);
            raise(Options.RAFT_WRITE_TIMEOUT, values, notices);
            if (values.isGiven(Options.DISCOVERY_ENDPOINTS)) {
                // A flag's list is a set.
                values.put(
                        Options.DISCOVERY_ENDPOINTS,
                        values.get(Options.DISCOVERY_ENDPOINTS).stream()
                                .distinct()
                                .sorted()
                                .toList());
            }
        }
        logging(values, source);
        bindable(values.get(Options.LISTEN_PEER_URLS));
        bindable(values.get(Options.LISTEN_CLIENT_URLS));
        if (values.get(Options.LISTEN_CLIENT_HTTP_URLS).isEmpty()) {
            notices.add(Notice.warn(
                    "Running http and grpc server on single port. This is not recommended for production."));
        }
        bindable(values.get(Options.LISTEN_CLIENT_HTTP_URLS));
        bindable(values.get(Options.LISTEN_METRICS_URLS));
        hosts(values);
        oneWayToFound(values, source);
        timing(values);
        if (source == Source.COMMAND_LINE
                && values.isGiven(Options.LISTEN_CLIENT_URLS)
                && !values.isGiven(Options.ADVERTISE_CLIENT_URLS)) {
            throw new ConfigException(ADVERTISE_MISSING);
        }
        compaction(values);
        features(values);
        backups(values, notices);
        oldDiscovery(values, notices);
        if (values.get(Options.NAME).equals(Options.NAME.defaultValue())) {
            notices.add(Notice.warn(
                    "it isn't recommended to use default name, please set a value for --name. Note that etcd might run into issue when multiple members have the same default name",
                    "name",
                    Options.NAME.defaultValue()));
        }
        tlsVersions(values);
        if (source == Source.COMMAND_LINE
                && values.get(Options.DISCOVERY).isEmpty()
                && values.get(Options.DISCOVERY_FALLBACK).equals("proxy")) {
            throw new ConfigException(
                    "v2 proxy is deprecated, and --discovery-fallback can't be configured as \"proxy\"");
        }
        effects(values, notices);
    }

    /** A timeout below its default could not bridge the signs of life of a member that keeps to the default. */
    private static void raise(Option<Duration> option, Values values, List<Notice> notices) {
        if (values.get(option).compareTo(option.defaultValue()) < 0) {
            values.put(option, option.defaultValue());
            notices.add(Notice.info(
                    option.name + " increased to minimum value: " + GoSyntax.format(option.defaultValue())));
        }
    }

    private static void logging(Values values, Source source) throws ConfigException {
        String logger = values.get(Options.LOGGER);
        if (logger.equals("capnslog")) {
            throw new ConfigException("--logger=capnslog is removed in v3.5");
        }
        if (!logger.equals("zap")) {
            throw new ConfigException("unknown logger option " + GoSyntax.quote(logger));
        }
        List<String> outputs = logOutputs(values, source);
        values.put(Options.LOG_OUTPUTS, outputs);
        if (outputs.contains("default") && outputs.size() > 1) {
            throw new ConfigException("multi logoutput for \"default\" is not supported yet");
        }
        if (values.get(Options.ENABLE_LOG_ROTATION)) {
            List<String> streams = List.of("default", "stderr", "stdout");
            long files = outputs.stream().filter(o -> !streams.contains(o)).count();
            if (files > 1 || (outputs.size() == 1 && files == 0)) {
                throw new ConfigException(
                        "--log-outputs requires a single file path when --log-rotate-config-json is defined");
            }
            LogRotation.parse(values.get(Options.LOG_ROTATION_CONFIG_JSON));
        }
        if (outputs.contains(LogSettings.JOURNAL) && outputs.size() > 1) {
            List<String> quoted = new ArrayList<>();
            for (String output : outputs) {
                quoted.add(GoSyntax.quote(output));
            }
            throw new ConfigException("running with systemd/journal but other '--log-outputs' values (["
                    + String.join(" ", quoted)
                    + "]) are configured with 'default'; override 'default' value with something else");
        }
        String format = values.get(Options.LOG_FORMAT);
        if (!format.isEmpty() && !format.equals("json") && !format.equals("console")) {
            throw new ConfigException("unknown log format: " + format + ", supported values json, console");
        }
    }

    /** A flag's list is a set with at least one text in it; an empty list of a file is none. */
    private static List<String> logOutputs(Values values, Source source) {
        List<String> outputs = values.get(Options.LOG_OUTPUTS);
        if (source == Source.FILE) {
            return outputs.isEmpty() ? Options.LOG_OUTPUTS.defaultValue() : outputs;
        }
        return outputs.isEmpty()
                ? List.of("")
                : outputs.stream().distinct().sorted().toList();
    }

    /** The rotation of values that have passed {@link #check}. */
    static Optional<LogRotation> checkedRotation(Values values) {
        if (!values.get(Options.ENABLE_LOG_ROTATION)) {
            return Optional.empty();
        }
        try {
            return Optional.of(LogRotation.parse(values.get(Options.LOG_ROTATION_CONFIG_JSON)));
        } catch (ConfigException e) {
            throw new IllegalStateException("rotation was not checked", e);
        }
    }

    /** A listener is bound to an address, never to a name that may resolve to something else tomorrow. */
    private static void bindable(List<EtcdUrl> urls) throws ConfigException {
        for (EtcdUrl url : urls) {
            if (!url.unixSocket() && !url.host().equals("localhost") && !isAddress(url.host())) {
                throw new ConfigException("expected IP in URL for binding (" + url.text() + ")");
            }
        }
    }

    private static boolean isAddress(String host) {
        if (host.indexOf(':') >= 0) {
            return consistsOf(host, "0123456789abcdefABCDEF:.");
        }
        String[] parts = host.split("\\.", -1);
        if (parts.length != 4) {
            return false;
        }
        for (String part : parts) {
            boolean digits = !part.isEmpty() && part.length() <= 3 && consistsOf(part, "0123456789");
            if (!digits || Integer.parseInt(part) > 255 || (part.length() > 1 && part.charAt(0) == '0')) {
                return false;
            }
        }
        return true;
    }

    /** A plain loop: a lambda here would cost every start several milliseconds. */
    private static boolean consistsOf(String text, String allowed) {
        for (int i = 0; i < text.length(); i++) {
            if (allowed.indexOf(text.charAt(i)) < 0) {
                return false;
            }
        }
        return true;
    }

    private static void hosts(Values values) throws ConfigException {
        for (EtcdUrl url : values.get(Options.INITIAL_ADVERTISE_PEER_URLS)) {
            if (url.host().isEmpty()) {
                throw new ConfigException("--initial-advertise-peer-urls " + GoSyntax.quote(url.text())
                        + " must be \"host:port\" (unexpected empty host (" + url.text() + "))");
            }
        }
        for (EtcdUrl url : values.get(Options.ADVERTISE_CLIENT_URLS)) {
            if (url.host().isEmpty()) {
                throw new ConfigException("--advertise-client-urls " + GoSyntax.quote(url.text())
                        + " must be in the format \"host:port\", \"unix:/path/to/socket\" or \"unixs:/path/to/socket\""
                        + " (unexpected empty host (" + url.text() + "))");
            }
        }
    }

    private static void oneWayToFound(Values values, Source source) throws ConfigException {
        List<String> endpoints = values.get(Options.DISCOVERY_ENDPOINTS);
        // On the command line even an empty list holds one text.
        boolean service =
                values.isGiven(Options.DISCOVERY_ENDPOINTS) && (source == Source.COMMAND_LINE || !endpoints.isEmpty());
        int ways = 0;
        ways += isClusterGiven(values, source) ? 1 : 0;
        ways += service ? 1 : 0;
        ways += values.get(Options.DISCOVERY_SRV).isEmpty() ? 0 : 1;
        boolean url = !values.get(Options.DISCOVERY).isEmpty();
        ways += url ? 1 : 0;
        if (ways > 1 && url) {
            throw new ConfigException("multiple discovery or bootstrap flags are set. "
                    + "Choose one of \"initial-cluster\", \"discovery\", \"discovery-endpoints\" or \"discovery-srv\"");
        }
        if (ways > 1) {
            throw new ConfigException("multiple discovery or bootstrap flags are set. "
                    + "Choose one of \"initial-cluster\", \"discovery-endpoints\" or \"discovery-srv\"");
        }
        if (values.get(Options.DISCOVERY_TOKEN).isEmpty() == service) {
            throw new ConfigException("both --discovery-token and --discovery-endpoints must be set");
        }
        if (service && (endpoints.isEmpty() || endpoints.stream().anyMatch(String::isBlank))) {
            throw new ConfigException("--discovery-endpoints must not contain empty endpoints");
        }
    }

    /** In a file that discovers a cluster the default is as good as nothing. */
    private static boolean isClusterGiven(Values values, Source source) {
        String cluster = values.get(Options.INITIAL_CLUSTER);
        return values.isGiven(Options.INITIAL_CLUSTER)
                && !cluster.isEmpty()
                && !(source == Source.FILE
                        && discovers(values, source)
                        && cluster.equals(Options.INITIAL_CLUSTER.defaultValue()));
    }

    private static boolean discovers(Values values, Source source) {
        return !values.get(Options.DISCOVERY_SRV).isEmpty()
                || !values.get(Options.DISCOVERY).isEmpty()
                || !values.get(Options.DISCOVERY_ENDPOINTS).isEmpty()
                || (source == Source.COMMAND_LINE
                        && !values.get(Options.DISCOVERY_SRV_NAME).isEmpty());
    }

    private static void timing(Values values) throws ConfigException {
        long heartbeat = values.get(Options.HEARTBEAT_INTERVAL);
        long election = values.get(Options.ELECTION_TIMEOUT);
        if (heartbeat == 0) {
            throw new ConfigException("--heartbeat-interval must be >0 (set to 0ms)");
        }
        if (election == 0) {
            throw new ConfigException("--election-timeout must be >0 (set to 0ms)");
        }
        if (heartbeat > election / 5) {
            throw new ConfigException("--election-timeout[" + election
                    + "ms] should be at least as 5 times as --heartbeat-interval[" + heartbeat + "ms]");
        }
        if (election > ELECTION_MILLIS_MAX) {
            throw new ConfigException("--election-timeout[" + election + "ms] is too long, and should be set less than "
                    + ELECTION_MILLIS_MAX + "ms");
        }
    }

    private static void compaction(Values values) throws ConfigException {
        String mode = values.get(Options.AUTO_COMPACTION_MODE);
        if (mode.isEmpty()) {
            throw new ConfigException("undefined auto-compaction-mode");
        }
        if (!mode.equals("periodic") && !mode.equals("revision")) {
            throw new ConfigException("unknown auto-compaction-mode " + GoSyntax.quote(mode));
        }
    }

    private static void features(Values values) throws ConfigException {
        if (gate(values, FeatureGate.LEASE_CHECKPOINT_PERSIST) && !gate(values, FeatureGate.LEASE_CHECKPOINT)) {
            throw new ConfigException(
                    "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint");
        }
        Duration check = values.get(Options.COMPACT_HASH_CHECK_TIME);
        if (check.isZero() || check.isNegative()) {
            throw new ConfigException("--compact-hash-check-time must be >0 (set to " + GoSyntax.format(check) + ")");
        }
        if (values.get(Options.ENABLE_DISTRIBUTED_TRACING)) {
            long samples = values.get(Options.DISTRIBUTED_TRACING_SAMPLING_RATE);
            if (samples < 0) {
                throw new ConfigException(
                        "distributed tracing configurition is not valid: (tracing sampling rate must be positive)");
            }
            if (samples > SAMPLES_MAX) {
                throw new ConfigException(
                        "distributed tracing configurition is not valid: (tracing sampling rate must be less than "
                                + SAMPLES_MAX + ")");
            }
        }
        Duration corrupt = values.get(Options.CORRUPT_CHECK_TIME);
        if (corrupt.isNegative()) {
            // etcd starts and then ends with a stack trace.
            throw new ConfigException("--corrupt-check-time must be >=0 (set to " + GoSyntax.format(corrupt) + ")");
        }
    }

    private static void backups(Values values, List<Notice> notices) throws ConfigException {
        if (values.get(Options.BACKUP_DIR).isEmpty()) {
            if (values.get(Options.BACKUP_ARCHIVE)) {
                throw new ConfigException("--backup-archive needs --backup-dir");
            }
            for (Option<?> option :
                    List.of(Options.BACKUP_INTERVAL, Options.BACKUP_RETENTION, Options.BACKUP_RATE_LIMIT)) {
                if (values.isGiven(option)) {
                    notices.add(Notice.warn(
                            "option is accepted, but has no effect",
                            "option",
                            option.name,
                            "reason",
                            "there are no backups without --backup-dir"));
                }
            }
            return;
        }
        Duration interval = values.get(Options.BACKUP_INTERVAL);
        if (interval.compareTo(BACKUP_INTERVAL_MIN) < 0) {
            throw new ConfigException(
                    "--backup-interval must be at least 1s (set to " + GoSyntax.format(interval) + ")");
        }
    }

    /** Says what of v2 discovery cannot be had. */
    private static void oldDiscovery(Values values, List<Notice> notices) {
        boolean discovers = !values.get(Options.DISCOVERY).isEmpty();
        if (discovers && values.get(Options.DISCOVERY_FALLBACK).equals("proxy")) {
            notices.add(
                    noEffect(Options.DISCOVERY_FALLBACK, "there is no v2 proxy to become when the cluster is full"));
        }
        if (!discovers && !values.get(Options.DISCOVERY_PROXY).isEmpty()) {
            notices.add(noEffect(Options.DISCOVERY_PROXY, "nothing is discovered through it without --discovery"));
        }
    }

    private static Notice noEffect(Option<?> option, String reason) {
        return Notice.warn("option is accepted, but has no effect", "option", option.name, "reason", reason);
    }

    /** The state of a gate: itself, else its whole stage, else its default. */
    static boolean gate(Values values, FeatureGate gate) {
        var given = values.get(Options.FEATURE_GATES);
        Boolean own = given.get(gate.gateName());
        if (own == null) {
            own = given.get(gate.stage().all());
        }
        return own == null ? gate.onByDefault() : own;
    }

    private static void tlsVersions(Values values) throws ConfigException {
        String min = values.get(Options.TLS_MIN_VERSION);
        String max = values.get(Options.TLS_MAX_VERSION);
        tlsVersion(min);
        tlsVersion(max);
        if (!max.isEmpty() && !min.isEmpty() && min.compareTo(max) > 0) {
            throw new ConfigException("min version (" + min + ") is greater than max version (" + max + ")");
        }
        if (min.equals("TLS1.3") && !values.get(Options.CIPHER_SUITES).isEmpty()) {
            throw new ConfigException("cipher suites cannot be configured when only TLS1.3 is enabled");
        }
    }

    private static void tlsVersion(String version) throws ConfigException {
        if (!version.isEmpty() && !version.equals("TLS1.2") && !version.equals("TLS1.3")) {
            throw new ConfigException(
                    "unexpected TLS version " + GoSyntax.quote(version) + " (must be one of: TLS1.2, TLS1.3)");
        }
    }

    private static void sameAddressTwice(Values values) throws ConfigException {
        for (EtcdUrl url : values.get(Options.LISTEN_CLIENT_HTTP_URLS)) {
            if (values.get(Options.LISTEN_CLIENT_URLS).contains(url)) {
                throw new ConfigException(
                        "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url "
                                + url.text());
            }
        }
    }

    /** What etcd finds only while it starts; its log words these differently. */
    static void checkAtStart(Values values) throws ConfigException {
        sameAddressTwice(values);
        retention(values);
    }

    /** A bare number counts hours or revisions, anything else is a duration. */
    private static Duration retention(Values values) throws ConfigException {
        String text = values.get(Options.AUTO_COMPACTION_RETENTION);
        if (!text.isEmpty() && text.length() <= 12 && consistsOf(text, "0123456789")) {
            long number = Long.parseLong(text);
            return values.get(Options.AUTO_COMPACTION_MODE).equals("revision")
                    ? Duration.ofNanos(number)
                    : Duration.ofHours(Math.min(number, RETENTION_HOURS_MAX));
        }
        try {
            return GoSyntax.duration(text);
        } catch (ConfigException e) {
            throw new ConfigException("error parsing CompactionRetention: " + e.getMessage());
        }
    }

    /** The retention of values that have passed {@link #checkAtStart}. */
    static Duration checkedRetention(Values values) {
        try {
            return retention(values);
        } catch (ConfigException e) {
            throw new IllegalStateException("retention was not checked", e);
        }
    }

    /** Says what given options do not do, and refuses those whose absence would change the outcome. */
    private static void effects(Values values, List<Notice> notices) throws ConfigException {
        for (FeatureGate gate : FeatureGate.values()) {
            if (values.get(Options.FEATURE_GATES).containsKey(gate.gateName()) && !gate.hasEffect()) {
                notices.add(Notice.warn("feature gate is accepted, but has no effect", "gate", gate.gateName()));
            }
        }
        for (Option<?> option : Options.all()) {
            if (!values.isGiven(option) || values.get(option).equals(option.defaultValue())) {
                continue;
            }
            switch (option.effect) {
                case EFFECTIVE -> {}
                case REFUSED -> throw new ConfigException("--" + option.name + " cannot be used: " + option.reason);
                case NOT_YET, MEANINGLESS ->
                    notices.add(Notice.warn(
                            "option is accepted, but has no effect", "option", option.name, "reason", option.reason));
            }
            if (option.kind == Option.Kind.IGNORED) {
                notices.add(Notice.warn(
                        "option is accepted, but has no effect",
                        "option",
                        option.name,
                        "reason",
                        "it belongs to a release of etcd long gone"));
            }
        }
        if (values.isGiven(Options.MAX_SNAPSHOTS)) {
            notices.add(Notice.warn("--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8."));
        }
        long bcryptCost = values.get(Options.BCRYPT_COST);
        if (bcryptCost < ServerConfig.BCRYPT_COST_MIN || bcryptCost > ServerConfig.BCRYPT_COST_MAX) {
            notices.add(Notice.warn(
                    "use default bcrypt cost instead of the invalid given cost",
                    "min-cost",
                    ServerConfig.BCRYPT_COST_MIN,
                    "max-cost",
                    ServerConfig.BCRYPT_COST_MAX,
                    "default-cost",
                    ServerConfig.BCRYPT_COST_DEFAULT,
                    "given-cost",
                    bcryptCost));
        }
        if (values.isGiven(Options.V2_DEPRECATION)) {
            notices.add(Notice.warn("--v2-deprecation is deprecated and scheduled for removal in v3.8. "
                    + "The default value is enforced, ignoring user input."));
        }
    }

    /** Completes the defaults that depend on other values. */
    static void noteDefaults(Values values, Source source, List<Notice> notices) {
        advertiseRealHost(values, notices);
        if (discovers(values, source) && !isClusterGiven(values, source)) {
            values.put(Options.INITIAL_CLUSTER, "");
        } else if (!values.isGiven(Options.INITIAL_CLUSTER)) {
            List<String> own = new ArrayList<>();
            for (EtcdUrl url : values.get(Options.INITIAL_ADVERTISE_PEER_URLS)) {
                own.add(values.get(Options.NAME) + "=" + url.text());
            }
            values.put(Options.INITIAL_CLUSTER, String.join(",", own));
        }
        if (values.get(Options.DATA_DIR).isEmpty()) {
            String directory = values.get(Options.NAME) + ".etcd";
            notices.add(Notice.warn("'data-dir' was empty; using default", "data-dir", directory));
            values.put(Options.DATA_DIR, directory);
        }
    }

    /**
     * A member that listens for peers on all addresses and was given no address to advertise advertises the one its host is
     * reached by, instead of localhost.
     */
    private static void advertiseRealHost(Values values, List<Notice> notices) {
        List<EtcdUrl> listen = values.get(Options.LISTEN_PEER_URLS);
        if (listen.isEmpty() || values.isGiven(Options.INITIAL_ADVERTISE_PEER_URLS)) {
            return;
        }
        EtcdUrl first = listen.get(0);
        if (!first.host().equals("0.0.0.0")) {
            return;
        }
        String host = ownAddress();
        if (host == null) {
            return;
        }
        notices.add(Notice.info("detected default host for advertise", "host", host));
        String text = first.scheme() + "://" + host + ":" + first.port();
        values.put(Options.INITIAL_ADVERTISE_PEER_URLS, List.of(new EtcdUrl(first.scheme(), host, first.port(), text)));
    }

    /** The address of the interface with the default route. Connecting a datagram socket chooses it without sending anything. */
    private static @Nullable String ownAddress() {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByAddress(new byte[] {8, 8, 8, 8}), 53));
            InetAddress local = socket.getLocalAddress();
            return local.isAnyLocalAddress() || local.isLoopbackAddress() ? null : local.getHostAddress();
        } catch (IOException | java.io.UncheckedIOException e) {
            return null;
        }
    }
}
