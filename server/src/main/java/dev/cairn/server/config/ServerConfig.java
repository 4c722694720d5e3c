package dev.cairn.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Immutable. The checked configuration of one member, with zero values replaced by what they stand for. Whoever needs a value often
 * takes it once at construction; the accessors look it up.
 */
public final class ServerConfig {
    private static final long QUOTA_BYTES_DEFAULT = 2L << 30;
    private static final long BATCH_LIMIT_DEFAULT = 10_000;
    private static final long COMPACTION_BATCH_LIMIT_DEFAULT = 1_000;
    private static final long AUTH_TOKEN_TTL_SECONDS_DEFAULT = 300;
    static final int BCRYPT_COST_DEFAULT = 10;
    static final int BCRYPT_COST_MIN = 4;
    static final int BCRYPT_COST_MAX = 31;
    private static final Duration BATCH_INTERVAL_DEFAULT = Duration.ofMillis(100);
    private static final Duration COMPACTION_SLEEP_DEFAULT = Duration.ofMillis(10);
    private static final Duration PROGRESS_NOTIFY_DEFAULT = Duration.ofMinutes(10);
    private static final Duration PROGRESS_NOTIFY_MIN = Duration.ofMillis(100);
    private static final Duration SLOW_REQUEST_DEFAULT = Duration.ofMillis(300);

    private final Values values;
    private final List<Notice> notices;

    ServerConfig(Values values, List<Notice> notices) {
        this.values = values;
        this.notices = List.copyOf(notices);
    }

    /** The value of an option as it was given, or its default. */
    Object value(Option<?> option) {
        return values.get(option);
    }

    /** How automatic compaction counts its retention. */
    public enum CompactionMode {
        PERIODIC,
        REVISION
    }

    /** Lines to be logged once the log is open: variables used, warnings, options without effect. */
    public List<Notice> notices() {
        return notices;
    }

    // Member

    public String name() {
        return values.get(Options.NAME);
    }

    public Path dataDir() {
        return Path.of(values.get(Options.DATA_DIR));
    }

    /** The directory of everything that belongs to the member, inside the data directory. */
    public Path memberDir() {
        return dataDir().resolve("member");
    }

    public Path walDir() {
        String dedicated = values.get(Options.WAL_DIR);
        return dedicated.isEmpty() ? memberDir().resolve("wal") : Path.of(dedicated);
    }

    public long snapshotCount() {
        return values.get(Options.SNAPSHOT_COUNT);
    }

    public long snapshotCatchupEntries() {
        return values.get(Options.SNAPSHOT_CATCHUP_ENTRIES);
    }

    public long heartbeatIntervalMillis() {
        return values.get(Options.HEARTBEAT_INTERVAL);
    }

    public long electionTimeoutMillis() {
        return values.get(Options.ELECTION_TIMEOUT);
    }

    public int electionTicks() {
        return (int) (electionTimeoutMillis() / heartbeatIntervalMillis());
    }

    public boolean initialElectionTickAdvance() {
        return values.get(Options.INITIAL_ELECTION_TICK_ADVANCE);
    }

    public List<EtcdUrl> listenPeerUrls() {
        return values.get(Options.LISTEN_PEER_URLS);
    }

    public List<EtcdUrl> listenClientUrls() {
        return values.get(Options.LISTEN_CLIENT_URLS);
    }

    /** Empty: HTTP is served on {@link #listenClientUrls}. */
    public List<EtcdUrl> listenClientHttpUrls() {
        return values.get(Options.LISTEN_CLIENT_HTTP_URLS);
    }

    public List<EtcdUrl> listenMetricsUrls() {
        return values.get(Options.LISTEN_METRICS_URLS);
    }

    /** Files to keep, 0 for all. */
    public int maxSnapshots() {
        return toInt(values.get(Options.MAX_SNAPSHOTS));
    }

    /** Segments to keep, 0 for all. */
    public int maxWals() {
        return toInt(values.get(Options.MAX_WALS));
    }

