package dev.cairn.server.v2.admin;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.http.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. A user as a request of the v2 API asks for it, and as the answer to that shows it.
 *
 * @param password empty where none is given
 * @param roles null where none were ever given, which etcd shows as such
 * @param grant roles that are to be added
 * @param revoke roles that are to be taken away
 */
record UserRecord(String user, String password, @Nullable List<String> roles, List<String> grant, List<String> revoke) {
    static UserRecord decode(JsonBody body) throws ConfigException {
        return new UserRecord(
                body.text("user"),
                body.text("password"),
                body.texts("roles"),
                orNone(body.texts("grant")),
                orNone(body.texts("revoke")));
    }

    private static List<String> orNone(@Nullable List<String> texts) {
        return texts == null ? List.of() : texts;
    }

    List<String> roleList() {
        return roles == null ? List.of() : roles;
    }

    UserRecord withRoles(List<String> newRoles) {
        return new UserRecord(user, password, newRoles, grant, revoke);
    }

    /** Without the password. */
    String json() {
        return "{\"user\":" + Json.quote(user) + ",\"roles\":" + PathAccess.json(roles)
                + (grant.isEmpty() ? "" : ",\"grant\":" + PathAccess.json(grant))
                + (revoke.isEmpty() ? "" : ",\"revoke\":" + PathAccess.json(revoke)) + "}";
    }

    /** Without the password. */
    @Override
    public String toString() {
        return json();
    }
}
