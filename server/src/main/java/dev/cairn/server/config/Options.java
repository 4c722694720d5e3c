package dev.cairn.server.config;

import dev.cairn.server.config.Option.Kind;
import dev.cairn.server.config.Option.Section;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The option table, immutable after class initialisation. Everything that is known about a setting stands in its row here: command
 * line, environment, configuration file, validation of the text, help and the log line for what has no effect are all derived from
 * it, so that they cannot disagree.
 */
final class Options {
    private static final Map<String, Option<?>> BY_NAME = new LinkedHashMap<>(256);

    // Member
    static final Option<String> NAME = string(
            "name",
            "default",
            Section.MEMBER,
            "Name of this member; it must be one of the names in --initial-cluster.");
    static final Option<String> DATA_DIR = string(
            "data-dir",
            "",
            Section.MEMBER,
            "Directory that holds everything this member stores; <name>.etcd in the working directory when empty.");
    static final Option<String> WAL_DIR = string(
            "wal-dir",
            "",
            Section.MEMBER,
            "Separate directory for the write-ahead log; <data-dir>/member/wal when empty.");
    static final Option<Long> SNAPSHOT_COUNT =
            unsigned("snapshot-count", "10000", Section.MEMBER, "Applied entries between two snapshots on disk.");
    static final Option<Long> HEARTBEAT_INTERVAL = unsigned(
            "heartbeat-interval", "100", Section.MEMBER, "Time between heartbeats of the leader, in milliseconds.");
    static final Option<Long> ELECTION_TIMEOUT = unsigned(
            "election-timeout",
            "1000",
            Section.MEMBER,
            "Time without a leader after which a member stands for election, in milliseconds.");
    static final Option<Boolean> INITIAL_ELECTION_TICK_ADVANCE = bool(
            "initial-election-tick-advance",
            "true",
            Section.MEMBER,
            "Shorten the first election timeout after a start.");
    static final Option<List<EtcdUrl>> LISTEN_PEER_URLS = urls(
            "listen-peer-urls",
            "http://localhost:2380",
            Section.MEMBER,
            "Addresses on which other members are served.");
    static final Option<List<EtcdUrl>> LISTEN_CLIENT_URLS = urls(
            "listen-client-urls",
            "http://localhost:2379",
            Section.MEMBER,
            "Addresses on which clients are served: gRPC, and HTTP unless --listen-client-http-urls is given.");
    static final Option<List<EtcdUrl>> LISTEN_CLIENT_HTTP_URLS = urls(
            "listen-client-http-urls",
            "",
            Section.MEMBER,
            "Addresses for HTTP clients only; HTTP then leaves --listen-client-urls.");
    static final Option<Long> MAX_SNAPSHOTS =
            unsigned("max-snapshots", "5", Section.MEMBER, "Snapshot files to keep, 0 for all. Deprecated since 3.6.");
    static final Option<Long> MAX_WALS = unsigned("max-wals", "5", Section.MEMBER, "Log segments to keep, 0 for all.");
    static final Option<Boolean> MEMORY_MLOCK = bool(
                    "memory-mlock", "false", Section.MEMBER, "Lock the database in memory.")
            .meaningless("the store leaves memory to the page cache");
    static final Option<Long> QUOTA_BACKEND_BYTES = signed(
            "quota-backend-bytes",
            "0",
            Section.MEMBER,
            "Size at which the database refuses writes; 0 stands for 2 GiB, a negative number for no limit.");
    static final Option<String> BACKEND_BBOLT_FREELIST_TYPE = string(
                    "backend-bbolt-freelist-type",
                    "",
                    Section.MEMBER,
                    "How a bbolt database would keep its free pages: array or map.")
            .meaningless("the store is not bbolt");
    static final Option<Duration> BACKEND_BATCH_INTERVAL = duration(
            "backend-batch-interval",
            "0s",
            Section.MEMBER,
            "Longest time between two commits of the database, 0 for 100ms.");
    static final Option<Long> BACKEND_BATCH_LIMIT = signed(
            "backend-batch-limit", "0", Section.MEMBER, "Operations that force a commit of the database, 0 for 10000.");
    static final Option<Long> MAX_TXN_OPS =
            unsigned("max-txn-ops", "128", Section.MEMBER, "Operations allowed in one transaction.");
    static final Option<Long> MAX_REQUEST_BYTES =
            unsigned("max-request-bytes", "1572864", Section.MEMBER, "Largest request of a client, in bytes.");
    static final Option<Long> MAX_CONCURRENT_STREAMS = unsigned32(
            "max-concurrent-streams",
            "4294967295",
            Section.MEMBER,
            "Requests and streams one client connection may have open at a time.");
    static final Option<Duration> GRPC_KEEPALIVE_MIN_TIME = duration(
            "grpc-keepalive-min-time", "5s", Section.MEMBER, "Shortest spacing of pings that a client may use.");
    static final Option<Duration> GRPC_KEEPALIVE_INTERVAL = duration(
            "grpc-keepalive-interval",
            "2h0m0s",
            Section.MEMBER,
            "Time after which the server pings an idle client, 0 for never.");
    static final Option<Duration> GRPC_KEEPALIVE_TIMEOUT = duration(
            "grpc-keepalive-timeout",
            "20s",
            Section.MEMBER,
            "Time the answer to such a ping may take before the connection is closed, 0 for ever.");
    static final Option<Boolean> SOCKET_REUSE_PORT = bool(
                    "socket-reuse-port", "false", Section.MEMBER, "Set SO_REUSEPORT on the listeners.")
            .key("socket-options.reuse-port");
    static final Option<Boolean> SOCKET_REUSE_ADDRESS = bool(
                    "socket-reuse-address", "false", Section.MEMBER, "Set SO_REUSEADDR on the listeners.")
            .key("socket-options.reuse-address");
    static final Option<Boolean> ENABLE_GRPC_GATEWAY =
            bool("enable-grpc-gateway", "true", Section.MEMBER, "Serve the JSON gateway under /v3/.");
    static final Option<Boolean> ENABLE_V2 =
            bool("enable-v2", "true", Section.MEMBER, "Serve etcd's old key API under /v2/.");
    static final Option<Duration> RAFT_READ_TIMEOUT = duration(
                    "raft-read-timeout",
                    "5s",
                    Section.MEMBER,
                    "Read timeout of connections between members, at least 5s.")
            .key(null);
    static final Option<Duration> RAFT_WRITE_TIMEOUT = duration(
                    "raft-write-timeout",
                    "5s",
                    Section.MEMBER,
                    "Write timeout of connections between members, at least 5s.")
            .key(null);
    static final Option<Map<String, Boolean>> FEATURE_GATES = gates(
            "feature-gates", "", Section.MEMBER, "Features to switch, as name=true|false pairs separated by commas:");