    /** The quota in bytes; negative for none. */
    public long quotaBackendBytes() {
        long bytes = values.get(Options.QUOTA_BACKEND_BYTES);
        return bytes == 0 ? QUOTA_BYTES_DEFAULT : bytes;
    }

    /** True when the quota was left to its default, which the log words differently. */
    public boolean quotaIsDefault() {
        return values.get(Options.QUOTA_BACKEND_BYTES) == 0;
    }

    public Duration backendBatchInterval() {
        return positiveOr(values.get(Options.BACKEND_BATCH_INTERVAL), BATCH_INTERVAL_DEFAULT);
    }

    public int backendBatchLimit() {
        long limit = values.get(Options.BACKEND_BATCH_LIMIT);
        return toInt(limit <= 0 ? BATCH_LIMIT_DEFAULT : limit);
    }

    public int maxTxnOps() {
        return toInt(values.get(Options.MAX_TXN_OPS));
    }

    public int maxRequestBytes() {
        return toInt(values.get(Options.MAX_REQUEST_BYTES));
    }

    /** An unsigned 32-bit number. */
    public long maxConcurrentStreams() {
        return values.get(Options.MAX_CONCURRENT_STREAMS);
    }

    public Duration grpcKeepaliveMinTime() {
        return values.get(Options.GRPC_KEEPALIVE_MIN_TIME);
    }

    /** Zero: the server does not ping. */
    public Duration grpcKeepaliveInterval() {
        return values.get(Options.GRPC_KEEPALIVE_INTERVAL);
    }

    /** Zero: the server does not ping. */
    public Duration grpcKeepaliveTimeout() {
        return values.get(Options.GRPC_KEEPALIVE_TIMEOUT);
    }

    public boolean socketReusePort() {
        return values.get(Options.SOCKET_REUSE_PORT);
    }

    public boolean socketReuseAddress() {
        return values.get(Options.SOCKET_REUSE_ADDRESS);
    }

    public boolean enableGrpcGateway() {
        return values.get(Options.ENABLE_GRPC_GATEWAY);
    }

    /** Whether etcd's old key API is served. */
    public boolean enableV2() {
        return values.get(Options.ENABLE_V2);
    }

    public boolean isEnabled(FeatureGate gate) {
        return Validation.gate(values, gate);
    }

    /** Whether all gates of a stage were switched on together. */
    public boolean isEnabled(FeatureGate.Stage stage) {
        return Boolean.TRUE.equals(values.get(Options.FEATURE_GATES).get(stage.all()));
    }

    /** Where spans of calls go; empty when there are to be none. */
    public Optional<TracingConfig> tracing() {
        return values.get(Options.ENABLE_DISTRIBUTED_TRACING)
                ? Optional.of(new TracingConfig(
                        values.get(Options.DISTRIBUTED_TRACING_ADDRESS),
                        values.get(Options.DISTRIBUTED_TRACING_SERVICE_NAME),
                        values.get(Options.DISTRIBUTED_TRACING_INSTANCE_ID),
                        values.get(Options.DISTRIBUTED_TRACING_SAMPLING_RATE)))
                : Optional.empty();
    }

    // Clustering

    public List<EtcdUrl> initialAdvertisePeerUrls() {
        return values.get(Options.INITIAL_ADVERTISE_PEER_URLS);
    }

    public List<EtcdUrl> advertiseClientUrls() {
        return values.get(Options.ADVERTISE_CLIENT_URLS);
    }

    /** The text of {@code --initial-cluster}, or what follows from name and peer URLs when it was not given. */
    public String initialCluster() {
        return values.get(Options.INITIAL_CLUSTER);
    }

    public String initialClusterToken() {
        return values.get(Options.INITIAL_CLUSTER_TOKEN);
    }

    /** True to found a cluster, false to join an existing one. */
    public boolean foundsCluster() {
        return values.get(Options.INITIAL_CLUSTER_STATE).equals("new");
    }

    /** {@code new} or {@code existing}. */
    public String initialClusterState() {
        return values.get(Options.INITIAL_CLUSTER_STATE);
    }

