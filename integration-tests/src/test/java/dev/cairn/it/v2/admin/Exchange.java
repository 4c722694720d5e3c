package dev.cairn.it.v2.admin;

import com.google.gson.JsonParser;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A request of the v2 API, the same to two servers. Immutable.
 *
 * @param body in which PEER stands for the port of the server's peer URL
 * @param user {@code name:password} for Basic authentication; empty for none
 */
record Exchange(String method, String path, String body, String contentType, String user) {
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** What came back, with the same words for what differs between any two servers. */
    record Reply(int status, Map<String, List<String>> headers, String body) {}

    static Exchange of(String method, String path) {
        return new Exchange(method, path, "", "", "");
    }

    Exchange withBody(String text) {
        return new Exchange(method, path, text, contentType, user);
    }

    Exchange withJson(String text) {
        return new Exchange(method, path, text, "application/json", user);
    }

    Exchange withContentType(String type) {
        return new Exchange(method, path, body, type, user);
    }

    Exchange as(String nameAndPassword) {
        return new Exchange(method, path, body, contentType, nameAndPassword);
    }

    /** The answer of a server of one member. */
    Reply askOf(ServerProcess server) {
        HttpResponse<String> answer = send(server);
        Map<String, List<String>> headers = new TreeMap<>(answer.headers().map());
        headers.keySet().removeIf(name -> name.equalsIgnoreCase("date") || name.equalsIgnoreCase("content-length"));
        headers.computeIfPresent("x-etcd-cluster-id", (name, values) -> List.of("CLUSTER"));
        return new Reply(
                answer.statusCode(),
                headers,
                normal(server, answer.body())
                        // A list that never had an element: etcd keeps apart whether it was ever written.
                        .replace(":null", ":[]"));
    }

    /** What differs between any two servers, by names. */
    static String normal(ServerProcess server, String text) {
        return text.replace(memberId(server), "MEMBER")
                .replace(server.peerUrl(), "PEER-URL")
                .replace(server.clientUrl(), "CLIENT-URL");
    }

    /** The ID of the only member. */
    static String memberId(ServerProcess server) {
        return JsonParser.parseString(of("GET", "/v2/members").send(server).body())
                .getAsJsonObject()
                .getAsJsonArray("members")
                .get(0)
                .getAsJsonObject()
                .get("id")
                .getAsString();
    }

    HttpResponse<String> send(ServerProcess server) {
        String peer = server.peerUrl();
        String sent = body.replace("PEER", peer.substring(peer.lastIndexOf(':') + 1));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.clientUrl() + path))
                .timeout(LIMIT)
                .method(
                        method,
                        sent.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(sent));
        if (!contentType.isEmpty()) {
            request.header("Content-Type", contentType);
        }
        if (!user.isEmpty()) {
            request.header(
                    "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
        }
        try {
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(this + " of " + server.clientUrl(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while waiting for " + this, e);
        }
    }
}