    // Clustering
    static final Option<List<EtcdUrl>> INITIAL_ADVERTISE_PEER_URLS = urls(
            "initial-advertise-peer-urls",
            "http://localhost:2380",
            Section.CLUSTERING,
            "Peer addresses of this member that the others are told.");
    static final Option<String> INITIAL_CLUSTER = string(
            "initial-cluster",
            "default=http://localhost:2380",
            Section.CLUSTERING,
            "Members of a new cluster, as name=url pairs separated by commas.");
    static final Option<String> INITIAL_CLUSTER_STATE = choice(
            "initial-cluster-state",
            "new",
            Section.CLUSTERING,
            "'new' to found a cluster, 'existing' to join one. Without meaning once the member has data.",
            "new",
            "existing");
    static final Option<String> INITIAL_CLUSTER_TOKEN = string(
            "initial-cluster-token",
            "etcd-cluster",
            Section.CLUSTERING,
            "Salt of the IDs of a new cluster, so that two clusters cannot mix by accident.");
    static final Option<List<EtcdUrl>> ADVERTISE_CLIENT_URLS = urls(
            "advertise-client-urls",
            "http://localhost:2379",
            Section.CLUSTERING,
            "Client addresses of this member that clients are told.");
    static final Option<String> DISCOVERY = string(
            "discovery",
            "",
            Section.CLUSTERING,
            "v2 discovery: URL of the directory through which the members of a new cluster find each other.");
    static final Option<String> DISCOVERY_PROXY = string(
            "discovery-proxy", "", Section.CLUSTERING, "v2 discovery: HTTP proxy through which that URL is reached.");
    static final Option<String> DISCOVERY_TOKEN = string(
                    "discovery-token", "", Section.CLUSTERING, "v3 discovery: token of the cluster to be found.")
            .key("discovery-config.token");
    static final Option<List<String>> DISCOVERY_ENDPOINTS = strings(
                    "discovery-endpoints", "", Section.CLUSTERING, "v3 discovery: addresses of the discovery service.")
            .key("discovery-config.client.endpoints");
    static final Option<Duration> DISCOVERY_DIAL_TIMEOUT = duration(
                    "discovery-dial-timeout", "2s", Section.CLUSTERING, "v3 discovery: time to connect.")
            .key("discovery-config.client.dial-timeout");
    static final Option<Duration> DISCOVERY_REQUEST_TIMEOUT = duration(
                    "discovery-request-timeout", "5s", Section.CLUSTERING, "v3 discovery: time for a request.")
            .key("discovery-config.client.request-timeout");
    static final Option<Duration> DISCOVERY_KEEPALIVE_TIME = duration(
                    "discovery-keepalive-time", "2s", Section.CLUSTERING, "v3 discovery: spacing of keep-alive pings.")
            .key("discovery-config.client.keepalive-time");
    static final Option<Duration> DISCOVERY_KEEPALIVE_TIMEOUT = duration(
                    "discovery-keepalive-timeout",
                    "6s",
                    Section.CLUSTERING,
                    "v3 discovery: time for the answer to a ping.")
            .key("discovery-config.client.keepalive-timeout");
    static final Option<Boolean> DISCOVERY_INSECURE_TRANSPORT = bool(
                    "discovery-insecure-transport", "true", Section.CLUSTERING, "v3 discovery: connect without TLS.")
            .key("discovery-config.client.secure.insecure-transport");
    static final Option<Boolean> DISCOVERY_INSECURE_SKIP_TLS_VERIFY = bool(
                    "discovery-insecure-skip-tls-verify",
                    "false",
                    Section.CLUSTERING,
                    "v3 discovery: do not verify the certificate of the service (for tests only).")
            .key("discovery-config.client.secure.insecure-skip-tls-verify");
    static final Option<String> DISCOVERY_CERT = string(
                    "discovery-cert", "", Section.CLUSTERING, "v3 discovery: client certificate file.")
            .key("discovery-config.client.secure.cert");
    static final Option<String> DISCOVERY_KEY = string(
                    "discovery-key", "", Section.CLUSTERING, "v3 discovery: client key file.")
            .key("discovery-config.client.secure.key");
    static final Option<String> DISCOVERY_CACERT = string(
                    "discovery-cacert", "", Section.CLUSTERING, "v3 discovery: file of the trusted authorities.")
            .key("discovery-config.client.secure.cacert");
    static final Option<String> DISCOVERY_USER = string(
                    "discovery-user",
                    "",
                    Section.CLUSTERING,
                    "v3 discovery: user; without a password too nobody is logged in.")
            .key("discovery-config.client.auth.username");
    static final Option<String> DISCOVERY_PASSWORD = string(
                    "discovery-password", "", Section.CLUSTERING, "v3 discovery: password.")
            .key("discovery-config.client.auth.password");
    static final Option<String> DISCOVERY_FALLBACK = choice(
                    "discovery-fallback",
                    "exit",
                    Section.CLUSTERING,
                    "What to do when discovery fails: 'exit'; 'proxy' is accepted with --discovery, and exits too.",
                    "exit",
                    "proxy")
            .key(null);
    static final Option<String> DISCOVERY_SRV =
            string("discovery-srv", "", Section.CLUSTERING, "DNS domain whose SRV records name the cluster.");
    static final Option<String> DISCOVERY_SRV_NAME =
            string("discovery-srv-name", "", Section.CLUSTERING, "Suffix of the SRV service name.");
    static final Option<Boolean> STRICT_RECONFIG_CHECK = bool(
            "strict-reconfig-check",
            "true",
            Section.CLUSTERING,
            "Refuse changes of the membership that endanger the quorum.");
    static final Option<Boolean> PRE_VOTE = bool(
            "pre-vote",
            "true",
            Section.CLUSTERING,
            "Ask before standing for election, so that a returning member does not disturb the cluster.");
    static final Option<String> AUTO_COMPACTION_RETENTION = string(
            "auto-compaction-retention",
            "0",
            Section.CLUSTERING,
            "History to keep when compacting automatically, 0 for no automatic compaction.");
    static final Option<String> AUTO_COMPACTION_MODE = string(
            "auto-compaction-mode",
            "periodic",
            Section.CLUSTERING,
            "What the retention counts: 'periodic' a duration (hours without a unit), 'revision' a number of revisions.");
    static final Option<String> V2_DEPRECATION = choice(
            "v2-deprecation",
            "write-only",
            Section.CLUSTERING,
            "Stage of the removal of the v2 store. Deprecated, the value has no influence.",
            "write-only",
            "write-only-skip-check",
            "write-only-drop-data",
            "gone");