    /**
     * The members of {@link #initialCluster} with their peer URLs. Only a member without a log looks at them.
     *
     * @throws ConfigException when the text is not a list of name=url pairs
     */
    public Map<String, List<EtcdUrl>> initialClusterMembers() throws ConfigException {
        return InitialCluster.parse(initialCluster());
    }

    /** The service through which founders find each other; nothing when they do not. */
    public Optional<DiscoverySettings> discovery() {
        List<String> endpoints = values.get(Options.DISCOVERY_ENDPOINTS);
        return endpoints.isEmpty()
                ? Optional.empty()
                : Optional.of(new DiscoverySettings(
                        values.get(Options.DISCOVERY_TOKEN),
                        endpoints,
                        values.get(Options.DISCOVERY_DIAL_TIMEOUT),
                        values.get(Options.DISCOVERY_REQUEST_TIMEOUT),
                        values.get(Options.DISCOVERY_KEEPALIVE_TIME),
                        values.get(Options.DISCOVERY_KEEPALIVE_TIMEOUT),
                        values.get(Options.DISCOVERY_INSECURE_TRANSPORT),
                        values.get(Options.DISCOVERY_INSECURE_SKIP_TLS_VERIFY),
                        values.get(Options.DISCOVERY_CERT),
                        values.get(Options.DISCOVERY_KEY),
                        values.get(Options.DISCOVERY_CACERT),
                        values.get(Options.DISCOVERY_USER),
                        values.get(Options.DISCOVERY_PASSWORD)));
    }

    /** The directory of the v2 API through which founders find each other; nothing when they do not. */
    public Optional<DiscoveryUrl> discoveryUrl() {
        String url = values.get(Options.DISCOVERY);
        return url.isEmpty()
                ? Optional.empty()
                : Optional.of(new DiscoveryUrl(
                        url,
                        values.get(Options.DISCOVERY_PROXY),
                        values.get(Options.DISCOVERY_FALLBACK).equals("proxy")));
    }

    /** The domain whose records name the founders; empty for none. */
    public String discoverySrv() {
        return values.get(Options.DISCOVERY_SRV);
    }

    /** What tells the services of this cluster apart from others in the domain; empty for nothing. */
    public String discoverySrvName() {
        return values.get(Options.DISCOVERY_SRV_NAME);
    }

    /** Whether all other members are to be dropped. */
    public boolean forceNewCluster() {
        return values.get(Options.FORCE_NEW_CLUSTER);
    }

    /** How long nothing may come from a member before its connection is given up. */
    public Duration raftReadTimeout() {
        return values.get(Options.RAFT_READ_TIMEOUT);
    }

    /** How long a member may take nothing before its connection is given up. */
    public Duration raftWriteTimeout() {
        return values.get(Options.RAFT_WRITE_TIMEOUT);
    }

    public boolean strictReconfigCheck() {
        return values.get(Options.STRICT_RECONFIG_CHECK);
    }

    public boolean preVote() {
        return values.get(Options.PRE_VOTE);
    }

    public CompactionMode autoCompactionMode() {
        return values.get(Options.AUTO_COMPACTION_MODE).equals("periodic")
                ? CompactionMode.PERIODIC
                : CompactionMode.REVISION;
    }

    /** The text of the retention as given. */
    public String autoCompactionRetentionText() {
        return values.get(Options.AUTO_COMPACTION_RETENTION);
    }

    /** The history to keep in periodic mode; zero or negative for no automatic compaction. */
    public Duration autoCompactionPeriod() {
        return Validation.checkedRetention(values);
    }

    /** The revisions to keep in revision mode; zero or negative for no automatic compaction. */
    public long autoCompactionRevisions() {
        return Validation.checkedRetention(values).toNanos();
    }

    /** How often is looked whether a downgrade is done; zero for never. */
    public Duration downgradeCheckTime() {
        return values.get(Options.DOWNGRADE_CHECK_TIME);
    }

