package dev.cairn.server.v2.admin;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.http.Json;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. A role as the v2 API shows it, and as a request asks for it.
 *
 * @param grant only in requests, as {@code revoke}: what is to be changed; null where nothing is said
 */
record RoleRecord(
        String role,
        PathAccess access,
        @Nullable PathAccess grant,
        @Nullable PathAccess revoke) {
    static RoleRecord of(String role, PathAccess access) {
        return new RoleRecord(role, access, null, null);
    }

    static RoleRecord decode(JsonBody body) throws ConfigException {
        return new RoleRecord(
                body.text("role"),
                PathAccess.decode(body.object("permissions")),
                change(body.object("grant")),
                change(body.object("revoke")));
    }

    private static @Nullable PathAccess change(@Nullable JsonBody given) throws ConfigException {
        return given == null ? null : PathAccess.decode(given);
    }

    /** Whether it asks for the role as such, not for a change of what it allows. */
    boolean isWhole() {
        return (grant == null || grant.isEmpty()) && (revoke == null || revoke.isEmpty());
    }

    String json() {
        return "{\"role\":" + Json.quote(role) + ",\"permissions\":" + access.json()
                + (grant == null ? "" : ",\"grant\":" + grant.json())
                + (revoke == null ? "" : ",\"revoke\":" + revoke.json()) + "}";
    }
}
