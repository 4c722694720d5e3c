package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileReaderTest {
    @TempDir
    Path directory;

    private Outcome read(String yaml, String... more) throws IOException {
        Path file = directory.resolve("etcd.yaml");
        Files.writeString(file, yaml);
        List<String> arguments = new java.util.ArrayList<>(List.of(more));
        arguments.add("--config-file=" + file);
        return CommandLine.read(arguments, Map.of("ETCD_NAME", "from-environment"));
    }

    private ServerConfig config(String yaml, String... more) throws IOException {
        Outcome outcome = read(yaml, more);
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        return ((Outcome.Start) outcome).config();
    }

    private String error(String yaml) throws IOException {
        Outcome outcome = read(yaml);
        assertThat(outcome).as(yaml).isInstanceOf(Outcome.Exit.class);
        Outcome.Exit exit = (Outcome.Exit) outcome;
        assertThat(exit.status()).isEqualTo(1);
        return exit.notices().isEmpty()
                ? exit.stderr().trim()
                : exit.notices()
                        .get(exit.notices().size() - 1)
                        .fields()
                        .get(0)
                        .value()
                        .toString();
    }

    @Test
    void shouldLetOnlyTheFileCount() throws IOException {
        ServerConfig config = config("heartbeat-interval: 50\n", "--name=flag", "--snapshot-count=1");
        assertThat(config.name()).isEqualTo("default");
        assertThat(config.snapshotCount()).isEqualTo(10_000);
        assertThat(config.heartbeatIntervalMillis()).isEqualTo(50);
        assertThat(config.notices()).anyMatch(n -> n.message().startsWith("loaded server configuration"));
    }

    @Test
    void shouldReadKeysWhateverTheirCaseAndPassOverUnknownOnes() throws IOException {
        ServerConfig config = config(
                "nope: 1\nNaMe: foo\nlog-outputs: [stderr, /tmp/x]\n"
                        + "grpc-keepalive-min-time: 10000000\nclient-transport-security:\n  auto-tls: true\n"
                        + "socket-options: {reuse-port: true}\nfeature-gates: AllAlpha=true\npre-vote: false\nheartbeat-interval: ~\n");
        assertThat(config.name()).isEqualTo("foo");
        assertThat(config.log().outputs()).containsExactly("/tmp/x", "stderr");
        assertThat(config.grpcKeepaliveMinTime()).hasMillis(10);
        assertThat(config.socketReusePort()).isTrue();
        assertThat(config.preVote()).isFalse();
        assertThat(config.heartbeatIntervalMillis()).isEqualTo(100);
        assertThat(config.isEnabled(FeatureGate.LEASE_CHECKPOINT)).isTrue();
        assertThat(config.initialCluster()).isEqualTo("foo=http://localhost:2380");
    }

    @Test
    void shouldReadHowTheClusterIsDiscovered() throws IOException {
        ServerConfig bySrv = config("discovery-srv: d.test\ninitial-cluster: default=http://localhost:2380\n");
        assertThat(bySrv.discoverySrv()).isEqualTo("d.test");
        assertThat(bySrv.initialCluster()).isEmpty();
        DiscoverySettings service = config("discovery-config:\n  token: t\n  client:\n    endpoints: [b, a]\n"
                        + "    request-timeout: 1000000000\n    secure: {insecure-transport: false}\n"
                        + "    auth: {username: u, password: p}\n")
                .discovery()
                .orElseThrow();
        assertThat(service.token()).isEqualTo("t");
        assertThat(service.endpoints()).containsExactly("b", "a");
        assertThat(service.requestTimeout()).hasSeconds(1);
        assertThat(service.dialTimeout()).hasSeconds(2);
        assertThat(service.insecureTransport()).isFalse();
        assertThat(service.user()).isEqualTo("u");
        assertThat(error("discovery-srv: d.test\ninitial-cluster: a=http://localhost:2380\n"))
                .contains("multiple discovery or bootstrap flags are set");
    }

    @Test
    void shouldReadJson() throws IOException {
        assertThat(config("{\"name\": \"j\", \"max-wals\": 7}").maxWals()).isEqualTo(7);
    }

    @Test
    void shouldKeepDefaultsForAnEmptyFileOrAList() throws IOException {
        assertThat(config("").name()).isEqualTo("default");
        assertThat(config("- a\n").name()).isEqualTo("default");
        assertThat(config("listen-client-urls: http://localhost:1\n").advertiseClientUrls())
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "heartbeat-interval: \"5\"",
                "heartbeat-interval: -5",
                "heartbeat-interval: 1.5",
                "heartbeat-interval: 1:30",
                "heartbeat-interval: 1e21",
                "heartbeat-interval: .inf",
                "heartbeat-interval: .nan",
                "heartbeat-interval: 0x",
                "name: [1]",
                "name: 5",
                "grpc-keepalive-min-time: 10ms",
                "log-outputs: stderr",
                "pre-vote: \"true\"",
                "pre-vote: 1",
                "snapshot-count: 99999999999999999999",
                "auto-compaction-retention: 5",
                "client-transport-security: 5",
                "client-transport-security: {cert-file: 5}",
                "foo",
            })
    void shouldRefuseValuesOfAnotherType(String yaml) throws IOException {
        assertThat(error(yaml)).startsWith("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "500",
                "+500",
                "5_00",
                "0x1f4",
                "0b111110100",
                "0764",
                "0o764",
                "5e2",
                "500.0",
                "50_0.",
                ".5e3",
                "!!int 500",
                "!!int \"500\"",
                "0500.0",
                "!!float 500",
                "0_764"
            })
    void shouldReadAWholeNumberHoweverItIsWritten(String number) throws IOException {
        assertThat(config("heartbeat-interval: " + number + "\nelection-timeout: 5000\n")
                        .heartbeatIntervalMillis())
                .isEqualTo(500);
        assertThat(config("heartbeat-interval: 09\n").heartbeatIntervalMillis())
                .as("no octal digits")
                .isEqualTo(9);
    }

    @Test
    void shouldTakeTimesOfDayAndDatesForText() throws IOException {
        assertThat(config("name: 1:30\n").name()).isEqualTo("1:30");
        assertThat(config("name: -1:99999999999999999999\n").name()).isEqualTo("-1:99999999999999999999");
        assertThat(config("name: 2020-01-01\n").name()).isEqualTo("2020-01-01");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"listen-peer-urls", "listen-client-urls", "initial-advertise-peer-urls", "listen-metrics-urls"})
    void shouldReportABadUrlAsOnePlainLine(String key) throws IOException {
        assertThat(error(key + ": foo"))
                .isEqualTo(
                        "unexpected error setting up " + key + ": URL scheme must be http, https, unix, or unixs: foo");
    }

    @Test
    void shouldNameThePeerUrlsForBadAdvertisedClientUrls() throws IOException {
        assertThat(error("advertise-client-urls: foo")).startsWith("unexpected error setting up advertise-peer-urls:");
    }

    @Test
    void shouldValidateAsForTheCommandLine() throws IOException {
        assertThat(error("heartbeat-interval: 0")).isEqualTo("--heartbeat-interval must be >0 (set to 0ms)");
        assertThat(error("initial-cluster-state: foo")).isEqualTo("unexpected clusterState \"foo\"");
        assertThat(error("feature-gates: Foo=true")).isEqualTo("unrecognized feature gate: Foo");
    }

    @ParameterizedTest
    @Timeout(10)
    @ValueSource(
            strings = {
                "a: b: c",
                "data-dir: x\n\tname: y",
                "name: !!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL [\"http://localhost/\"]]]]",
                "name: !!java.lang.Runtime {}",
                "? [a]\n: b\nname: [",
                "\"unfinished",
                "name: \u0001",
                "a: *nothing",
                "name: !!int x",
                "name: !!float x",
                "name: !!binary '@'",
                "name: !!set [a]",
                "name: !!timestamp x",
            })
    void shouldRefuseBrokenOrHostileDocuments(String yaml) throws IOException {
        assertThat(error(yaml)).startsWith("error converting YAML to JSON: yaml: ");
    }

    @Test
    @Timeout(10)
    void shouldRefuseBombs() throws IOException {
        StringBuilder aliases = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 30; i++) {
            aliases.append("a" + i + ": &a" + i + " [" + ("*a" + (i - 1) + ",").repeat(9) + "]\n");
        }
        assertThat(error(aliases.toString())).startsWith("error converting YAML to JSON: yaml: ");
        assertThat(error("a: " + "[".repeat(100_000))).startsWith("error converting YAML to JSON: yaml: ");
        assertThat(error("a: " + "{b: ".repeat(1_000))).startsWith("error converting YAML to JSON: yaml: ");
        assertThat(error("#".repeat(2 << 20))).contains("is larger than");
    }
}