    public int maxLearners() {
        return toInt(values.get(Options.MAX_LEARNERS));
    }

    public int compactionBatchLimit() {
        long limit = values.get(Options.COMPACTION_BATCH_LIMIT);
        return toInt(limit <= 0 ? COMPACTION_BATCH_LIMIT_DEFAULT : limit);
    }

    public Duration compactionSleepInterval() {
        return positiveOr(values.get(Options.COMPACTION_SLEEP_INTERVAL), COMPACTION_SLEEP_DEFAULT);
    }

    /** How often the leader compares the members' data; zero for never. */
    public Duration corruptCheckTime() {
        return values.get(Options.CORRUPT_CHECK_TIME);
    }

    /** How often the leader compares the digests of compactions, where that is switched on. */
    public Duration compactHashCheckTime() {
        return values.get(Options.COMPACT_HASH_CHECK_TIME);
    }

    public Duration watchProgressNotifyInterval() {
        Duration given = values.get(Options.WATCH_PROGRESS_NOTIFY_INTERVAL);
        Duration interval = positiveOr(given, PROGRESS_NOTIFY_DEFAULT);
        return interval.compareTo(PROGRESS_NOTIFY_MIN) < 0 ? PROGRESS_NOTIFY_MIN : interval;
    }

    public Duration warningApplyDuration() {
        return values.get(Options.WARNING_APPLY_DURATION);
    }

    public Duration warningUnaryRequestDuration() {
        return positiveOr(values.get(Options.WARNING_UNARY_REQUEST_DURATION), SLOW_REQUEST_DEFAULT);
    }

    /** The store is defragmented at start when so much would come free; zero for never. */
    public long bootstrapDefragThresholdBytes() {
        return Math.min(values.get(Options.BOOTSTRAP_DEFRAG_THRESHOLD_MEGABYTES), Long.MAX_VALUE >> 20) << 20;
    }

    public boolean unsafeNoFsync() {
        return values.get(Options.UNSAFE_NO_FSYNC);
    }

    // Security and authentication

    /** Origins allowed by CORS; empty or a star for all. */
    public List<String> corsOrigins() {
        return values.get(Options.CORS);
    }

    /** Host names accepted without TLS; empty or a star for all. */
    public List<String> hostWhitelist() {
        return values.get(Options.HOST_WHITELIST);
    }

    /** Empty where none is given, as all file names of TLS. */
    public String certFile() {
        return values.get(Options.CERT_FILE);
    }

    public String keyFile() {
        return values.get(Options.KEY_FILE);
    }

    /** Whether clients have to show certificates. */
    public boolean clientCertAuth() {
        return values.get(Options.CLIENT_CERT_AUTH);
    }

    public String clientCertFile() {
        return values.get(Options.CLIENT_CERT_FILE);
    }

    public String clientKeyFile() {
        return values.get(Options.CLIENT_KEY_FILE);
    }

    public String clientCrlFile() {
        return values.get(Options.CLIENT_CRL_FILE);
    }

    public List<String> clientCertAllowedHostnames() {
        return values.get(Options.CLIENT_CERT_ALLOWED_HOSTNAME);
    }

    public String trustedCaFile() {
        return values.get(Options.TRUSTED_CA_FILE);
    }

    public boolean autoTls() {
        return values.get(Options.AUTO_TLS);
    }

    /** Empty where none is given, as all file names of TLS. */
    public String peerCertFile() {
        return values.get(Options.PEER_CERT_FILE);
    }

    public String peerKeyFile() {
        return values.get(Options.PEER_KEY_FILE);
    }

    /** Whether peers have to show certificates. */
    public boolean peerClientCertAuth() {
        return values.get(Options.PEER_CLIENT_CERT_AUTH);
    }

    public String peerClientCertFile() {
        return values.get(Options.PEER_CLIENT_CERT_FILE);
    }

    public String peerClientKeyFile() {
        return values.get(Options.PEER_CLIENT_KEY_FILE);
    }

    public String peerTrustedCaFile() {
        return values.get(Options.PEER_TRUSTED_CA_FILE);
    }

