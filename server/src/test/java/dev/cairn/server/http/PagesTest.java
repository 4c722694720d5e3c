package dev.cairn.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies and headers were observed on etcd 3.7.1. */
class PagesTest {
    private final Server server = new Server();
    private final List<String> counted = new ArrayList<>();
    private final Router router = Router.guarded(List.of("*"), List.of("*"));

    PagesTest() {
        new HealthPages(
                        server,
                        new HealthPages.HealthCounter() {
                            @Override
                            public void health(boolean healthy) {
                                counted.add("health " + healthy);
                            }

                            @Override
                            public void check(String page, String name, boolean passed) {
                                counted.add(page + " " + name + " " + passed);
                            }
                        },
                        Duration.ofMillis(200))
                .addTo(router);
        Pages.addVersion(router, () -> new Pages.Versions("3.7.1", "3.7.0", "3.7.0"));
        Pages.addMetrics(router, () -> "a 1\n");
        Pages.addVariables(router, () -> CompletableFuture.completedFuture(Map.of("b", "{\"x\":1}", "a", "[]")));
        router.under("/v3/", r -> CompletableFuture.completedFuture(HttpAnswer.json(404, "v3 " + r.path())));
    }

    /** A server in good health until a test changes it. */
    private static final class Server implements HealthSource {
        Set<Alarm> alarms = EnumSet.noneOf(Alarm.class);
        boolean leader = true;
        boolean learner;
        CompletableFuture<String> linearizable = CompletableFuture.completedFuture("");
        CompletableFuture<String> serializable = CompletableFuture.completedFuture("");

        @Override
        public Set<Alarm> alarms() {
            return alarms;
        }

        @Override
        public boolean hasLeader() {
            return leader;
        }

        @Override
        public boolean isLearner() {
            return learner;
        }

        @Override
        public CompletionStage<?> read(boolean isLinearizable) {
            return isLinearizable ? linearizable : serializable;
        }
    }

    private static HttpAnswer ask(HttpHandler handler, String method, String target, String... headers) {
        Map<String, List<String>> map = new java.util.HashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            map.put(headers[i], List.of(headers[i + 1]));
        }
        try {
            return handler.handle(HttpRequest.of(method, target, map, new byte[0]))
                    .toCompletableFuture()
                    .get(5, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(target, e);
        }
    }

    private HttpAnswer get(String target, String... headers) {
        return ask(router, "GET", target, headers);
    }

