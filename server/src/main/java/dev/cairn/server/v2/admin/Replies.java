package dev.cairn.server.v2.admin;

import dev.cairn.server.api.EtcdError;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pure functions: answers in the form of the v2 API. */
final class Replies {
    private static final Logger LOG = LoggerFactory.getLogger(Replies.class);
    private static final String CLUSTER_ID = "X-Etcd-Cluster-Id";

    private Replies() {}

    /** A value, with the line end that etcd puts behind what it encodes. */
    static HttpAnswer value(int status, String json) {
        return HttpAnswer.json(status, json + "\n");
    }

    /** Why a request is refused. */
    static HttpAnswer refusal(int status, String message) {
        return HttpAnswer.json(status, "{\"message\":" + Json.quote(message) + "}");
    }

    /** Why a change of users or roles is refused. */
    static HttpAnswer refusal(AuthRefusal refusal) {
        return refusal(refusal.status(), refusal.message());
    }

    /** What etcd has no words for: they are in the log. */
    static HttpAnswer internalError(EtcdError error) {
        LOG.atWarn()
                .setMessage("v2 response error")
                .addKeyValue("internal-server-error", error.message())
                .log();
        return refusal(500, "Internal Server Error");
    }

    static HttpAnswer noCredentials() {
        return refusal(401, "Insufficient credentials");
    }

    static HttpAnswer methodNotAllowed(String... allowed) {
        return HttpAnswer.plain(405, "Method Not Allowed\n").with("Allow", String.join(",", allowed));
    }

    /** Null when the method is one of these. */
    static @Nullable HttpAnswer refuseMethod(HttpRequest request, String... allowed) {
        return List.of(allowed).contains(request.method()) ? null : methodNotAllowed(allowed);
    }

    static HttpAnswer withCluster(HttpAnswer answer, long clusterId) {
        return answer.with(CLUSTER_ID, Long.toHexString(clusterId));
    }

    /** Behind the prefix and one slash. */
    static String below(String prefix, String path) {
        String rest = path.startsWith(prefix) ? path.substring(prefix.length()) : path;
        return rest.startsWith("/") ? rest.substring(1) : rest;
    }

    /** Null when the body is said to be JSON. */
    static @Nullable HttpAnswer refuseContentType(HttpRequest request) {
        String given = request.header("content-type");
        String type = given == null ? "" : given;
        int semicolon = type.indexOf(';');
        if (semicolon >= 0) {
            type = type.substring(0, semicolon).toLowerCase(Locale.ROOT).trim();
        }
        return type.equals("application/json")
                ? null
                : refusal(415, "Bad Content-Type " + type + ", accept application/json");
    }

    static String body(HttpRequest request) {
        return new String(request.body(), StandardCharsets.UTF_8);
    }
}
