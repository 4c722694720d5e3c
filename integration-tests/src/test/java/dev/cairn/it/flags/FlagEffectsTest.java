package dev.cairn.it.flags;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Ports;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same settings given to a started server as flags, as variables and in a file do the same. Which value each single option has then
 * is the matter of the unit tests; here is shown that all three ways lead into the server, by settings that can be seen from outside.
 */
@Tag("oracle")
@Timeout(120)
class FlagEffectsTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String NO_EFFECT = "option is accepted, but has no effect";

    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();
    private String metricsUrl = "";

    private Map<String, String> settings() throws IOException {
        metricsUrl = "http://127.0.0.1:" + Ports.next();
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("max-txn-ops", "1");
        settings.put("max-request-bytes", "1000");
        settings.put("quota-backend-bytes", "16777216");
        settings.put("enable-grpc-gateway", "false");
        settings.put("metrics", "extensive");
        settings.put("enable-pprof", "true");
        settings.put("listen-metrics-urls", metricsUrl);
        settings.put("wal-dir", directory.resolve("wal").toString());
        settings.put("log-level", "debug");
        settings.put("log-format", "console");
        settings.put("log-outputs", "stdout," + directory.resolve("logs/server.log"));
        settings.put("enable-log-rotation", "true");
        settings.put("unsafe-no-fsync", "true");
        settings.put("bootstrap-defrag-threshold-megabytes", "100");
        settings.put("memory-mlock", "true");
        settings.put("feature-gates", "TxnModeWriteWithSharedBuffer=false");
        return settings;
    }

    @Test
    void shouldFollowFlags() throws Exception {
        List<String> flags = new ArrayList<>();
        settings().forEach((name, value) -> flags.add("--" + name + "=" + value));
        check(server().withFlags(flags.toArray(new String[0])));
    }

    @Test
    void shouldFollowVariables() throws Exception {
        Map<String, String> variables = new HashMap<>();
        settings()
                .forEach((name, value) ->
                        variables.put("ETCD_" + name.toUpperCase(Locale.ROOT).replace('-', '_'), value));
        check(server().withVariables(variables));
    }

    @Test
    void shouldFollowAFileAndNothingBesideIt() throws Exception {
        ServerProcess server = server().reserve();
        Map<String, String> settings = settings();
        settings.put("name", "default");
        settings.put("data-dir", server.dataDirectory().toString());
        settings.put("listen-client-urls", server.clientUrl());
        settings.put("advertise-client-urls", server.clientUrl());
        settings.put("listen-peer-urls", server.peerUrl());
        settings.put("initial-advertise-peer-urls", server.peerUrl());
        settings.put("initial-cluster", "default=" + server.peerUrl());
        StringBuilder yaml = new StringBuilder();
        settings.forEach((name, value) -> yaml.append(name)
                .append(": ")
                .append(name.equals("log-outputs") ? "[" + value + "]" : value)
                .append('\n'));
        Path file = Files.writeString(directory.resolve("etcd.yml"), yaml);
        check(server.withFlags("--config-file=" + file, "--max-txn-ops=1000")
                .withVariables(Map.of("ETCD_MAX_REQUEST_BYTES", "100000")));
    }

    @Test
    void shouldDefragmentAtTheStartWhenEnoughWouldComeFree() {
        try (ServerProcess server = server().withFlags("--backend-batch-interval=1ms")) {
            server.start();
            String value = "v".repeat(1_000_000);
            for (int i = 0; i < 8; i++) {
                Command.start(List.of(
                                Programs.real("etcdctl").toString(), "--endpoints=" + server.target(), "put", "k"))
                        .input(value)
                        .await(LIMIT)
                        .success();
            }
            etcdctl(server, "compact", "--physical", "9").success();
            server.terminate(LIMIT);
            server.withFlags("--bootstrap-defrag-threshold-megabytes=1000").start();
            assertThat(server.log())
                    .contains("\"msg\":\"Skipping defragmentation\"")
                    .doesNotContain("\"msg\":\"defragmenting\"");
            server.terminate(LIMIT);
            server.withFlags("--bootstrap-defrag-threshold-megabytes=4").start();
            assertThat(server.log()).contains("\"msg\":\"finished defragmenting directory\"");
            assertThat(etcdctl(server, "get", "k", "--print-value-only").success())
                    .startsWith(value);
        }
    }

    private ServerProcess server() {
        return ServerProcess.prepare(Programs.ours(), directory.resolve("server"));
    }

    private void check(ServerProcess prepared) throws Exception {
        try (ServerProcess server = prepared) {
            server.start();
            assertThat(etcdctl(server, "put", "k", "v").exit()).isZero();
            assertThat(etcdctl(server, "put", "k", "v".repeat(2000)).err()).contains("request is too large");
            Command.Result tooMany = Command.start(
                            List.of(Programs.real("etcdctl").toString(), "--endpoints=" + server.target(), "txn"))
                    .input("\nput a 1\nput b 2\n\n\n")
                    .await(LIMIT);
            assertThat(tooMany.err()).contains("too many operations in txn request");
            assertThat(etcdctl(server, "endpoint", "status", "-w", "json").out())
                    .contains("\"dbSizeQuota\":16777216");

            assertThat(get(server.clientUrl() + "/v3/kv/range").statusCode()).isEqualTo(404);
            assertThat(get(server.clientUrl() + "/debug/pprof/").statusCode()).isEqualTo(200);
            assertThat(get(metricsUrl + "/health").body()).contains("\"health\":\"true\"");
            assertThat(get(metricsUrl + "/metrics").body())
                    .contains("grpc_server_handling_seconds_bucket")
                    .as("the log is not synced")
                    .contains("etcd_disk_wal_fsync_duration_seconds_count 0\n");
            assertThat(directory.resolve("wal")).isNotEmptyDirectory();
            assertThat(server.dataDirectory().resolve("member/wal")).doesNotExist();

            String log = Files.readString(directory.resolve("logs/server.log"));
            assertThat(log).contains("\tdebug\t").contains("\tSkipping defragmentation\t{\"current-db-size-bytes\": ");
            assertThat(log.lines().filter(line -> line.startsWith("{"))).isEmpty();
            assertThat(log.lines().filter(line -> line.contains(NO_EFFECT)))
                    .as("what cannot mean anything says so once")
                    .hasSize(1)
                    .allMatch(line -> line.contains("\"option\": \"memory-mlock\""));
            assertThat(log).containsOnlyOnce("feature gate is accepted, but has no effect");
            assertThat(server.log().lines().filter(line -> line.contains("\tinfo\t")))
                    .as("the log goes to both outputs")
                    .isNotEmpty();
        }
    }

    private static Command.Result etcdctl(ServerProcess server, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(Programs.real("etcdctl").toString(), "--endpoints=" + server.target()));
        command.addAll(List.of(arguments));
        return Command.run(command, LIMIT);
    }

    private HttpResponse<String> get(String url) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create(url)).timeout(LIMIT).build(), HttpResponse.BodyHandlers.ofString());
    }
}
