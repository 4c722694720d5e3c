package dev.cairn.server.v2.admin;

import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.etcdserverpb.AuthDisableRequest;
import dev.cairn.proto.etcdserverpb.AuthEnableRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleRevokePermissionRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.http.HttpAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a change of a v2 role, or of whether anything is checked, is in changes of v3, or why it is refused. Immutable. */
final class RolePlans {
    private static final HttpAnswer DONE = HttpAnswer.json(200, "");

    private final PathPermissions permissions;

    RolePlans(PathPermissions permissions) {
        this.permissions = permissions;
    }

    Plan put(AuthView now, RoleRecord asked) {
        if (asked.isWhole()) {
            return create(now, asked);
        }
        return asked.access().isEmpty()
                ? update(now, asked)
                : Plan.refuse(Replies.refusal(400, "Role JSON contains both permissions and grant/revoke"));
    }

    private Plan create(AuthView now, RoleRecord asked) {
        if (asked.role().equals(AuthView.ROOT)) {
            return Plan.refuse(isRoot());
        }
        if (now.accessOf(asked.role()) != null) {
            return Plan.refuse(AuthRefusal.conflict("Role " + asked.role() + " already exists."));
        }
        return new Plan(creation(asked.role(), asked.access()), Replies.value(201, asked.json()));
    }

    private List<InternalRaftRequest.Builder> creation(String role, PathAccess access) {
        List<InternalRaftRequest.Builder> changes = new ArrayList<>();
        changes.add(InternalRaftRequest.newBuilder()
                .setAuthRoleAdd(AuthRoleAddRequest.newBuilder().setName(role)));
        permissions.permissionsOf(access).values().forEach(permission -> changes.add(grant(role, permission)));
        return changes;
    }

    private Plan update(AuthView now, RoleRecord asked) {
        String name = asked.role();
        if (name.equals(AuthView.ROOT)) {
            return Plan.refuse(isRoot());
        }
        PathAccess before = now.accessOf(name);
        if (before == null) {
            return Plan.refuse(UserPlans.noSuchRole(name));
        }
        PathAccess after = before;
        if (asked.grant() != null) {
            PathAccess.Changed granted = after.grant(asked.grant());
            if (granted.refusal() != null) {
                return Plan.refuse(granted.refusal());
            }
            after = granted.access();
        }
        if (asked.revoke() != null) {
            after = after.revoke(asked.revoke());
        }
        if (after.equals(before)) {
            return Plan.refuse(AuthRefusal.badRequest("Role not updated. Use grant/revoke to update the role."));
        }
        return new Plan(
                difference(name, before, after),
                Replies.value(200, RoleRecord.of(name, after).json()));
    }

    private List<InternalRaftRequest.Builder> difference(String role, PathAccess before, PathAccess after) {
        Map<String, Permission> held = permissions.permissionsOf(before);
        Map<String, Permission> wanted = permissions.permissionsOf(after);
        List<InternalRaftRequest.Builder> changes = new ArrayList<>();
        wanted.forEach((pattern, permission) -> {
            if (!permission.equals(held.get(pattern))) {
                // On the same range it takes the place of what was there.
                changes.add(grant(role, permission));
            }
        });
        held.forEach((pattern, permission) -> {
            if (!wanted.containsKey(pattern)) {
                changes.add(InternalRaftRequest.newBuilder()
                        .setAuthRoleRevokePermission(AuthRoleRevokePermissionRequest.newBuilder()
                                .setRole(role)
                                .setKey(permission.getKey())
                                .setRangeEnd(permission.getRangeEnd())));
            }
        });
        return changes;
    }

    Plan delete(AuthView now, String name) {
        if (name.equals(AuthView.ROOT)) {
            return Plan.refuse(isRoot());
        }
        if (now.accessOf(name) == null) {
            return Plan.refuse(AuthRefusal.notFound("Role " + name + " doesn't exist."));
        }
        return new Plan(
                List.of(InternalRaftRequest.newBuilder()
                        .setAuthRoleDelete(AuthRoleDeleteRequest.newBuilder().setRole(name))),
                DONE);
    }

    Plan enable(AuthView now) {
        if (now.isEnabled()) {
            return Plan.refuse(AuthRefusal.conflict("already enabled"));
        }
        if (now.rolesOf(AuthView.ROOT) == null) {
            return Plan.refuse(AuthRefusal.conflict("No root user available, please create one"));
        }
        List<InternalRaftRequest.Builder> changes = new ArrayList<>();
        if (now.accessOf(AuthView.GUEST) == null) {
            changes.addAll(creation(AuthView.GUEST, PathAccess.EVERYTHING));
        }
        if (!now.isGranted(AuthView.ROOT, AuthView.ROOT)) {
            changes.add(UserPlans.grant(AuthView.ROOT, AuthView.ROOT));
        }
        changes.add(InternalRaftRequest.newBuilder().setAuthEnable(AuthEnableRequest.getDefaultInstance()));
        return new Plan(changes, DONE);
    }

    Plan disable(AuthView now) {
        if (!now.isEnabled()) {
            return Plan.refuse(AuthRefusal.conflict("already disabled"));
        }
        return new Plan(
                List.of(InternalRaftRequest.newBuilder().setAuthDisable(AuthDisableRequest.getDefaultInstance())),
                DONE);
    }

    private static InternalRaftRequest.Builder grant(String role, Permission permission) {
        return InternalRaftRequest.newBuilder()
                .setAuthRoleGrantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                        .setName(role)
                        .setPerm(permission));
    }

    private static AuthRefusal isRoot() {
        return AuthRefusal.forbidden("Cannot modify role " + AuthView.ROOT + ": is root role.");
    }
}
