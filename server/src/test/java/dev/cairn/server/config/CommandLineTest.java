package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The expected texts and statuses were observed on etcd 3.7.1. */
class CommandLineTest {
    private static Outcome read(String... arguments) {
        return CommandLine.read(List.of(arguments), Map.of());
    }

    private static ServerConfig config(String... arguments) {
        return config(Map.of(), arguments);
    }

    private static ServerConfig config(Map<String, String> environment, String... arguments) {
        Outcome outcome = CommandLine.read(List.of(arguments), environment);
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        return ((Outcome.Start) outcome).config();
    }

    private static Outcome.Exit exit(Map<String, String> environment, String... arguments) {
        Outcome outcome = CommandLine.read(List.of(arguments), environment);
        assertThat(outcome).as(String.join(" ", arguments)).isInstanceOf(Outcome.Exit.class);
        return (Outcome.Exit) outcome;
    }

    private static Object field(Notice notice, String key) {
        return notice.fields().stream()
                .filter(f -> f.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + key + " in " + notice))
                .value();
    }

    private static Notice last(Outcome.Exit exit) {
        return exit.notices().get(exit.notices().size() - 1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "--nope | flag provided but not defined: -nope",
                "-nope=1 | flag provided but not defined: -nope",
                "--name | flag needs an argument: -name",
                "---x | bad flag syntax: ---x",
                "--=x | bad flag syntax: --=x",
                "--snapshot-count=foo | invalid value \"foo\" for flag -snapshot-count: parse error",
                "--snapshot-count=-1 | invalid value \"-1\" for flag -snapshot-count: parse error",
                "--snapshot-count=+5 | invalid value \"+5\" for flag -snapshot-count: parse error",
                "--quota-backend-bytes= | invalid value \"\" for flag -quota-backend-bytes: parse error",
                "--quota-backend-bytes=1__0 | invalid value \"1__0\" for flag -quota-backend-bytes: parse error",
                "--quota-backend-bytes=9223372036854775808 | invalid value \"9223372036854775808\" for flag -quota-backend-bytes: value out of range",
                "--heartbeat-interval=99999999999999999999 | invalid value \"99999999999999999999\" for flag -heartbeat-interval: value out of range",
                "--max-concurrent-streams=4294967296 | invalid value \"4294967296\" for flag -max-concurrent-streams: strconv.ParseUint: parsing \"4294967296\": value out of range",
                "--max-concurrent-streams=x | invalid value \"x\" for flag -max-concurrent-streams: strconv.ParseUint: parsing \"x\": invalid syntax",
                "--pre-vote=maybe | invalid boolean value \"maybe\" for -pre-vote: parse error",
                "--pre-vote= | invalid boolean value \"\" for -pre-vote: parse error",
                "--grpc-keepalive-min-time=5 | invalid value \"5\" for flag -grpc-keepalive-min-time: parse error",
                "--initial-cluster-state=foo | invalid value \"foo\" for flag -initial-cluster-state: invalid value",
                "--discovery-fallback=x | invalid value \"x\" for flag -discovery-fallback: invalid value",
                "--v2-deprecation=not-yet | invalid value \"not-yet\" for flag -v2-deprecation: invalid value \"not-yet\"",
                "--listen-client-urls=foo | invalid value \"foo\" for flag -listen-client-urls: URL scheme must be http, https, unix, or unixs: foo",
                "--listen-client-urls=http://1.2.3.4 | invalid value \"http://1.2.3.4\" for flag -listen-client-urls: URL address does not have the form \"host:port\": http://1.2.3.4",
                "--listen-client-urls=http://1.2.3.4:80/x | invalid value \"http://1.2.3.4:80/x\" for flag -listen-client-urls: URL must not contain a path: http://1.2.3.4:80/x",
                "--listen-client-urls=127.0.0.1:2379 | invalid value \"127.0.0.1:2379\" for flag -listen-client-urls: parse \"127.0.0.1:2379\": first path segment in URL cannot contain colon",
                "--listen-client-urls=http://127.0.0.1:abc | invalid value \"http://127.0.0.1:abc\" for flag -listen-client-urls: parse \"http://127.0.0.1:abc\": invalid port \":abc\" after host",
                "--listen-client-urls=http://127.0.0.1:1, | invalid value \"http://127.0.0.1:1,\" for flag -listen-client-urls: URL scheme must be http, https, unix, or unixs:",
                "--cors=foo | invalid value \"foo\" for flag -cors: URL scheme must be http, https, unix, or unixs: foo",
                "--feature-gates=Foo=true | invalid value \"Foo=true\" for flag -feature-gates: unrecognized feature gate: Foo",
                "--feature-gates=Foo | invalid value \"Foo\" for flag -feature-gates: missing bool value for Foo",
                "--feature-gates=AllAlpha=x | invalid value \"AllAlpha=x\" for flag -feature-gates: invalid value of AllAlpha=x, err: strconv.ParseBool: parsing \"x\": invalid syntax",
            })
    void shouldEndWithStatus2AndUsageForMistakesOfGrammar(String argument, String message) {
        Outcome.Exit exit = exit(Map.of(), argument);
        assertThat(exit.status()).isEqualTo(2);
        assertThat(exit.stderr().lines().findFirst().orElse("").trim()).isEqualTo(message);
        assertThat(exit.stderr()).contains("Usage:\n");
        assertThat(exit.stdout()).isEmpty();
        assertThat(exit.notices()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "foo | \"foo\" is not a valid flag",
                "- | \"-\" is not a valid flag",
                "-- --foo | \"--foo\" is not a valid flag",
                "--pre-vote false | \"false\" is not a valid flag",
                "--cluster-active-size 3 | \"3\" is not a valid flag",
                "foo --nope | \"foo\" is not a valid flag",
                "--heartbeat-interval 0 | --heartbeat-interval must be >0 (set to 0ms)",
                "--election-timeout 0 | --election-timeout must be >0 (set to 0ms)",
                "--election-timeout 100 | --election-timeout[100ms] should be at least as 5 times as --heartbeat-interval[100ms]",
                "--election-timeout 60000 | --election-timeout[60000ms] is too long, and should be set less than 50000ms",
                "--listen-client-urls http://localhost:1 | --advertise-client-urls is required when --listen-client-urls is set explicitly",
                "--listen-peer-urls http://example.com:2379 | expected IP in URL for binding (http://example.com:2379)",
                "--listen-metrics-urls http://:2379 | expected IP in URL for binding (http://:2379)",
                "--initial-advertise-peer-urls http://:2379 | --initial-advertise-peer-urls \"http://:2379\" must be \"host:port\" (unexpected empty host (http://:2379))",
                "--discovery-srv x --initial-cluster default=http://localhost:2380 | multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", \"discovery-endpoints\" or \"discovery-srv\"",
                "--discovery-token a | both --discovery-token and --discovery-endpoints must be set",
                "--discovery-endpoints= | both --discovery-token and --discovery-endpoints must be set",
                "--discovery-endpoints= --discovery-token x | --discovery-endpoints must not contain empty endpoints",
                "--discovery-endpoints=a,,b --discovery-token x | --discovery-endpoints must not contain empty endpoints",
                "--discovery-endpoints=a --discovery-token= | both --discovery-token and --discovery-endpoints must be set",
                "--discovery=http://127.0.0.1:1/t --discovery-srv y | multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", \"discovery\", \"discovery-endpoints\" or \"discovery-srv\"",
                "--discovery=http://127.0.0.1:1/t --initial-cluster default=http://localhost:2380 | multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", \"discovery\", \"discovery-endpoints\" or \"discovery-srv\"",
                "--discovery-fallback=proxy | v2 proxy is deprecated, and --discovery-fallback can't be configured as \"proxy\"",
                "--discovery-endpoints=a --discovery-token x --discovery-srv y | multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", \"discovery-endpoints\" or \"discovery-srv\"",
                "--discovery-fallback proxy | v2 proxy is deprecated, and --discovery-fallback can't be configured as \"proxy\"",
                "--auto-compaction-mode foo | unknown auto-compaction-mode \"foo\"",
                "--auto-compaction-mode= | undefined auto-compaction-mode",
                "--log-format foo | unknown log format: foo, supported values json, console",
                "--logger foo | unknown logger option \"foo\"",
                "--log-outputs default,stderr | multi logoutput for \"default\" is not supported yet",
                "--enable-log-rotation | --log-outputs requires a single file path when --log-rotate-config-json is defined",
                "--feature-gates LeaseCheckpointPersist=true | enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
                "--tls-min-version TLS1.1 | unexpected TLS version \"TLS1.1\" (must be one of: TLS1.2, TLS1.3)",
                "--tls-min-version TLS1.3 --tls-max-version TLS1.2 | min version (TLS1.3) is greater than max version (TLS1.2)",
                "--tls-min-version TLS1.3 --cipher-suites X | cipher suites cannot be configured when only TLS1.3 is enabled",
                "--compact-hash-check-time 0 | --compact-hash-check-time must be >0 (set to 0s)",
                "--enable-distributed-tracing --distributed-tracing-sampling-rate=-1 | distributed tracing configurition is not valid: (tracing sampling rate must be positive)",
            })
    void shouldEndWithStatus1WhenValuesCannotBeUsed(String arguments, String message) {
        Outcome.Exit exit = exit(Map.of(), arguments.split(" "));
        assertThat(exit.status()).isEqualTo(1);
        assertThat(exit.notices().stream()
                        .filter(n -> n.message().equals("failed to verify flags"))
                        .map(n -> field(n, "error")))
                .containsExactly(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "--auto-compaction-retention xx | error parsing CompactionRetention: time: invalid duration \"xx\"",
                "--auto-compaction-retention=-1 | error parsing CompactionRetention: time: missing unit in duration \"-1\"",
                "--listen-client-http-urls http://localhost:2379 | cannot bind both --listen-client-urls and --listen-client-http-urls on the same url http://localhost:2379",
            })
    void shouldNameTheCauseInTheFatalLineOfAFailedStart(String arguments, String message) {
        Outcome.Exit exit = exit(Map.of(), arguments.split(" "));
        assertThat(exit.status()).isEqualTo(1);
        assertThat(last(exit).severity()).isEqualTo(Notice.Severity.FATAL);
        assertThat(last(exit).message()).isEqualTo("discovery failed");
        assertThat(field(last(exit), "error")).isEqualTo(message);
    }

    @Test
    void shouldAddALineWhenTheAdvertisedUrlsAreMissing() {
        Outcome.Exit exit = exit(Map.of(), "--listen-client-urls", "http://localhost:1");
        assertThat(last(exit).message()).isEqualTo("advertise client URLs are not set");
    }

    @Test
    void shouldPanicAboutAnUnknownLogLevel() {
        Outcome.Exit exit = exit(Map.of(), "--log-level", "foo");
        assertThat(exit.status()).isEqualTo(2);
        assertThat(exit.stderr()).startsWith("panic: unrecognized level: \"foo\"\n");
    }

    @Test
    void shouldPrintTheVersionWithoutLookingAtTheConfiguration() {
        Outcome.Exit exit = exit(Map.of(), "--version", "--heartbeat-interval=0");
        assertThat(exit.status()).isZero();
        assertThat(exit.stdout().lines()).hasSize(4);
        assertThat(exit.stdout()).startsWith("etcd Version: 3.7.1\nGit SHA: ").contains("\nGo OS/Arch: ");
        assertThat(exit(Map.of(), "--version", "--nope").status()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"-h", "--help", "--help=foo"})
    void shouldPrintHelpOnBothStreams(String argument) {
        Outcome.Exit exit = exit(Map.of(), argument);
        assertThat(exit.status()).isZero();
        assertThat(exit.stderr()).startsWith("Usage:\n");
        for (Option<?> option : Options.all()) {
            if (option.section != Option.Section.UNLISTED) {
                assertThat(exit.stdout()).contains("  --" + option.name + " '" + option.defaultText + "'\n    ");
            }
        }
    }

    @Test
    void shouldHoldEveryFlagOfEtcdWithItsVariableDefaultAndKey() throws IOException {
        List<String> names = new ArrayList<>();
        try (BufferedReader rows = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(CommandLineTest.class.getResourceAsStream("flags-of-etcd.tsv")),
                StandardCharsets.UTF_8))) {
            rows.readLine();
            for (String row = rows.readLine(); row != null; row = rows.readLine()) {
                String[] cells = row.split("\t", -1);
                Option<?> option = Objects.requireNonNull(Options.byName(cells[0]), cells[0]);
                names.add(cells[0]);
                assertThat(option.environmentName()).isEqualTo(cells[1]);
                if (!cells[3].equals("ignored")) {
                    assertThat(option.defaultText).as(cells[0]).isEqualTo(cells[2]);
                    assertThat(option.fileKey == null ? "(none)" : option.fileKey)
                            .as(cells[0])
                            .isEqualTo(cells[4]);
                }
            }
        }
        assertThat(Options.all())
                .filteredOn(o -> o.section != Option.Section.BACKUPS)
                // Of releases before 3.7.
                .filteredOn(o -> o != Options.DISCOVERY && o != Options.DISCOVERY_PROXY && o != Options.ENABLE_V2)
                .extracting(o -> o.name)
                .containsExactlyInAnyOrderElementsOf(names);
    }

    @Test
    void shouldReadEveryFlagInAllItsForms() {
        for (Option<?> option : Options.all()) {
            if (option == Options.VERSION || option == Options.CONFIG_FILE) {
                continue;
            }
            String value = option.defaultText.isEmpty() && option.kind.standsAlone() ? "true" : option.defaultText;
            List<List<String>> forms = new ArrayList<>();
            forms.add(List.of("-" + option.name + "=" + value));
            forms.add(List.of("--" + option.name + "=" + value));
            if (!option.kind.standsAlone()) {
                forms.add(List.of("-" + option.name, value));
                forms.add(List.of("--" + option.name, value));
            }
            for (List<String> form : forms) {
                Outcome outcome = CommandLine.read(form, Map.of());
                int status = outcome instanceof Outcome.Exit exit ? exit.status() : 0;
                // Some defaults are refused when given alone, but none is a mistake of grammar.
                assertThat(status).as("%s", form).isNotEqualTo(2);
            }
        }
    }

    @Test
    void shouldTakeTheLastOfRepeatedFlags() {
        ServerConfig config = config("--name", "a", "-name=b", "--pre-vote", "--pre-vote=false", "--name=c=d");
        assertThat(config.name()).isEqualTo("c=d");
        assertThat(config.preVote()).isFalse();
    }

    @Test
    void shouldReadNumbersWithBasesAndUnderscores() {
        assertThat(config("--quota-backend-bytes=0x10").quotaBackendBytes()).isEqualTo(16);
        assertThat(config("--quota-backend-bytes=010").quotaBackendBytes()).isEqualTo(8);
        assertThat(config("--quota-backend-bytes=1_000").quotaBackendBytes()).isEqualTo(1000);
        assertThat(config("--quota-backend-bytes=+5").quotaBackendBytes()).isEqualTo(5);
        assertThat(config("--quota-backend-bytes=-1").quotaBackendBytes()).isEqualTo(-1);
        assertThat(config("--snapshot-count=18446744073709551615").snapshotCount())
                .isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void shouldReplaceZeroesByWhatTheyStandFor() {
        ServerConfig config = config();
        assertThat(config.quotaBackendBytes()).isEqualTo(2L << 30);
        assertThat(config.backendBatchInterval()).hasMillis(100);
        assertThat(config.backendBatchLimit()).isEqualTo(10_000);
        assertThat(config.compactionBatchLimit()).isEqualTo(1000);
        assertThat(config.compactionSleepInterval()).hasMillis(10);
        assertThat(config.watchProgressNotifyInterval()).hasMinutes(10);
        assertThat(config("--watch-progress-notify-interval=1ms").watchProgressNotifyInterval())
                .hasMillis(100);
        assertThat(config("--bcrypt-cost=99").bcryptCost()).isEqualTo(10);
        assertThat(config.dataDir()).hasToString("default.etcd");
        assertThat(config.walDir()).hasToString("default.etcd/member/wal");
        assertThat(config.maxConcurrentStreams()).isEqualTo(4_294_967_295L);
    }

    @Test
    void shouldRaiseTimeoutsBetweenMembersToTheirMinimum() {
        ServerConfig config = config("--raft-read-timeout=1s", "--raft-write-timeout=4999ms");
        assertThat(config.raftReadTimeout()).hasSeconds(5);
        assertThat(config.raftWriteTimeout()).hasSeconds(5);
        assertThat(config.notices().stream().map(Notice::message))
                .contains(
                        "raft-read-timeout increased to minimum value: 5s",
                        "raft-write-timeout increased to minimum value: 5s");
        assertThat(config("--raft-write-timeout=7s").raftWriteTimeout()).hasSeconds(7);
    }

    @Test
    void shouldDeriveTheInitialClusterFromNameAndPeerUrls() throws ConfigException {
        ServerConfig config = config("--name=n", "--initial-advertise-peer-urls=http://h:2,http://h:1");
        assertThat(config.initialCluster()).isEqualTo("n=http://h:1,n=http://h:2");
        assertThat(config.initialClusterMembers()).containsOnlyKeys("n");
    }

    @Test
    void shouldReadRetentionAsHoursDurationOrRevisions() {
        assertThat(config("--auto-compaction-retention=2").autoCompactionPeriod())
                .hasHours(2);
        assertThat(config("--auto-compaction-retention=90s").autoCompactionPeriod())
                .hasSeconds(90);
        assertThat(config("--auto-compaction-mode=revision", "--auto-compaction-retention=1000")
                        .autoCompactionRevisions())
                .isEqualTo(1000);
    }

    @Test
    void shouldScheduleBackupsOnlyWhereThereIsADirectory() {
        assertThat(config().backups()).isEmpty();
        assertThat(config("--backup-dir=/b").backups())
                .contains(new BackupSettings(Path.of("/b"), Duration.ofHours(6), 7, 32 << 20, false));
        assertThat(config(
                                "--backup-dir=/b",
                                "--backup-interval=1s",
                                "--backup-retention=0",
                                "--backup-rate-limit=0",
                                "--backup-archive")
                        .backups())
                .contains(new BackupSettings(Path.of("/b"), Duration.ofSeconds(1), 0, 0, true));
        assertThat(field(last(exit(Map.of(), "--backup-archive")), "error"))
                .isEqualTo("--backup-archive needs --backup-dir");
        assertThat(field(last(exit(Map.of(), "--backup-dir=/b", "--backup-interval=999ms")), "error"))
                .isEqualTo("--backup-interval must be at least 1s (set to 999ms)");
        assertThat(config("--backup-retention=3").notices())
                .anySatisfy(
                        notice -> assertThat(notice.fields()).contains(new Notice.Field("option", "backup-retention")));
    }

    @Test
    void shouldDiscoverThroughKeysOfTheOldApi() {
        String url = "http://127.0.0.1:1/v2/keys/_etcd/registry/t";
        assertThat(config("--name=a").discoveryUrl()).isEmpty();
        ServerConfig discovering = config("--discovery=" + url, "--discovery-proxy=p:1");
        assertThat(discovering.discoveryUrl()).contains(new DiscoveryUrl(url, "p:1", false));
        assertThat(discovering.initialCluster()).isEmpty();
        ServerConfig late = config("--discovery=" + url, "--discovery-fallback=proxy");
        assertThat(late.discoveryUrl()).contains(new DiscoveryUrl(url, "", true));
        assertThat(late.notices())
                .anySatisfy(notice ->
                        assertThat(notice.fields()).contains(new Notice.Field("option", "discovery-fallback")));
        assertThat(config("--discovery-proxy=p:1").notices())
                .anySatisfy(
                        notice -> assertThat(notice.fields()).contains(new Notice.Field("option", "discovery-proxy")));
    }

    @Test
    void shouldSayOnceThatAnOptionHasNoEffect() {
        List<Notice> notices = config(
                        "--memory-mlock", "--memory-mlock", "--enable-pprof", "--force", "--corrupt-check-time=0s")
                .notices();
        assertThat(notices.stream()
                        .filter(n -> n.message().equals("option is accepted, but has no effect"))
                        .map(n -> field(n, "option")))
                .containsExactlyInAnyOrder("memory-mlock", "force");
    }

    @Test
    void shouldKnowHowTheClusterIsDiscovered() {
        ServerConfig bySrv = config("--discovery-srv=example.com", "--discovery-srv-name=x");
        assertThat(bySrv.discoverySrv()).isEqualTo("example.com");
        assertThat(bySrv.discoverySrvName()).isEqualTo("x");
        assertThat(bySrv.initialCluster()).isEmpty();
        assertThat(bySrv.discovery()).isEmpty();
        ServerConfig byService =
                config("--discovery-endpoints=b:1,a:1,b:1", "--discovery-token=t", "--initial-cluster=");
        assertThat(byService.discovery()).hasValueSatisfying(settings -> {
            assertThat(settings.endpoints()).containsExactly("a:1", "b:1");
            assertThat(settings.token()).isEqualTo("t");
            assertThat(settings.requestTimeout()).hasSeconds(5);
        });
        assertThat(byService.initialCluster()).isEmpty();
        // etcd leaves such a member without any cluster.
        assertThat(config("--discovery-srv-name=x").initialCluster()).isEmpty();
    }

    @Test
    void shouldUseVariablesForFlagsThatWereNotGiven() {
        ServerConfig config = config(Map.of("ETCD_NAME", "env", "ETCD_NOPE", "x", "ETCD_DATA_DIR", "", "PATH", "/"));
        assertThat(config.name()).isEqualTo("env");
        assertThat(config.notices())
                .contains(
                        Notice.info(
                                "recognized and used environment variable",
                                "variable-name",
                                "ETCD_NAME",
                                "variable-value",
                                "env"),
                        Notice.warn("unrecognized environment variable", "environment-variable", "ETCD_DATA_DIR="),
                        Notice.warn("unrecognized environment variable", "environment-variable", "ETCD_NOPE=x"));
    }

    @Test
    void shouldRefuseAVariableBesideItsFlag() {
        Outcome.Exit exit = exit(Map.of("ETCD_NAME", "a"), "--name", "b");
        assertThat(exit.status()).isEqualTo(1);
        assertThat(last(exit))
                .isEqualTo(Notice.fatal(
                        "conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))",
                        "environment-variable",
                        "ETCD_NAME"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "ETCD_HEARTBEAT_INTERVAL | foo | invalid value \"foo\" for ETCD_HEARTBEAT_INTERVAL: parse error",
                "ETCD_PRE_VOTE | foo | invalid value \"foo\" for ETCD_PRE_VOTE: parse error",
                "ETCD_CONFIG_FILE | /nonexistent | open /nonexistent: no such file or directory",
            })
    void shouldNameTheVariableWithABadValue(String variable, String value, String message) {
        Outcome.Exit exit = exit(Map.of(variable, value));
        assertThat(exit.status()).isEqualTo(1);
        assertThat(field(last(exit), "error")).isEqualTo(message);
    }

    @Test
    void shouldWarnAboutTheVersionVariable() {
        assertThat(config(Map.of("ETCD_VERSION", "1")).notices())
                .contains(Notice.warn("cannot set special environment variable", "key", "ETCD_VERSION", "value", "1"));
    }

    @Test
    void shouldSayThatSubcommandsAreMissing() {
        Outcome.Exit exit = (Outcome.Exit) read("gateway", "start");
        assertThat(exit.status()).isEqualTo(1);
        assertThat(exit.stderr()).contains("gateway");
    }
}
