package dev.cairn.server.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. A complete HTTP/1.1 request.
 *
 * @param path decoded, without the query
 * @param query raw, without the question mark
 * @param headers by lower-case name, values in order
 * @param secure whether it came over TLS
 * @param connection what it came on; null where there is none
 */
public record HttpRequest(
        String method,
        String path,
        String query,
        Map<String, List<String>> headers,
        byte[] body,
        boolean secure,
        @Nullable HttpConnection connection) {
    private static final int PARAMETERS_MAX = 1000;

    /** Builds a request from the target of the request line; the form {@code http://host/path} counts too. */
    public static HttpRequest of(String method, String target, Map<String, List<String>> headers, byte[] body) {
        return of(method, target, headers, body, false, null);
    }

    /** As {@link #of(String, String, Map, byte[])}, for a request that may have come over TLS. */
    public static HttpRequest of(
            String method,
            String target,
            Map<String, List<String>> headers,
            byte[] body,
            boolean secure,
            @Nullable HttpConnection connection) {
        String rest = target;
        int scheme = rest.indexOf("://");
        if (!rest.startsWith("/") && scheme >= 0) {
            int slash = rest.indexOf('/', scheme + 3);
            rest = slash < 0 ? "/" : rest.substring(slash);
        }
        int question = rest.indexOf('?');
        String path = question < 0 ? rest : rest.substring(0, question);
        return new HttpRequest(
                method,
                path.indexOf('%') < 0 ? path : decode(path.replace("+", "%2B")),
                question < 0 ? "" : rest.substring(question + 1),
                headers,
                body,
                secure,
                connection);
    }

    /** The same request for another path. */
    public HttpRequest withPath(String other) {
        return new HttpRequest(method, other, query, headers, body, secure, connection);
    }

    public @Nullable String header(String lowerCaseName) {
        List<String> values = headers.get(lowerCaseName);
        return values == null || values.isEmpty() ? null : values.get(0);
    }

    /** The parameters of the query; one without a value has the empty text. */
    public Map<String, List<String>> parameters() {
        Map<String, List<String>> parameters = new LinkedHashMap<>();
        if (query.isEmpty()) {
            return parameters;
        }
        int count = 0;
        for (String pair : query.split("&")) {
            if (pair.isEmpty() || ++count > PARAMETERS_MAX) {
                continue;
            }
            int equals = pair.indexOf('=');
            String name = decode(equals < 0 ? pair : pair.substring(0, equals));
            String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
            parameters.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
        }
        return parameters;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
