package dev.cairn.server.gateway;

import dev.cairn.server.digest.Digests;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.HttpStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Pure functions: how a request becomes a web socket. */
final class WebSocketUpgrade {
    private static final String VERSION = "13";
    private static final String ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int KEY_BYTES = 16;
    private static final String PROTOCOL = "sec-websocket-protocol";
    private static final String BEARER = "Bearer";

    private WebSocketUpgrade() {}

    static boolean isWanted(HttpRequest request) {
        return hasToken(request, "connection", "upgrade") && hasToken(request, "upgrade", "websocket");
    }

    private static boolean hasToken(HttpRequest request, String header, String token) {
        for (String value : request.headers().getOrDefault(header, List.of())) {
            for (String part : value.split(",")) {
                if (part.trim().toLowerCase(Locale.ROOT).equals(token)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Why the request cannot become one; null when it can. */
    static @Nullable HttpAnswer refusal(HttpRequest request) {
        if (!request.method().equals("GET")) {
            return refused(405, "Method Not Allowed\n");
        }
        String key = request.header("sec-websocket-key");
        if (!VERSION.equals(request.header("sec-websocket-version")) || key == null || !isKey(key)) {
            return refused(400, "Bad Request\n");
        }
        return null;
    }

    private static HttpAnswer refused(int status, String text) {
        return HttpAnswer.plain(status, text).with("Sec-Websocket-Version", VERSION);
    }

    private static boolean isKey(String key) {
        try {
            return Base64.getDecoder().decode(key).length == KEY_BYTES;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The answer that opens the web socket; the request has not been refused. */
    static HttpAnswer accepted(HttpRequest request, HttpStream talk) {
        HttpAnswer answer = HttpAnswer.webSocket(talk)
                .with("Upgrade", "websocket")
                .with("Connection", "Upgrade")
                .with("Sec-WebSocket-Accept", accept(String.valueOf(request.header("sec-websocket-key"))));
        String protocol = request.header(PROTOCOL);
        return protocol != null && protocol.startsWith(BEARER) ? answer.with("Sec-WebSocket-Protocol", BEARER) : answer;
    }

    private static String accept(String key) {
        byte[] digest = Digests.sha1().digest((key + ACCEPT_SALT).getBytes(StandardCharsets.US_ASCII));
        return Base64.getEncoder().encodeToString(digest);
    }

    /**
     * The headers of the call. Of those of the request only two are passed on; a browser cannot set the others. The token is the second
     * of two subprotocols, or a cookie.
     */
    static Map<String, List<String>> headers(HttpRequest request) {
        Map<String, List<String>> headers = new HashMap<>();
        for (String passed : List.of("origin", "referer")) {
            String value = request.header(passed);
            if (value != null) {
                headers.put(passed, List.of(value));
            }
        }
        String protocol = request.header(PROTOCOL);
        if (protocol != null) {
            int behind = protocol.indexOf(BEARER + ",");
            headers.put(
                    "authorization",
                    List.of(
                            behind < 0
                                    ? ""
                                    : BEARER + " "
                                            + protocol.substring(behind + BEARER.length() + 1)
                                                    .trim()));
        }
        String cookie = cookie(request);
        if (cookie != null) {
            headers.put("authorization", List.of(BEARER + " " + cookie));
        }
        return headers;
    }

    private static @Nullable String cookie(HttpRequest request) {
        for (String header : request.headers().getOrDefault("cookie", List.of())) {
            for (String pair : header.split(";")) {
                String trimmed = pair.trim();
                if (trimmed.startsWith("token=")) {
                    return trimmed.substring("token=".length());
                }
            }
        }
        return null;
    }
}
