package dev.cairn.server.v2.admin;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Json;
import dev.cairn.server.http.Router;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code /v2/auth}: users, roles, and whether anything is checked. Thread-safe; never blocks. */
final class AuthPages {
    private static final String AUTH = "/v2/auth";
    private static final String USERS = AUTH + "/users";
    private static final String ROLES = AUTH + "/roles";
    private static final String[] METHODS = {"GET", "PUT", "DELETE"};
    private static final HttpAnswer INVALID_JSON = Replies.refusal(400, "Invalid JSON in request body.");

    private final long clusterId;
    private final Requesters requesters;
    private final UserChanges changes;
    private final UserPlans users;
    private final RolePlans roles;

    AuthPages(long clusterId, Requesters requesters, UserChanges changes, UserPlans users, RolePlans roles) {
        this.clusterId = clusterId;
        this.requesters = requesters;
        this.changes = changes;
        this.users = users;
        this.roles = roles;
    }

    void addTo(Router router) {
        router.any(AUTH + "/enable", this::enable);
        router.any(USERS, request -> guarded(request, who -> now(allUsers()), "GET"));
        router.any(ROLES, request -> guarded(request, who -> now(allRoles()), "GET"));
        router.under(USERS + "/", request -> below(USERS, request, this::allUsers, this::user));
        router.under(ROLES + "/", request -> below(ROLES, request, this::allRoles, this::role));
    }

    private interface Work {
        CompletionStage<HttpAnswer> of(Requester who);
    }

    private interface NamedWork {
        CompletionStage<HttpAnswer> of(HttpRequest request, String name, Requester who);
    }

    private interface Listing {
        HttpAnswer list();
    }

    private CompletionStage<HttpAnswer> guarded(HttpRequest request, Work work, String... methods) {
        HttpAnswer refused = Replies.refuseMethod(request, methods);
        return refused == null ? requesters.ifRoot(request, who -> withCluster(work.of(who))) : now(refused);
    }

    private CompletionStage<HttpAnswer> withCluster(CompletionStage<HttpAnswer> answer) {
        return answer.thenApply(sent -> Replies.withCluster(sent, clusterId));
    }

    private static CompletionStage<HttpAnswer> now(HttpAnswer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    private CompletionStage<HttpAnswer> below(String prefix, HttpRequest request, Listing listing, NamedWork work) {
        String name = request.path().substring(prefix.length() + 1);
        if (name.endsWith("/")) {
            name = name.substring(0, name.length() - 1);
        }
        if (name.isEmpty()) {
            return guarded(request, who -> now(listing.list()), "GET");
        }
        if (name.indexOf('/') >= 0) {
            return now(Replies.refusal(400, "Invalid path"));
        }
        String checked = name;
        return guarded(request, who -> work.of(request, checked, who), METHODS);
    }

    private CompletionStage<HttpAnswer> enable(HttpRequest request) {
        if (request.method().equals("GET")) {
            return withCluster(
                    now(Replies.value(200, "{\"enabled\":" + changes.view().isEnabled() + "}")));
        }
        return guarded(
                request,
                who -> changes.carryOut(who, request.method().equals("PUT") ? roles::enable : roles::disable),
                METHODS);
    }

    private HttpAnswer allUsers() {
        AuthView view = changes.view();
        List<String> shown = new ArrayList<>();
        for (String name : view.users()) {
            List<String> held = view.rolesOf(name);
            if (held != null) {
                shown.add(userWithRoles(view, name, held));
            }
        }
        return Replies.value(
                200, "{\"users\":" + (shown.isEmpty() ? "null" : "[" + String.join(",", shown) + "]") + "}");
    }

    private HttpAnswer allRoles() {
        AuthView view = changes.view();
        return Replies.value(
                200,
                view.roles().stream()
                        .map(name -> roleJson(view, name))
                        .filter(Objects::nonNull)
                        .collect(Collectors.joining(",", "{\"roles\":[", "]}")));
    }

    private static String userWithRoles(AuthView view, String name, List<String> held) {
        String roles = held.stream()
                .map(role -> roleJson(view, role))
                .filter(Objects::nonNull)
                .collect(Collectors.joining(","));
        return "{\"user\":" + Json.quote(name) + (roles.isEmpty() ? "" : ",\"roles\":[" + roles + "]") + "}";
    }

    private static @Nullable String roleJson(AuthView view, String name) {
        PathAccess access = view.accessOf(name);
        return access == null ? null : RoleRecord.of(name, access).json();
    }

    private CompletionStage<HttpAnswer> user(HttpRequest request, String name, Requester who) {
        switch (request.method()) {
            case "GET" -> {
                AuthView view = changes.view();
                List<String> held = view.rolesOf(name);
                return now(
                        held == null
                                ? Replies.refusal(UserPlans.noSuchUser(name))
                                : Replies.value(200, userWithRoles(view, name, held)));
            }
            case "PUT" -> {
                UserRecord asked;
                try {
                    asked = UserRecord.decode(JsonBody.parse(Replies.body(request), ""));
                } catch (ConfigException e) {
                    return now(INVALID_JSON);
                }
                return asked.user().equals(name)
                        ? changes.carryOut(who, view -> users.put(view, asked))
                        : now(Replies.refusal(400, "User JSON name does not match the name in the URL"));
            }
            default -> {
                return changes.carryOut(who, view -> users.delete(view, name));
            }
        }
    }

    private CompletionStage<HttpAnswer> role(HttpRequest request, String name, Requester who) {
        switch (request.method()) {
            case "GET" -> {
                String json = roleJson(changes.view(), name);
                return now(json == null ? Replies.refusal(UserPlans.noSuchRole(name)) : Replies.value(200, json));
            }
            case "PUT" -> {
                RoleRecord asked;
                try {
                    asked = RoleRecord.decode(JsonBody.parse(Replies.body(request), ""));
                } catch (ConfigException e) {
                    return now(INVALID_JSON);
                }
                return asked.role().equals(name)
                        ? changes.carryOut(who, view -> roles.put(view, asked))
                        : now(Replies.refusal(400, "Role JSON name does not match the name in the URL"));
            }
            default -> {
                return changes.carryOut(who, view -> roles.delete(view, name));
            }
        }
    }
}
