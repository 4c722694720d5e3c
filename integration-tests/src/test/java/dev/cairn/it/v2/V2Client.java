package dev.cairn.it.v2;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Speaks v2 with one server. Thread-safe. */
final class V2Client {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** One client for all: each brings a thread. */
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** @param headers those that v2 sets, by lower-case name */
    record Answer(int status, TreeMap<String, String> headers, String body) {
        long index() {
            return Long.parseLong(headers.getOrDefault("x-etcd-index", "0"));
        }
    }

    /** A wait whose head has come. */
    record Wait(int status, CompletableFuture<String> body, InputStream stream) {
        void cancel() {
            try {
                stream.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final String url;

    /** @param url of the client port */
    V2Client(String url) {
        this.url = url;
    }

    /**
     * Sends a request.
     *
     * @param target behind {@code /v2/keys}, with its query, escaped
     * @param form the body, escaped; empty for none
     */
    Answer send(String method, String target, String form) {
        try {
            HttpResponse<String> response =
                    HTTP.send(request(method, target, form), HttpResponse.BodyHandlers.ofString(UTF_8));
            TreeMap<String, String> headers = new TreeMap<>();
            response.headers().map().forEach((name, values) -> {
                if (name.startsWith("x-") || name.equals("content-type") || name.equals("allow")) {
                    headers.put(name, String.join(",", values));
                }
            });
            return new Answer(response.statusCode(), headers, response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + target, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    Answer get(String target) {
        return send("GET", target, "");
    }

    Answer put(String target, String form) {
        return send("PUT", target, form);
    }

    /** Opens a wait; returns when its head has come. */
    Wait await(String target) {
        try {
            HttpResponse<InputStream> response =
                    HTTP.send(request("GET", target, ""), HttpResponse.BodyHandlers.ofInputStream());
            InputStream stream = response.body();
            CompletableFuture<String> body = new CompletableFuture<>();
            Thread reader = new Thread(
                    () -> {
                        try {
                            body.complete(new String(stream.readAllBytes(), UTF_8));
                        } catch (IOException e) {
                            body.completeExceptionally(e);
                        }
                    },
                    "v2-wait");
            reader.setDaemon(true);
            reader.start();
            return new Wait(response.statusCode(), body, stream);
        } catch (IOException e) {
            throw new UncheckedIOException(target, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private HttpRequest request(String method, String target, String form) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url + "/v2/keys" + target)).timeout(LIMIT);
        if (form.isEmpty()) {
            return request.method(method, HttpRequest.BodyPublishers.noBody()).build();
        }
        return request.header("Content-Type", "application/x-www-form-urlencoded")
                .method(method, HttpRequest.BodyPublishers.ofString(form))
                .build();
    }
}
