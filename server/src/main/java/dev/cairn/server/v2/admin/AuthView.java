package dev.cairn.server.v2.admin;

import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Immutable. Users and roles of v3 at one auth revision, as v2 sees them: role root is always there, and user root always has it. */
final class AuthView {
    /** The role that says what may be done by who says nothing of who it is. */
    static final String GUEST = "guest";

    static final String ROOT = AuthSnapshot.ROOT;

    private final AuthSnapshot snapshot;
    private final PathPermissions permissions;

    AuthView(AuthSnapshot snapshot, PathPermissions permissions) {
        this.snapshot = snapshot;
        this.permissions = permissions;
    }

    boolean isEnabled() {
        return snapshot.isEnabled();
    }

    List<String> users() {
        return snapshot.userNames();
    }

    List<String> roles() {
        List<String> names = new ArrayList<>(snapshot.roleNames());
        if (!names.contains(ROOT)) {
            names.add(ROOT);
            names.sort(null);
        }
        return names;
    }

    /** Null for a user that does not exist; the names of roles are in order. */
    @Nullable
    List<String> rolesOf(String user) {
        try {
            TreeSet<String> roles = new TreeSet<>(snapshot.rolesOf(user));
            if (user.equals(ROOT)) {
                roles.add(ROOT);
            }
            return List.copyOf(roles);
        } catch (AuthException e) {
            return null;
        }
    }

    /** Whether v3 knows that the user has the role; v2 takes it for granted that root does. */
    boolean isGranted(String user, String role) {
        try {
            return snapshot.rolesOf(user).contains(role);
        } catch (AuthException e) {
            return false;
        }
    }

    /** Null for a role that does not exist. */
    @Nullable
    PathAccess accessOf(String role) {
        if (role.equals(ROOT)) {
            return PathAccess.EVERYTHING;
        }
        try {
            return permissions.pathsOf(snapshot.permissionsOf(role));
        } catch (AuthException e) {
            return null;
        }
    }
}