    // Security
    static final Option<String> CERT_FILE = string(
                    "cert-file", "", Section.SECURITY, "Certificate file of the client listeners.")
            .key("client-transport-security.cert-file");
    static final Option<String> KEY_FILE = string("key-file", "", Section.SECURITY, "Key file of the client listeners.")
            .key("client-transport-security.key-file");
    static final Option<Boolean> CLIENT_CERT_AUTH = bool(
                    "client-cert-auth", "false", Section.SECURITY, "Require certificates of clients.")
            .key("client-transport-security.client-cert-auth");
    static final Option<String> CLIENT_CERT_FILE = string(
                    "client-cert-file",
                    "",
                    Section.SECURITY,
                    "Certificate file the server uses as a client of itself; --cert-file when empty.")
            .key("client-transport-security.client-cert-file")
            .meaningless("the server does not connect to itself");
    static final Option<String> CLIENT_KEY_FILE = string(
                    "client-key-file", "", Section.SECURITY, "Key file of --client-cert-file.")
            .key("client-transport-security.client-key-file")
            .meaningless("the server does not connect to itself");
    static final Option<String> CLIENT_CRL_FILE = string(
                    "client-crl-file", "", Section.SECURITY, "Revocation list for client certificates.")
            .key(null);
    static final Option<List<String>> CLIENT_CERT_ALLOWED_HOSTNAME = strings(
                    "client-cert-allowed-hostname",
                    "",
                    Section.SECURITY,
                    "Host names allowed in client certificates, separated by commas.")
            .key("client-transport-security.allowed-hostname");
    static final Option<String> TRUSTED_CA_FILE = string(
                    "trusted-ca-file", "", Section.SECURITY, "File of the authorities trusted for client certificates.")
            .key("client-transport-security.trusted-ca-file");
    static final Option<Boolean> AUTO_TLS = bool(
                    "auto-tls", "false", Section.SECURITY, "Generate a certificate for the client listeners.")
            .key("client-transport-security.auto-tls");
    static final Option<String> PEER_CERT_FILE = string(
                    "peer-cert-file", "", Section.SECURITY, "Certificate file of the peer listeners.")
            .key("peer-transport-security.cert-file");
    static final Option<String> PEER_KEY_FILE = string(
                    "peer-key-file", "", Section.SECURITY, "Key file of the peer listeners.")
            .key("peer-transport-security.key-file");
    static final Option<Boolean> PEER_CLIENT_CERT_AUTH = bool(
                    "peer-client-cert-auth", "false", Section.SECURITY, "Require certificates of peers.")
            .key("peer-transport-security.client-cert-auth");
    static final Option<String> PEER_CLIENT_CERT_FILE = string(
                    "peer-client-cert-file",
                    "",
                    Section.SECURITY,
                    "Certificate file used when connecting to peers; --peer-cert-file when empty.")
            .key("peer-transport-security.client-cert-file");
    static final Option<String> PEER_CLIENT_KEY_FILE = string(
                    "peer-client-key-file", "", Section.SECURITY, "Key file of --peer-client-cert-file.")
            .key("peer-transport-security.client-key-file");
    static final Option<String> PEER_TRUSTED_CA_FILE = string(
                    "peer-trusted-ca-file", "", Section.SECURITY, "File of the authorities trusted for peers.")
            .key("peer-transport-security.trusted-ca-file");
    static final Option<List<String>> PEER_CERT_ALLOWED_CN = strings(
                    "peer-cert-allowed-cn",
                    "",
                    Section.SECURITY,
                    "Common names allowed in certificates of peers, separated by commas.")
            .key("peer-transport-security.allowed-cn");
    static final Option<List<String>> PEER_CERT_ALLOWED_HOSTNAME = strings(
                    "peer-cert-allowed-hostname",
                    "",
                    Section.SECURITY,
                    "Host names allowed in certificates of peers, separated by commas.")
            .key("peer-transport-security.allowed-hostname");
    static final Option<Boolean> PEER_AUTO_TLS = bool(
                    "peer-auto-tls", "false", Section.SECURITY, "Generate a certificate for the peer listeners.")
            .key("peer-transport-security.auto-tls");
    static final Option<Long> SELF_SIGNED_CERT_VALIDITY = unsigned(
            "self-signed-cert-validity", "1", Section.SECURITY, "Validity of generated certificates, in years.");
    static final Option<String> PEER_CRL_FILE = string(
                    "peer-crl-file", "", Section.SECURITY, "Revocation list for certificates of peers.")
            .key(null);
    static final Option<List<String>> CIPHER_SUITES = strings(
            "cipher-suites",
            "",
            Section.SECURITY,
            "TLS 1.2 cipher suites to allow, separated by commas; empty leaves the choice to the runtime.");
    static final Option<List<String>> CORS = origins(
            "cors",
            "*",
            Section.SECURITY,
            "Origins that browsers may call from, separated by commas; empty or * for all.");
    static final Option<List<String>> HOST_WHITELIST = hosts(
            "host-whitelist",
            "*",
            Section.SECURITY,
            "Host names accepted in requests without TLS, separated by commas; empty or * for all.");
    static final Option<String> TLS_MIN_VERSION =
            string("tls-min-version", "TLS1.2", Section.SECURITY, "Lowest TLS version: TLS1.2 or TLS1.3.");
    static final Option<String> TLS_MAX_VERSION = string(
            "tls-max-version",
            "",
            Section.SECURITY,
            "Highest TLS version: TLS1.2 or TLS1.3; empty leaves the choice to the runtime.");
    static final Option<Boolean> PEER_SKIP_CLIENT_SAN_VERIFICATION = bool(
                    "peer-skip-client-san-verification",
                    "false",
                    Section.SECURITY,
                    "Do not match the names in client certificates of peers.")
            .key("peer-transport-security.skip-client-san-verification");

