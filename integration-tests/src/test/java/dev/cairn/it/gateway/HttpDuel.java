package dev.cairn.it.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSyntaxException;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Our server and the real one, and the same requests to both. What each server chooses for itself (names of members, tokens, sizes,
 * places in the log) is masked before the comparison; {@code ${name}} in a body stands for what {@link #capture} has kept of an answer
 * of the same server. Confined to one thread.
 */
final class HttpDuel implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int SHOWN_MAX = 300;

    /** Headers that say something to a client. */
    private static final Set<String> COMPARED = Set.of(
            "content-type",
            "grpc-metadata-content-type",
            "www-authenticate",
            "allow",
            "location",
            "x-content-type-options",
            "access-control-allow-methods",
            "access-control-allow-origin",
            "access-control-allow-headers",
            "sec-websocket-version");

    /** Fields whose values are a server's own. */
    private static final Set<String> MASKED = Set.of(
            "cluster_id",
            "member_id",
            "token",
            "dbSize",
            "dbSizeInUse",
            "raftIndex",
            "raftAppliedIndex",
            "memberID",
            "clientURLs",
            "peerURLs");

    final ServerProcess ours;
    final ServerProcess real;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(LIMIT)
            .build();
    private final Map<ServerProcess, Map<String, String>> kept = new HashMap<>();
    private final Set<String> paths = new TreeSet<>();
    private final List<String> differences = new ArrayList<>();

    /** One answer as it is compared. */
    record Seen(int status, Map<String, String> headers, String body) {}

    HttpDuel(Path directory, String... flags) {
        ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"), flags);
        real = ServerProcess.start(Programs.real("etcd"), directory.resolve("real"), flags);
        for (ServerProcess server : List.of(ours, real)) {
            awaitStorageVersion(server);
        }
    }

    /** It is decided some time behind the start. */
    private void awaitStorageVersion(ServerProcess server) {
        await().atMost(LIMIT)
                .until(() -> text(server, "GET", "/version", "").body().contains("\"storage\":\"3.7.0\""));
    }

    private Map<String, String> keptOf(ServerProcess server) {
        return kept.computeIfAbsent(server, s -> new HashMap<>());
    }

    /** The paths that were asked for and known. */
    Set<String> paths() {
        return paths;
    }

    /** The same call to both; the real one's answer. Where ours is another, {@link #check} fails. */
    Seen call(String path, String body, String... headers) {
        return request("POST", path, body, headers);
    }

    /** The same request to both; the real one's answer. Where ours is another, {@link #check} fails. */
    Seen request(String method, String path, String body, String... headers) {
        Seen expected = send(real, method, path, body, headers);
        Seen actual = send(ours, method, path, body, headers);
        note(method + " " + path + " " + shortened(body) + " " + List.of(headers), actual, expected);
        if (expected.status() != 404 && expected.status() != 501) {
            paths.add(path);
        }
        return expected;
    }

    /** Notes a difference where there is one. */
    void note(String what, Object actual, Object expected) {
        if (!actual.equals(expected)) {
            differences.add(what + "\n  ours: " + actual + "\n  real: " + expected);
        }
    }

    /** Fails with all that differed. */
    void check() {
        assertThat(String.join("\n", differences)).as("differences").isEmpty();
    }

    private static String trouble(ServerProcess server) {
        return server.isRunning() ? "" : ", which has ended\n" + server.logTail();
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX) + "...";
    }

    /** Calls both and keeps a value of each answer, found by the names of fields and places in lists, under a name. */
    void capture(String name, String path, String body, String where, String... headers) {
        for (ServerProcess server : List.of(real, ours)) {
            JsonElement at = JsonParser.parseString(
                    text(server, "POST", path, body, headers).body());
            for (String step : where.split("\\.")) {
                at = at.isJsonArray()
                        ? at.getAsJsonArray().get(Integer.parseInt(step))
                        : at.getAsJsonObject().get(step);
            }
            keptOf(server).put(name, at.getAsString());
        }
        paths.add(path);
    }

    /** How many keys one server finds. */
    int count(ServerProcess server, String range) {
        JsonObject answer = JsonParser.parseString(
                        text(server, "POST", "/v3/kv/range", range).body())
                .getAsJsonObject();
        return answer.has("count") ? answer.get("count").getAsInt() : 0;
    }

    private Seen send(ServerProcess server, String method, String path, String body, String... headers) {
        HttpResponse<String> answer = text(server, method, path, body, headers);
        return new Seen(answer.statusCode(), headers(answer), masked(answer.body()));
    }

    private HttpResponse<String> text(
            ServerProcess server, String method, String path, String body, String... headers) {
        try {
            // The client's own limit ends with the head of the answer.
            return client.sendAsync(
                            build(server, method, path, body, headers),
                            HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
                    .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(
                    method + " " + path + " " + shortened(body) + " to " + server.clientUrl() + trouble(server), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private HttpRequest build(ServerProcess server, String method, String path, String body, String... headers) {
        String filled = fill(server, body);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.clientUrl() + path))
                .timeout(LIMIT)
                .method(
                        method,
                        filled.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(bytes(filled)));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], fill(server, headers[i + 1]));
        }
        return request.build();
    }

    /** Characters of the private use area stand for single bytes, so that a text can hold what is no UTF-8. */
    private static byte[] bytes(String text) {
        var out = new java.io.ByteArrayOutputStream();
        text.codePoints().forEach(c -> {
            if (c >= 0xe000 && c <= 0xe0ff) {
                out.write(c);
            } else {
                out.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
            }
        });
        return out.toByteArray();
    }

    /** The text with what was kept of the answers of a server. */
    String filled(ServerProcess server, String text) {
        return fill(server, text);
    }

    private String fill(ServerProcess server, String text) {
        String filled = text;
        for (Map.Entry<String, String> value : keptOf(server).entrySet()) {
            filled = filled.replace("${" + value.getKey() + "}", value.getValue());
        }
        return filled;
    }

    /** A stream to one server: its head, and its lines as they come. */
    final class Lines implements AutoCloseable {
        private final InputStream body;
        private final BufferedReader lines;
        final int status;
        final Map<String, String> headers;

        private Lines(HttpResponse<InputStream> answer) {
            body = answer.body();
            lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
            status = answer.statusCode();
            headers = headers(answer);
        }

        /** The next line, masked; "end" behind the last. */
        String next() {
            try {
                String line = lines.readLine();
                return line == null ? "end" : masked(line);
            } catch (IOException e) {
                throw new AssertionError("the stream broke", e);
            }
        }

        /** The next line as it came. */
        String nextRaw() {
            try {
                return String.valueOf(lines.readLine());
            } catch (IOException e) {
                throw new AssertionError("the stream broke", e);
            }
        }

        @Override
        public void close() {
            try {
                body.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    Lines open(ServerProcess server, String path, String body, String... headers) {
        paths.add(path);
        try {
            return new Lines(
                    client.send(build(server, "POST", path, body, headers), HttpResponse.BodyHandlers.ofInputStream()));
        } catch (IOException e) {
            throw new AssertionError(path + " " + body + " to " + server.clientUrl() + trouble(server), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Map<String, String> headers(HttpResponse<?> answer) {
        Map<String, String> headers = new TreeMap<>();
        answer.headers().map().forEach((name, values) -> {
            if (COMPARED.contains(name.toLowerCase(java.util.Locale.ROOT))) {
                headers.put(name.toLowerCase(java.util.Locale.ROOT), String.join(" | ", values));
            }
        });
        return headers;
    }

    static String masked(String body) {
        // The library of the real one puts one of two blanks behind this word, by chance of its build.
        String text = body.replace("proto:\u00a0", "proto: ");
        if (!text.startsWith("{")) {
            return text;
        }
        try {
            return mask("", JsonParser.parseString(text)).toString();
        } catch (JsonSyntaxException e) {
            return text;
        }
    }

    private static JsonElement mask(String name, JsonElement value) {
        if (MASKED.contains(name) || name.equals("leader") && value.isJsonPrimitive()) {
            return new JsonPrimitive("masked");
        }
        if (value instanceof JsonObject object) {
            // In the order of names: neither order nor blanks mean anything.
            JsonObject masked = new JsonObject();
            boolean member = object.has("peerURLs");
            new TreeSet<>(object.keySet())
                    .forEach(key -> masked.add(
                            key,
                            member && key.equals("ID") ? new JsonPrimitive("masked") : mask(key, object.get(key))));
            return masked;
        }
        if (value instanceof JsonArray array) {
            List<JsonElement> elements = new ArrayList<>();
            array.forEach(element -> elements.add(mask("", element)));
            if (name.equals("members")) {
                // They stand in the order of their identities, which each server chose for itself.
                elements.sort(Comparator.comparing(JsonElement::toString));
            }
            JsonArray masked = new JsonArray();
            elements.forEach(masked::add);
            return masked;
        }
        return value;
    }

    @Override
    public void close() {
        ours.close();
        real.close();
    }
}