    private static String body(HttpAnswer answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    @Test
    void shouldShowTheVersion() {
        HttpAnswer answer = get("/version");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(body(answer))
                .isEqualTo("{\"etcdserver\":\"3.7.1\",\"etcdcluster\":\"3.7.0\",\"storage\":\"3.7.0\"}");
        assertThat(answer.headers())
                .containsExactly(
                        Map.entry("Access-Control-Allow-Headers", "accept, content-type, authorization"),
                        Map.entry("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE"),
                        Map.entry("Access-Control-Allow-Origin", "*"),
                        Map.entry("Content-Type", "application/json"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/version", "/health", "/livez", "/readyz", "/readyz/non_learner", "/debug/vars"})
    void shouldAllowOnlyGet(String path) {
        for (String method : List.of("HEAD", "POST", "PUT", "DELETE", "get")) {
            HttpAnswer answer = ask(router, method, path);
            assertThat(answer.status()).isEqualTo(405);
            assertThat(body(answer)).isEqualTo("Method Not Allowed\n");
            assertThat(answer.headers())
                    .containsEntry("Allow", "GET")
                    .containsEntry("Content-Type", "text/plain; charset=utf-8")
                    .containsEntry("X-Content-Type-Options", "nosniff");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/nope",
                "/version/",
                "/health/",
                "/livez/",
                "/livez/nope",
                "/readyz/nope",
                "/v2/keys",
                "/v3alpha/x"
            })
    void shouldNotFindOtherPaths(String path) {
        HttpAnswer answer = get(path);
        assertThat(answer.status()).isEqualTo(404);
        assertThat(body(answer)).isEqualTo("404 page not found\n");
        assertThat(answer.headers()).containsEntry("X-Content-Type-Options", "nosniff");
    }

    @Test
    void shouldRedirectToTheCleanPath() {
        assertThat(get("//version").headers()).containsEntry("Location", "/version");
        assertThat(body(get("//version"))).isEqualTo("<a href=\"/version\">Temporary Redirect</a>.\n\n");
        assertThat(get("/v3").status()).isEqualTo(307);
        // As it was when etcd had this API.
        assertThat(get("/v2//x").status()).isEqualTo(301);
        assertThat(body(get("/v2//x"))).isEqualTo("<a href=\"/v2/x\">Moved Permanently</a>.\n\n");
        assertThat(get("/v3").headers()).containsEntry("Location", "/v3/");
        assertThat(get("/a/../v3/x?q=1").headers()).containsEntry("Location", "/v3/x?q=1");
        assertThat(get("/../../version").headers()).containsEntry("Location", "/version");
        assertThat(body(get("/v3/foo"))).isEqualTo("v3 /v3/foo");
    }

    @Test
    void shouldAnswerOptionsForAnyPath() {
        HttpAnswer answer = ask(router, "OPTIONS", "/nope");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEmpty();
        assertThat(answer.headers())
                .containsEntry("Access-Control-Allow-Origin", "*")
                .hasSize(3);
    }

    @Test
    void shouldLeaveCorsOutForOriginsThatAreNotListed() {
        Router strict = Router.guarded(List.of("http://a:1"), List.of());
        assertThat(ask(strict, "GET", "/", "origin", "http://a:1").headers())
                .containsEntry("Access-Control-Allow-Origin", "http://a:1");
        assertThat(ask(strict, "GET", "/", "origin", "http://b:1").headers())
                .doesNotContainKey("Access-Control-Allow-Origin");
        assertThat(ask(Router.plain(), "GET", "/").headers()).doesNotContainKey("Access-Control-Allow-Origin");
    }

    @Test
    void shouldCheckTheHost() {
        Router strict = Router.guarded(List.of(), List.of("etcd.test", "::1"));
        for (String host : List.of("etcd.test", "etcd.test:2379", "[::1]:2379")) {
            assertThat(ask(strict, "GET", "/", "host", host).status()).as(host).isEqualTo(404);
        }
        HttpAnswer refused = ask(strict, "GET", "/version", "host", "evil:2379");
        assertThat(refused.status()).isEqualTo(421);
        assertThat(body(refused)).contains("Host header was unrecognized").contains("evil");
        assertThat(refused.headers()).doesNotContainKey("Access-Control-Allow-Origin");
    }

    @Test
    void shouldBeHealthy() {
        for (String path : List.of("/health", "/health?serializable=true", "/health?exclude=NOSPACE")) {
            HttpAnswer answer = get(path);
            assertThat(answer.status()).isEqualTo(200);
            assertThat(body(answer)).isEqualTo("{\"health\":\"true\",\"reason\":\"\"}");
        }
        assertThat(counted).containsOnly("health true").hasSize(3);
    }

    private void expectUnhealthy(String path, String reason) {
        HttpAnswer answer = get(path);
        assertThat(answer.status()).as(path).isEqualTo(503);
        assertThat(body(answer)).isEqualTo("{\"health\":\"false\",\"reason\":\"" + reason + "\"}\n");
    }

    @Test
    void shouldReportAlarmsBeforeTheLeaderBeforeReads() {
        server.linearizable = CompletableFuture.failedFuture(new IllegalStateException("no \"read\""));
        expectUnhealthy("/health", "RANGE ERROR:no \\\"read\\\"");
        assertThat(get("/health?serializable=true").status()).isEqualTo(200);
        server.leader = false;
        expectUnhealthy("/health", "RAFT NO LEADER");
        assertThat(get("/health?serializable=true").status()).isEqualTo(200);
        server.alarms = EnumSet.of(HealthSource.Alarm.CORRUPT, HealthSource.Alarm.NOSPACE);
        expectUnhealthy("/health", "ALARM NOSPACE");
        expectUnhealthy("/health?exclude=NOSPACE", "ALARM CORRUPT");
        expectUnhealthy("/health?exclude=NOSPACE&exclude=CORRUPT", "RAFT NO LEADER");
        assertThat(counted).contains("health false");
    }

    @Test
    void shouldNotWaitForEverForARead() {
        server.linearizable = new CompletableFuture<>();
        expectUnhealthy("/health", "RANGE ERROR:context deadline exceeded");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/livez | ok;",
                "/livez?verbose | [+]serializable_read ok;ok;",
                "/livez/serializable_read | ok;",
                "/livez/serializable_read?verbose | [+]serializable_read ok;ok;",
                "/livez?exclude=serializable_read | ok;",
                "/livez?exclude=serializable_read&verbose | ok;",
                "/livez?exclude=nope&verbose | [+]serializable_read ok;ok;",
                "/readyz | ok;",
                "/readyz?verbose | [+]data_corruption ok;[+]serializable_read ok;[+]linearizable_read ok;[+]non_learner ok;ok;",
                "/readyz?verbose&exclude=non_learner&exclude=nope | [+]data_corruption ok;[+]serializable_read ok;[+]linearizable_read ok;ok;",
                "/readyz/data_corruption?verbose | [+]data_corruption ok;ok;",
            })
    void shouldBeAliveAndReady(String path, String expected) {
        HttpAnswer answer = get(path);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(body(answer)).isEqualTo(expected.replace(';', '\n'));
        assertThat(answer.headers())
                .containsEntry("Content-Type", "text/plain; charset=utf-8")
                .containsEntry("X-Content-Type-Options", "nosniff");
    }

    @Test
    void shouldListWhatIsNotReady() {
        server.alarms = EnumSet.of(HealthSource.Alarm.NOSPACE);
        assertThat(get("/readyz").status()).isEqualTo(200);
        server.alarms = EnumSet.of(HealthSource.Alarm.CORRUPT);
        server.learner = true;
        HttpAnswer answer = get("/readyz?exclude=linearizable_read");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(body(answer))
                .startsWith("[-]data_corruption failed: alarm activated: CORRUPT\n[+]serializable_read ok\n"
                        + "[-]non_learner failed: not supported for learner\n");
        assertThat(get("/livez").status()).isEqualTo(200);
        assertThat(counted).contains("readyz data_corruption false", "livez serializable_read true");
    }

    @Test
    void shouldShowMetricsPlainOrPacked() throws IOException {
        HttpAnswer plain = ask(router, "POST", "/metrics");
        assertThat(body(plain)).isEqualTo("a 1\n");
        assertThat(plain.headers())
                .containsEntry("Content-Type", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
        HttpAnswer packed = get("/metrics", "accept-encoding", "deflate, gzip;q=0.5");
        assertThat(packed.headers()).containsEntry("Content-Encoding", "gzip");
        assertThat(new GZIPInputStream(new ByteArrayInputStream(packed.body())).readAllBytes())
                .isEqualTo("a 1\n".getBytes(StandardCharsets.UTF_8));
        assertThat(get("/metrics", "accept-encoding", "gzip;q=0").headers()).doesNotContainKey("Content-Encoding");
    }

    @Test
    void shouldShowVariablesInOrder() {
        HttpAnswer answer = get("/debug/vars");
        assertThat(body(answer)).isEqualTo("{\n\"a\": [],\n\"b\": {\"x\":1}\n}\n");
        assertThat(answer.headers()).containsEntry("Content-Type", "application/json; charset=utf-8");
    }

    @Test
    void shouldSplitTargets() {
        HttpRequest request = HttpRequest.of("GET", "http://h:1/a%20b?x=1&x=%26&y&&=z", Map.of(), new byte[0]);
        assertThat(request.path()).isEqualTo("/a b");
        assertThat(request.parameters()).containsEntry("x", List.of("1", "&")).containsEntry("y", List.of(""));
        assertThat(HttpRequest.of("GET", "/%zz", Map.of(), new byte[0]).path()).isEqualTo("/%zz");
    }
}
