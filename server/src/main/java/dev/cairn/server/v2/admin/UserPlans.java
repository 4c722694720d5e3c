package dev.cairn.server.v2.admin;

import dev.cairn.auth.AuthException;
import dev.cairn.auth.password.PasswordHasher;
import dev.cairn.auth.password.PasswordRequests;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordRequest;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthUserRevokeRoleRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.http.HttpAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * What a change of a v2 user is in changes of v3, or why it is refused: etcd 3.4's checks, in its order. Stateless but for the hasher; hashes
 * passwords, which takes its time.
 */
final class UserPlans {
    private static final HttpAnswer DONE = HttpAnswer.json(200, "");

    private final PasswordHasher hasher;

    UserPlans(PasswordHasher hasher) {
        this.hasher = hasher;
    }

    /** @throws AuthException PASSWORD_TOO_LONG */
    Plan put(AuthView now, UserRecord asked) throws AuthException {
        boolean whole = asked.grant().isEmpty() && asked.revoke().isEmpty();
        if (whole && !asked.roleList().isEmpty()) {
            return create(now, asked, 200);
        }
        if (whole) {
            return now.rolesOf(asked.user()) == null ? create(now, asked, 201) : update(now, asked);
        }
        return asked.roleList().isEmpty()
                ? update(now, asked)
                : Plan.refuse(Replies.refusal(400, "User JSON contains both roles and grant/revoke"));
    }

    private Plan create(AuthView now, UserRecord given, int status) throws AuthException {
        UserRecord asked = given;
        if (given.user().equals(AuthView.ROOT) && !given.roleList().contains(AuthView.ROOT)) {
            List<String> roles = new ArrayList<>(given.roleList());
            roles.add(AuthView.ROOT);
            asked = given.withRoles(roles);
        }
        String name = asked.user();
        if (asked.password().isEmpty()) {
            return Plan.refuse(AuthRefusal.badRequest("Cannot create user " + name + " with an empty password"));
        }
        if (now.rolesOf(name) != null) {
            return Plan.refuse(AuthRefusal.conflict("User " + name + " already exists."));
        }
        for (String role : asked.roleList()) {
            if (now.accessOf(role) == null) {
                return Plan.refuse(noSuchRole(role));
            }
        }
        List<InternalRaftRequest.Builder> changes = new ArrayList<>();
        changes.add(InternalRaftRequest.newBuilder()
                .setAuthUserAdd(PasswordRequests.hashed(
                        AuthUserAddRequest.newBuilder()
                                .setName(name)
                                .setPassword(asked.password())
                                .build(),
                        hasher)));
        asked.roleList().forEach(role -> changes.add(grant(name, role)));
        return new Plan(changes, Replies.value(status, asked.json()));
    }

    private Plan update(AuthView now, UserRecord asked) throws AuthException {
        String name = asked.user();
        List<String> before = now.rolesOf(name);
        if (before == null) {
            return Plan.refuse(noSuchUser(name));
        }
        TreeSet<String> roles = new TreeSet<>(before);
        for (String role : asked.grant()) {
            if (!roles.add(role)) {
                return Plan.refuse(AuthRefusal.conflict("Granting duplicate role " + role + " for user " + name));
            }
            if (now.accessOf(role) == null) {
                return Plan.refuse(noSuchRole(role));
            }
        }
        for (String role : asked.revoke()) {
            if (!roles.remove(role)) {
                return Plan.refuse(AuthRefusal.conflict("Revoking ungranted role " + role + " for user " + name));
            }
        }
        // A user who never had a role is, to etcd, another one when it has been given none.
        if (asked.password().isEmpty()
                && !before.isEmpty()
                && List.copyOf(roles).equals(before)) {
            return Plan.refuse(
                    AuthRefusal.badRequest("User not updated. Use grant/revoke/password to update the user."));
        }
        List<InternalRaftRequest.Builder> changes = new ArrayList<>();
        if (!asked.password().isEmpty()) {
            changes.add(InternalRaftRequest.newBuilder()
                    .setAuthUserChangePassword(PasswordRequests.hashed(
                            AuthUserChangePasswordRequest.newBuilder()
                                    .setName(name)
                                    .setPassword(asked.password())
                                    .build(),
                            hasher)));
        }
        roles.stream().filter(role -> !before.contains(role)).forEach(role -> changes.add(grant(name, role)));
        before.stream()
                .filter(role -> !roles.contains(role))
                // From root nobody takes it: the user would have it again with the next look.
                .filter(role -> !name.equals(AuthView.ROOT) || !role.equals(AuthView.ROOT))
                .forEach(role -> changes.add(InternalRaftRequest.newBuilder()
                        .setAuthUserRevokeRole(AuthUserRevokeRoleRequest.newBuilder()
                                .setName(name)
                                .setRole(role))));
        UserRecord after = new UserRecord(name, "", List.copyOf(roles), List.of(), List.of());
        return new Plan(changes, Replies.value(200, after.json()));
    }

    Plan delete(AuthView now, String name) {
        if (now.isEnabled() && name.equals(AuthView.ROOT)) {
            return Plan.refuse(AuthRefusal.forbidden("Cannot delete root user while auth is enabled."));
        }
        if (now.rolesOf(name) == null) {
            return Plan.refuse(AuthRefusal.notFound("User " + name + " does not exist"));
        }
        return new Plan(
                List.of(InternalRaftRequest.newBuilder()
                        .setAuthUserDelete(AuthUserDeleteRequest.newBuilder().setName(name))),
                DONE);
    }

    static InternalRaftRequest.Builder grant(String user, String role) {
        return InternalRaftRequest.newBuilder()
                .setAuthUserGrantRole(
                        AuthUserGrantRoleRequest.newBuilder().setUser(user).setRole(role));
    }

    static AuthRefusal noSuchUser(String name) {
        return AuthRefusal.notFound("User " + name + " does not exist.");
    }

    static AuthRefusal noSuchRole(String name) {
        return AuthRefusal.notFound("Role " + name + " does not exist.");
    }
}
