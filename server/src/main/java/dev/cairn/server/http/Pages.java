package dev.cairn.server.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.zip.GZIPOutputStream;

/** Thread-safe. The pages that only show something: version, metrics, variables. */
public final class Pages {
    /** What {@code /version} tells; the last two change while a cluster forms. */
    public record Versions(String server, String cluster, String storage) {}

    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

    private Pages() {}

    public static void addVersion(Router router, Supplier<Versions> versions) {
        router.get("/version", request -> {
            Versions now = versions.get();
            return CompletableFuture.completedFuture(HttpAnswer.json(
                    200,
                    "{\"etcdserver\":" + Json.quote(now.server()) + ",\"etcdcluster\":" + Json.quote(now.cluster())
                            + ",\"storage\":" + Json.quote(now.storage()) + "}"));
        });
    }

    /** The supplier renders the current metrics in Prometheus' text format; it is called for each scrape. */
    public static void addMetrics(Router router, Supplier<String> metrics) {
        router.any("/metrics", request -> {
            byte[] body = metrics.get().getBytes(StandardCharsets.UTF_8);
            HttpAnswer answer;
            if (acceptsGzip(request)) {
                answer = HttpAnswer.of(200, METRICS_TYPE, gzip(body)).with("Content-Encoding", "gzip");
            } else {
                answer = HttpAnswer.of(200, METRICS_TYPE, body);
            }
            return CompletableFuture.completedFuture(answer);
        });
    }

    /**
     * The variables page. The values are JSON texts, shown in alphabetical order.
     *
     * @param variables rendered for each request
     */
    public static void addVariables(Router router, Supplier<CompletionStage<Map<String, String>>> variables) {
        router.get("/debug/vars", request -> variables.get().thenApply(Pages::variables));
    }

    private static HttpAnswer variables(Map<String, String> variables) {
        StringBuilder json = new StringBuilder("{\n");
        String divider = "";
        for (Map.Entry<String, String> variable : new java.util.TreeMap<>(variables).entrySet()) {
            json.append(divider)
                    .append(Json.quote(variable.getKey()))
                    .append(": ")
                    .append(variable.getValue());
            divider = ",\n";
        }
        byte[] body = json.append("\n}\n").toString().getBytes(StandardCharsets.UTF_8);
        return HttpAnswer.of(200, "application/json; charset=utf-8", body);
    }

    private static boolean acceptsGzip(HttpRequest request) {
        List<String> accepted = request.headers().get("accept-encoding");
        if (accepted == null) {
            return false;
        }
        for (String header : accepted) {
            for (String coding : header.split(",")) {
                String[] parts = coding.trim().split(";");
                boolean refused = parts.length > 1 && parts[1].replace(" ", "").matches("q=0(\\.0*)?");
                if (parts[0].trim().equals("gzip") && !refused) {
                    return true;
                }
            }
        }
        return false;
    }

    private static byte[] gzip(byte[] body) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream(body.length / 8);
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException("in memory", e);
        }
        return packed.toByteArray();
    }
}