    // Auth
    static final Option<String> AUTH_TOKEN = string(
            "auth-token", "simple", Section.AUTH, "Kind of authentication token: 'simple', or 'jwt' with its options.");
    static final Option<Long> BCRYPT_COST =
            unsigned("bcrypt-cost", "10", Section.AUTH, "Cost of hashing new passwords, 4 to 31.");
    static final Option<Long> AUTH_TOKEN_TTL =
            unsigned("auth-token-ttl", "300", Section.AUTH, "Life of a simple token, in seconds.");

    // Profiling and Monitoring
    static final Option<Boolean> ENABLE_PPROF = bool(
            "enable-pprof",
            "false",
            Section.MONITORING,
            "Serve thread dumps, heap histograms and flight recordings under /debug/pprof/.");
    static final Option<String> METRICS = string(
            "metrics",
            "basic",
            Section.MONITORING,
            "Detail of the metrics: 'basic', or 'extensive' to add latencies of gRPC calls.");
    static final Option<List<EtcdUrl>> LISTEN_METRICS_URLS = urls(
            "listen-metrics-urls",
            "",
            Section.MONITORING,
            "Further addresses that serve /metrics and the health checks only.");

    // Logging
    static final Option<String> LOGGER =
            string("logger", "zap", Section.LOGGING, "Kind of logger: 'zap' (structured).");
    static final Option<List<String>> LOG_OUTPUTS = strings(
            "log-outputs",
            "default",
            Section.LOGGING,
            "Where the log goes: 'default' (standard error), 'stderr', 'stdout', 'systemd/journal' or file paths, separated by commas.");
    static final Option<String> LOG_LEVEL = string(
            "log-level", "info", Section.LOGGING, "Lowest level to log: debug, info, warn, error, panic or fatal.");
    static final Option<String> LOG_FORMAT =
            string("log-format", "json", Section.LOGGING, "Form of the log lines: 'json' or 'console'.");
    static final Option<Boolean> ENABLE_LOG_ROTATION =
            bool("enable-log-rotation", "false", Section.LOGGING, "Rotate the one log file that --log-outputs names.");
    static final Option<String> LOG_ROTATION_CONFIG_JSON = string(
            "log-rotation-config-json",
            "{\"maxsize\": 100, \"maxage\": 0, \"maxbackups\": 0, \"localtime\": false, \"compress\": false}",
            Section.LOGGING,
            "Settings of the rotation: maxsize (MiB), maxage (days), maxbackups, localtime, compress.");
    static final Option<Duration> WARNING_UNARY_REQUEST_DURATION = duration(
            "warning-unary-request-duration", "300ms", Section.LOGGING, "Log requests that take longer than this.");

