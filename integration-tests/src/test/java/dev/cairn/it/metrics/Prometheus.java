package dev.cairn.it.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.cluster.Group;
import dev.cairn.it.process.Command;
import dev.cairn.testing.Ports;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A Prometheus that scrapes clusters, each under a job of its own. Confined to the test's thread. */
final class Prometheus implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Command process;
    private final String url;

    private Prometheus(Command process, String url) {
        this.process = process;
        this.url = url;
    }

    /** The program on the PATH; null when it is not there. */
    static @Nullable Path program(String name) {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path candidate = Path.of(directory, name);
            if (!directory.isEmpty() && Files.isExecutable(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /** One that looks every second, and judges by these rules. */
    static Prometheus start(Path program, Path directory, Path rules, Map<String, Group> jobs, int members) {
        StringBuilder config = new StringBuilder("global: {scrape_interval: 1s, evaluation_interval: 1s}\n")
                .append("rule_files: ['" + rules + "']\nscrape_configs:\n");
        jobs.forEach((job, group) -> {
            List<String> targets = new ArrayList<>();
            for (int i = 0; i < members; i++) {
                targets.add("'" + group.member(i).target() + "'");
            }
            config.append("- job_name: " + job + "\n  static_configs: [{targets: " + targets + "}]\n");
        });
        Path file = directory.resolve("prometheus.yml");
        int port = Ports.next();
        try {
            Files.writeString(file, config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Command process = Command.start(List.of(
                program.toString(),
                "--config.file=" + file,
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port));
        Prometheus prometheus = new Prometheus(process, "http://127.0.0.1:" + port);
        try {
            Awaitility.await("Prometheus")
                    .atMost(LIMIT)
                    .ignoreExceptions()
                    .until(() -> Scrape.get(prometheus.url + "/-/ready").contains("Ready"));
        } catch (RuntimeException e) {
            prometheus.close();
            throw e;
        }
        return prometheus;
    }

    /** What a query gives now: values by labels. */
    Map<String, String> query(String query) {
        JsonObject answer = get("/api/v1/query?query=" + URLEncoder.encode(query, UTF_8));
        if (!answer.get("status").getAsString().equals("success")) {
            throw new AssertionError(query + ": " + answer);
        }
        Map<String, String> values = new TreeMap<>();
        for (JsonElement each : answer.getAsJsonObject("data").getAsJsonArray("result")) {
            JsonObject series = each.getAsJsonObject();
            values.put(
                    series.getAsJsonObject("metric").toString(),
                    series.getAsJsonArray("value").get(1).getAsString());
        }
        return values;
    }

    /** All rules that alert, as Prometheus has read them. */
    JsonArray rules() {
        JsonArray rules = new JsonArray();
        for (JsonElement group :
                get("/api/v1/rules?type=alert").getAsJsonObject("data").getAsJsonArray("groups")) {
            rules.addAll(group.getAsJsonObject().getAsJsonArray("rules"));
        }
        return rules;
    }

    private JsonObject get(String path) {
        return JsonParser.parseString(Scrape.get(url + path)).getAsJsonObject();
    }

    @Override
    public void close() {
        process.kill();
    }
}
