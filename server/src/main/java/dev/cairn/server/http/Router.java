package dev.cairn.server.http;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds the page for a path. Built by one thread, then thread-safe.
 *
 * <p>A path is exact; {@link #under} adds one for everything below a prefix, the longest prefix wins. Around every page stand, in
 * this order, the check of the Host header, what {@link #refuse} adds, the CORS headers and the answer to OPTIONS; {@link #plain} is without them, as the
 * metrics URLs are.
 */
public final class Router implements HttpHandler {
    /** The v2 API, whose clients know another redirect: the one that etcd sent when it had that API. */
    private static final String OLD_API = "/v2/";

    private static final int PERMANENTLY = 301;
    private static final int TEMPORARILY = 307;
    private static final String METHODS = "POST, GET, OPTIONS, PUT, DELETE";
    private static final String HEADERS = "accept, content-type, authorization";
    private static final String HOST_REFUSED = """

            etcd received your request, but the Host header was unrecognized.

            To fix this, choose one of the following options:
            - Enable TLS, then any HTTPS request will be allowed.
            - Add the hostname you want to use to the whitelist in settings.
              - e.g. etcd --host-whitelist "%s"

            This requirement has been added to help prevent "DNS Rebinding" attacks (CVE-2018-5702).
            """;

    private final Map<String, HttpHandler> exact = new HashMap<>();
    private final Map<String, HttpHandler> prefixes = new TreeMap<>();
    private final Map<String, String> oldPrefixes = new TreeMap<>();
    private Function<HttpRequest, @Nullable HttpAnswer> refusal = request -> null;
    private final boolean guarded;
    private final Set<String> origins;
    private final Set<String> hosts;

    private Router(boolean guarded, List<String> origins, List<String> hosts) {
        this.guarded = guarded;
        this.origins = Set.copyOf(origins);
        this.hosts = Set.copyOf(hosts);
    }

    /**
     * A router with the host check and CORS.
     *
     * @param origins allowed by CORS; empty or a star for all
     * @param hosts accepted Host names; empty or a star for all
     */
    public static Router guarded(List<String> origins, List<String> hosts) {
        return new Router(true, origins, hosts);
    }

    public static Router plain() {
        return new Router(false, List.of(), List.of());
    }

    /** A page that can only be read. */
    public void get(String path, HttpHandler page) {
        any(
                path,
                request -> request.method().equals("GET")
                        ? page.handle(request)
                        : CompletableFuture.completedFuture(HttpAnswer.onlyGet()));
    }

    /** A page that decides about methods itself. */
    public void any(String path, HttpHandler page) {
        if (exact.putIfAbsent(path, page) != null) {
            throw new IllegalStateException("two pages for " + path);
        }
    }

    /** Everything whose path starts with the prefix, which ends in a slash. */
    public void under(String prefix, HttpHandler pages) {
        if (!prefix.endsWith("/") || prefixes.putIfAbsent(prefix, pages) != null) {
            throw new IllegalStateException("no new prefix: " + prefix);
        }
    }

    /** What stands below one prefix can also be found below an older one, whatever guards it. */
    public void alias(String oldPrefix, String prefix) {
        oldPrefixes.put(oldPrefix, prefix);
    }

    /** Looks at every request behind the check of its host; an answer of its own goes out as it is, null lets the request pass. */
    public void refuse(Function<HttpRequest, @Nullable HttpAnswer> reason) {
        refusal = reason;
    }

    @Override
    public CompletionStage<HttpAnswer> handle(HttpRequest received) {
        HttpRequest request = renewed(received);
        if (!guarded) {
            return find(request).handle(request);
        }
        String host = host(request);
        // A page of another site cannot make a browser send requests over TLS under a name the certificate does not
        // have.
        if (!request.secure() && !isAll(hosts) && !hosts.contains(host)) {
            return CompletableFuture.completedFuture(HttpAnswer.plain(
                    421,
                    String.format(
                                    Locale.ROOT,
                                    HOST_REFUSED,
                                    host.replace("\\", "\\\\").replace("\"", "\\\"")) + "\n"));
        }
        HttpAnswer refused = refusal.apply(request);
        if (refused != null) {
            return CompletableFuture.completedFuture(refused);
        }
        String origin = allowedOrigin(request);
        CompletionStage<HttpAnswer> answer = request.method().equals("OPTIONS")
                ? CompletableFuture.completedFuture(HttpAnswer.empty(200))
                : find(request).handle(request);
        return origin == null ? answer : answer.thenApply(a -> a.isWebSocket() ? a : withCors(a, origin));
    }

    private HttpRequest renewed(HttpRequest request) {
        for (Map.Entry<String, String> old : oldPrefixes.entrySet()) {
            if (request.path().startsWith(old.getKey())) {
                return request.withPath(
                        old.getValue() + request.path().substring(old.getKey().length()));
            }
        }
        return request;
    }

    private HttpHandler find(HttpRequest request) {
        String path = request.path();
        HttpHandler page = exact.get(path);
        if (page != null) {
            return page;
        }
        String clean = clean(path);
        if (!clean.equals(path)) {
            return redirect(clean, request.query(), path.startsWith(OLD_API) ? PERMANENTLY : TEMPORARILY);
        }
        HttpHandler below = null;
        for (Map.Entry<String, HttpHandler> entry : prefixes.entrySet()) {
            // Sorted, so that a longer prefix comes after a shorter one.
            if (path.startsWith(entry.getKey())) {
                below = entry.getValue();
            }
        }
        if (below != null) {
            return below;
        }
        if (prefixes.containsKey(path + "/")) {
            return redirect(path + "/", request.query(), TEMPORARILY);
        }
        return r -> CompletableFuture.completedFuture(HttpAnswer.notFound());
    }

    /** Without empty, dot and dot-dot parts; a slash at the end stays. */
    private static String clean(String path) {
        if (!path.contains("//") && !path.contains("/.")) {
            return path;
        }
        String resolved = "";
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                resolved = resolved.substring(0, Math.max(0, resolved.lastIndexOf('/')));
            } else if (!part.isEmpty() && !part.equals(".")) {
                resolved = resolved + "/" + part;
            }
        }
        boolean slash = path.endsWith("/") || path.endsWith("/.") || path.endsWith("/..");
        return resolved.isEmpty() ? "/" : slash ? resolved + "/" : resolved;
    }

    private static HttpHandler redirect(String path, String query, int status) {
        String location;
        try {
            location = new URI(null, null, path, null).toASCIIString() + (query.isEmpty() ? "" : "?" + query);
        } catch (java.net.URISyntaxException e) {
            return r -> CompletableFuture.completedFuture(HttpAnswer.notFound());
        }
        String escaped = location.replace("&", "&amp;")
                .replace("\"", "&#34;")
                .replace("<", "&lt;")
                .replace(">", "&gt;");
        byte[] body = ("<a href=\"" + escaped + "\">"
                        + (status == PERMANENTLY ? "Moved Permanently" : "Temporary Redirect") + "</a>.\n\n")
                .getBytes(java.nio.charset.StandardCharsets.UTF_8);
        return r -> {
            boolean shown = r.method().equals("GET") || r.method().equals("HEAD");
            HttpAnswer answer =
                    shown ? HttpAnswer.of(status, "text/html; charset=utf-8", body) : HttpAnswer.empty(status);
            return CompletableFuture.completedFuture(answer.with("Location", location));
        };
    }

    private static boolean isAll(Set<String> names) {
        return names.isEmpty() || names.contains("*");
    }

    /** The name in the Host header without its port. */
    private static String host(HttpRequest request) {
        String header = request.header("host");
        String host = header == null ? "" : header;
        int colon = host.lastIndexOf(':');
        if (colon < 0 || host.indexOf(']') > colon) {
            return host;
        }
        return host.startsWith("[")
                ? host.substring(1, host.length() - 1 - (host.length() - colon))
                : host.substring(0, colon);
    }

    private @Nullable String allowedOrigin(HttpRequest request) {
        if (isAll(origins)) {
            return "*";
        }
        String origin = request.header("origin");
        return origin != null && origins.contains(origin) ? origin : null;
    }

    private static HttpAnswer withCors(HttpAnswer answer, String origin) {
        return answer.with("Access-Control-Allow-Methods", METHODS)
                .with("Access-Control-Allow-Origin", origin)
                .with("Access-Control-Allow-Headers", HEADERS);
    }
}
