package dev.cairn.it.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Ports;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The operational URLs of the client port and of a metrics port. */
@Tag("oracle")
@Timeout(300)
class UrlsTest {
    private static final String[] PAGES = {
        "/health",
        "/health?serializable=true",
        "/health?exclude=NOSPACE&exclude=CORRUPT",
        "/livez",
        "/livez?verbose",
        "/livez?exclude=serializable_read",
        "/livez?exclude=nothing&verbose",
        "/livez/serializable_read",
        "/livez/serializable_read?verbose",
        "/livez/none",
        "/livez/",
        "/readyz",
        "/readyz?exclude=linearizable_read",
        "/readyz/data_corruption",
        "/readyz/linearizable_read?verbose",
        "/readyz/non_learner",
        "/readyz/serializable_read",
        "/readyz/serializable_read?exclude=serializable_read&verbose",
        "/readyz/none",
        "/version",
        "/version/",
        "/",
        "/config",
        "/debug",
        "/debug/",
        "/debug/requests",
        "/debug/events",
        "/debug/pprof",
        "/debug/pprof/",
        "/debug/pprof/heap",
        "/members",
        "/raft"
    };

    @TempDir
    Path directory;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private HttpResponse<byte[]> get(String url) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    @Test
    void shouldShowThePagesAsEtcdDoes() throws Exception {
        try (HttpDuel duel = new HttpDuel(directory)) {
            for (String page : PAGES) {
                for (String method : new String[] {"GET", "HEAD", "POST", "OPTIONS", "DELETE"}) {
                    duel.request(method, page, "");
                }
            }
            alarms(duel);
            duel.check();
            for (ServerProcess server : new ServerProcess[] {duel.real, duel.ours}) {
                JsonObject variables = JsonParser.parseString(new String(
                                get(server.clientUrl() + "/debug/vars").body(), StandardCharsets.UTF_8))
                        .getAsJsonObject();
                assertThat(variables.keySet())
                        .containsExactlyInAnyOrder("cmdline", "file_descriptor_limit", "memstats", "raft.status");
                JsonObject raft = variables.getAsJsonObject("raft.status");
                assertThat(raft.keySet())
                        .isEqualTo(Set.of(
                                "id",
                                "term",
                                "vote",
                                "commit",
                                "lead",
                                "raftState",
                                "applied",
                                "progress",
                                "leadtransferee"));
                assertThat(raft.get("raftState").getAsString()).isEqualTo("StateLeader");
                assertThat(raft.getAsJsonObject("progress")
                                .getAsJsonObject(raft.get("id").getAsString())
                                .keySet())
                        .isEqualTo(Set.of("match", "next", "state"));
                assertThat(variables.get("file_descriptor_limit").getAsLong()).isPositive();
                assertThat(variables.getAsJsonObject("memstats").keySet()).contains("HeapAlloc", "NumGC", "Sys");
            }
        }
    }

    private static void alarms(HttpDuel duel) {
        duel.call("/v3/maintenance/alarm", "{\"action\":\"ACTIVATE\",\"alarm\":\"NOSPACE\",\"memberID\":5}");
        duel.request("GET", "/health", "");
        duel.request("GET", "/health?exclude=NOSPACE", "");
        duel.request("GET", "/readyz", "");
        duel.call("/v3/maintenance/alarm", "{\"action\":\"ACTIVATE\",\"alarm\":\"CORRUPT\",\"memberID\":5}");
        // With both alarms, which one /health tells of is chance in the real one: shouldTellOneOfSeveralAlarms.
        for (String page : new String[] {
            "/health?exclude=CORRUPT",
            "/health?exclude=NOSPACE",
            "/health?exclude=CORRUPT&exclude=NOSPACE",
            "/readyz?exclude=data_corruption",
            "/readyz/data_corruption",
            "/livez"
        }) {
            duel.request("GET", page, "");
        }
    }