    // Distributed tracing
    static final Option<Boolean> ENABLE_DISTRIBUTED_TRACING =
            bool("enable-distributed-tracing", "false", Section.TRACING, "Export traces.");
    static final Option<String> DISTRIBUTED_TRACING_ADDRESS =
            string("distributed-tracing-address", "localhost:4317", Section.TRACING, "Address of the trace collector.");
    static final Option<String> DISTRIBUTED_TRACING_SERVICE_NAME = string(
            "distributed-tracing-service-name",
            "etcd",
            Section.TRACING,
            "Service name in traces, the same for all members.");
    static final Option<String> DISTRIBUTED_TRACING_INSTANCE_ID = string(
            "distributed-tracing-instance-id",
            "",
            Section.TRACING,
            "Instance ID in traces, different for every member.");
    static final Option<Long> DISTRIBUTED_TRACING_SAMPLING_RATE =
            signed("distributed-tracing-sampling-rate", "0", Section.TRACING, "Samples per million requests.");

    // Features
    static final Option<Duration> CORRUPT_CHECK_TIME = duration(
            "corrupt-check-time",
            "0s",
            Section.FEATURES,
            "Period of the comparison of the data of all members, 0 for never.");
    static final Option<Duration> COMPACT_HASH_CHECK_TIME = duration(
            "compact-hash-check-time",
            "1m0s",
            Section.FEATURES,
            "Period in which the leader compares the compaction hashes of the members.");
    static final Option<Long> COMPACTION_BATCH_LIMIT = signed(
            "compaction-batch-limit",
            "0",
            Section.FEATURES,
            "Revisions removed per batch of a compaction, 0 for 1000.");
    static final Option<Duration> COMPACTION_SLEEP_INTERVAL = duration(
            "compaction-sleep-interval",
            "0s",
            Section.FEATURES,
            "Pause between two batches of a compaction, 0 for 10ms.");
    static final Option<Duration> WATCH_PROGRESS_NOTIFY_INTERVAL = duration(
            "watch-progress-notify-interval",
            "0s",
            Section.FEATURES,
            "Period of progress notifications on idle watches, 0 for 10m.");
    static final Option<Duration> WARNING_APPLY_DURATION = duration(
            "warning-apply-duration",
            "100ms",
            Section.FEATURES,
            "Log entries whose application takes longer than this.");
    static final Option<Long> BOOTSTRAP_DEFRAG_THRESHOLD_MEGABYTES = unsigned(
            "bootstrap-defrag-threshold-megabytes",
            "0",
            Section.FEATURES,
            "Defragment at start when at least this many MiB would come free, 0 for never.");
    static final Option<Long> MAX_LEARNERS =
            signed("max-learners", "1", Section.FEATURES, "Learners allowed in the cluster.");
    static final Option<Duration> DOWNGRADE_CHECK_TIME = duration(
            "downgrade-check-time", "5s", Section.FEATURES, "Period in which the state of a downgrade is checked.");
    static final Option<Long> SNAPSHOT_CATCHUP_ENTRIES = unsigned(
            "snapshot-catchup-entries",
            "5000",
            Section.FEATURES,
            "Log entries kept behind a snapshot for slow followers.");

