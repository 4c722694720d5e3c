package dev.cairn.server.http;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. An answer, complete or with a body that comes in parts. The body's length, the date and the connection headers are added
 * when it is written.
 *
 * @param headers sorted by name, as etcd sends them
 * @param body empty where it comes in parts
 * @param stream sends the body in parts, or, behind status 101, speaks over a web socket; null for a complete answer
 */
public record HttpAnswer(
        int status,
        Map<String, String> headers,
        byte[] body,
        @Nullable HttpStream stream) {
    private static final int SWITCHING = 101;
    private static final String TEXT = "text/plain; charset=utf-8";

    public static HttpAnswer of(int status, String contentType, byte[] body) {
        Map<String, String> headers = new TreeMap<>();
        headers.put("Content-Type", contentType);
        return new HttpAnswer(status, headers, body, null);
    }

    public static HttpAnswer text(int status, String body) {
        return of(status, TEXT, body.getBytes(StandardCharsets.UTF_8));
    }

    public static HttpAnswer json(int status, String body) {
        return of(status, "application/json", body.getBytes(StandardCharsets.UTF_8));
    }

    public static HttpAnswer empty(int status) {
        return new HttpAnswer(status, Map.of(), new byte[0], null);
    }

    /** An answer whose body comes in parts. */
    public static HttpAnswer streamed(int status, HttpStream stream) {
        return new HttpAnswer(status, Map.of(), new byte[0], stream);
    }

    /** The connection becomes a web socket; its client has asked for that. */
    public static HttpAnswer webSocket(HttpStream stream) {
        return streamed(SWITCHING, stream);
    }

    public boolean isWebSocket() {
        return status == SWITCHING;
    }

    /** A short text that browsers must not take for anything else. */
    public static HttpAnswer plain(int status, String body) {
        return text(status, body).with("X-Content-Type-Options", "nosniff");
    }

    public static HttpAnswer notFound() {
        return plain(404, "404 page not found\n");
    }

    /** Every read-only page allows exactly this method. */
    public static HttpAnswer onlyGet() {
        return plain(405, "Method Not Allowed\n").with("Allow", "GET");
    }

    public HttpAnswer with(String name, String value) {
        Map<String, String> more = new TreeMap<>(headers);
        more.put(name, value);
        return new HttpAnswer(status, more, body, stream);
    }
}