    @Test
    void shouldTellOneOfSeveralAlarms() throws Exception {
        try (HttpDuel duel = new HttpDuel(directory)) {
            for (String alarm : new String[] {"NOSPACE", "CORRUPT"}) {
                duel.call(
                        "/v3/maintenance/alarm",
                        "{\"action\":\"ACTIVATE\",\"alarm\":\"" + alarm + "\",\"memberID\":5}");
            }
            for (ServerProcess server : new ServerProcess[] {duel.real, duel.ours}) {
                HttpResponse<byte[]> health = get(server.clientUrl() + "/health");
                assertThat(health.statusCode()).isEqualTo(503);
                assertThat(new String(health.body(), StandardCharsets.UTF_8).strip())
                        .isIn(
                                "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}",
                                "{\"health\":\"false\",\"reason\":\"ALARM CORRUPT\"}");
            }
            duel.check();
        }
    }

    @Test
    void shouldServeTheMetricsUrls() throws Exception {
        int ours = Ports.next();
        int real = Ports.next();
        try (ServerProcess ourServer = ServerProcess.start(
                        Programs.ours(), directory.resolve("ours"), "--listen-metrics-urls=http://127.0.0.1:" + ours);
                ServerProcess realServer = ServerProcess.start(
                        Programs.real("etcd"),
                        directory.resolve("real"),
                        "--listen-metrics-urls=http://127.0.0.1:" + real)) {
            for (String page : new String[] {
                "/health",
                "/livez",
                "/readyz",
                "/readyz/non_learner",
                "/version",
                "/debug/vars",
                "/v3/kv/range",
                "/v3",
                "/metrics",
                "/"
            }) {
                HttpResponse<byte[]> expected = get("http://127.0.0.1:" + real + page);
                HttpResponse<byte[]> actual = get("http://127.0.0.1:" + ours + page);
                assertThat(actual.statusCode()).as(page + ourServer.logTail()).isEqualTo(expected.statusCode());
                assertThat(actual.headers().firstValue("content-type"))
                        .as(page)
                        .isEqualTo(expected.headers().firstValue("content-type"));
                assertThat(actual.headers().firstValue("access-control-allow-origin"))
                        .as(page)
                        .isEmpty();
                if (!page.equals("/metrics")) {
                    assertThat(actual.body()).as(page).isEqualTo(expected.body());
                }
            }
            assertThat(realServer.isRunning()).isTrue();
        }
    }

    @Test
    void shouldShowWhatHappensInside() throws Exception {
        try (HttpDuel duel = new HttpDuel(directory, "--enable-pprof")) {
            for (String page : new String[] {
                "",
                "goroutine?debug=1",
                "heap?debug=1",
                "allocs?debug=1",
                "block?debug=1",
                "mutex?debug=1",
                "threadcreate?debug=1",
                "symbol",
                "nope"
            }) {
                HttpResponse<byte[]> expected = get(duel.real.clientUrl() + "/debug/pprof/" + page);
                HttpResponse<byte[]> actual = get(duel.ours.clientUrl() + "/debug/pprof/" + page);
                assertThat(actual.statusCode()).as(page).isEqualTo(expected.statusCode());
                assertThat(actual.headers().firstValue("content-type"))
                        .as(page)
                        .isEqualTo(expected.headers().firstValue("content-type"));
                assertThat(actual.body()).as(page).isNotEmpty();
            }
            String base = duel.ours.clientUrl() + "/debug/pprof/";
            assertThat(new String(get(base + "goroutine").body(), StandardCharsets.UTF_8))
                    .contains("\"etcd-raft\"");
            assertThat(new String(get(base + "heap").body(), StandardCharsets.UTF_8))
                    .contains("java.lang.String");
            assertThat(new String(get(base + "cmdline").body(), StandardCharsets.UTF_8))
                    .contains("\0--enable-pprof");
            HttpResponse<byte[]> recording = get(base + "profile?seconds=1");
            assertThat(recording.statusCode()).isEqualTo(200);
            assertThat(recording.headers().firstValue("content-type")).contains("application/octet-stream");
            // What the files of the flight recorder begin with.
            assertThat(recording.body()).startsWith('F', 'L', 'R', 0);
            assertThat(get(base + "trace?seconds=0.2").body()).startsWith('F', 'L', 'R', 0);
        }
    }
}