    // Backups, which etcd has no flags for
    static final Option<String> BACKUP_DIR = string(
            "backup-dir",
            "",
            Section.BACKUPS,
            "Directory for backups that the leader takes by itself; it must be there. None are taken when empty.");
    static final Option<Duration> BACKUP_INTERVAL =
            duration("backup-interval", "6h0m0s", Section.BACKUPS, "Time between two full backups, at least 1s.");
    static final Option<Long> BACKUP_RETENTION =
            unsigned("backup-retention", "7", Section.BACKUPS, "Full backups to keep, 0 for all.");
    static final Option<Long> BACKUP_RATE_LIMIT = unsigned(
            "backup-rate-limit",
            "33554432",
            Section.BACKUPS,
            "Bytes a second that a full backup reads or writes at most, 0 for no limit.");
    static final Option<Boolean> BACKUP_ARCHIVE = bool(
            "backup-archive",
            "false",
            Section.BACKUPS,
            "Archive every revision between full backups too, so that any point in time can be restored.");

    // Unsafe
    static final Option<Boolean> FORCE_NEW_CLUSTER =
            bool("force-new-cluster", "false", Section.UNSAFE, "Drop all other members and go on alone.");
    static final Option<Boolean> UNSAFE_NO_FSYNC = bool(
            "unsafe-no-fsync",
            "false",
            Section.UNSAFE,
            "Do not sync to disk; a crash of the machine loses data, and may leave a store that cannot be opened.");