    public List<String> peerCertAllowedCns() {
        return values.get(Options.PEER_CERT_ALLOWED_CN);
    }

    public List<String> peerCertAllowedHostnames() {
        return values.get(Options.PEER_CERT_ALLOWED_HOSTNAME);
    }

    /** Whether certificates of peers count wherever they come from. */
    public boolean peerSkipClientSanVerification() {
        return values.get(Options.PEER_SKIP_CLIENT_SAN_VERIFICATION);
    }

    public boolean peerAutoTls() {
        return values.get(Options.PEER_AUTO_TLS);
    }

    public String peerCrlFile() {
        return values.get(Options.PEER_CRL_FILE);
    }

    public long selfSignedCertValidityYears() {
        return values.get(Options.SELF_SIGNED_CERT_VALIDITY);
    }

    /** By Go's names, not checked; empty leaves the choice to the runtime. */
    public List<String> cipherSuites() {
        return values.get(Options.CIPHER_SUITES);
    }

    /** {@code TLS1.2}, {@code TLS1.3} or empty. */
    public String tlsMinVersion() {
        return values.get(Options.TLS_MIN_VERSION);
    }

    /** {@code TLS1.2}, {@code TLS1.3} or empty. */
    public String tlsMaxVersion() {
        return values.get(Options.TLS_MAX_VERSION);
    }

    /** @throws ConfigException when the option is not of its form */
    public AuthTokenSettings authTokenSettings() throws ConfigException {
        return AuthTokenSettings.parse(values.get(Options.AUTH_TOKEN));
    }

    public long authTokenTtlSeconds() {
        long ttl = values.get(Options.AUTH_TOKEN_TTL);
        return ttl == 0 ? AUTH_TOKEN_TTL_SECONDS_DEFAULT : ttl;
    }

    /** Costs outside what the algorithm knows fall back to the default. */
    public int bcryptCost() {
        long cost = values.get(Options.BCRYPT_COST);
        return cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX ? BCRYPT_COST_DEFAULT : (int) cost;
    }

    // Backups

    /** What backups are taken without being asked for; empty for none. */
    public Optional<BackupSettings> backups() {
        String directory = values.get(Options.BACKUP_DIR);
        return directory.isEmpty()
                ? Optional.empty()
                : Optional.of(new BackupSettings(
                        Path.of(directory),
                        values.get(Options.BACKUP_INTERVAL),
                        values.get(Options.BACKUP_RETENTION),
                        values.get(Options.BACKUP_RATE_LIMIT),
                        values.get(Options.BACKUP_ARCHIVE)));
    }

    // Observation

    /** True for {@code --metrics extensive}: latencies of gRPC calls are recorded too. */
    public boolean extensiveMetrics() {
        return values.get(Options.METRICS).equals("extensive");
    }

    /** Whether profiles of the process are served; at log level debug they are in any case. */
    public boolean servesProfiles() {
        return values.get(Options.ENABLE_PPROF) || log().level().equals("debug");
    }

    public LogSettings log() {
        SortedSet<String> outputs = new TreeSet<>();
        for (String output : values.get(Options.LOG_OUTPUTS)) {
            outputs.add(output.equals("default") ? "stderr" : output);
        }
        String format = values.get(Options.LOG_FORMAT);
        return new LogSettings(
                values.get(Options.LOG_LEVEL).toLowerCase(java.util.Locale.ROOT),
                format.isEmpty() ? "json" : format,
                outputs.contains(LogSettings.NOWHERE) ? List.of(LogSettings.NOWHERE) : List.copyOf(outputs),
                Validation.checkedRotation(values));
    }

    /** A duration in the form that log lines and answers of etcd use. */
    public static String format(Duration duration) {
        return GoSyntax.format(duration);
    }

    private static Duration positiveOr(Duration duration, Duration otherwise) {
        return duration.isZero() || duration.isNegative() ? otherwise : duration;
    }

    private static int toInt(long value) {
        return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, value));
    }
}