    // Other
    static final Option<String> CONFIG_FILE = string("config-file", "", Section.UNLISTED, "");
    static final Option<Boolean> VERSION = bool("version", "false", Section.UNLISTED, "");

    static {
        // Flags of long gone releases, still accepted so that old command lines start.
        for (String name : List.of(
                "cluster-active-size",
                "cluster-remove-delay",
                "cluster-sync-interval",
                "config",
                "force",
                "max-result-buffer",
                "max-retry-attempts",
                "peer-heartbeat-interval",
                "peer-election-timeout",
                "retry-interval",
                "snapshot",
                "v",
                "vv",
                "test.coverprofile",
                "test.outputdir")) {
            add(new Option<String>(name, Kind.IGNORED, "", Section.UNLISTED, ""));
        }
    }

    private Options() {}

    /** All options in the order of the help text. */
    static List<Option<?>> all() {
        return Collections.unmodifiableList(new ArrayList<>(BY_NAME.values()));
    }

    static @Nullable Option<?> byName(String name) {
        return BY_NAME.get(name);
    }

    private static <T> Option<T> add(Option<T> option) {
        BY_NAME.put(option.name, option);
        return option;
    }

    private static Option<String> string(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.STRING, defaultText, section, help));
    }

    private static Option<Long> unsigned(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.UNSIGNED, defaultText, section, help));
    }

    private static Option<Long> unsigned32(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.UNSIGNED_32, defaultText, section, help));
    }

    private static Option<Boolean> bool(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.BOOL, defaultText, section, help));
    }

    private static Option<List<EtcdUrl>> urls(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.URLS, defaultText, section, help));
    }

    private static Option<Long> signed(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.SIGNED, defaultText, section, help));
    }

    private static Option<Duration> duration(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.DURATION, defaultText, section, help));
    }

    private static Option<Map<String, Boolean>> gates(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.GATES, defaultText, section, help));
    }

    private static Option<List<String>> strings(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.STRINGS, defaultText, section, help));
    }

    private static Option<List<String>> origins(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.ORIGINS, defaultText, section, help));
    }

    private static Option<List<String>> hosts(String name, String defaultText, Section section, String help) {
        return add(new Option<>(name, Kind.HOSTS, defaultText, section, help));
    }

    private static Option<String> choice(
            String name, String defaultText, Section section, String help, String... choices) {
        return add(new Option<>(name, Kind.CHOICE, defaultText, section, help, choices));
    }
}
