package dev.cairn.auth;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.authpb.Role;
import dev.cairn.proto.authpb.User;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * All users, roles and permissions as they were at one auth revision. Immutable as seen from outside: what it works out of a
 * user's roles it keeps, at most one entry for each user.
 */
public final class AuthSnapshot {
    /** The user and the role that may do everything. */
    public static final String ROOT = "root";

    /** Names are ordered by their bytes, as Go orders strings and the tables order their keys. */
    static final Comparator<String> NAME_ORDER = Comparator.comparing(ByteString::copyFromUtf8, KeyRange.KEY_ORDER);

    private static final Permission EVERYTHING = Permission.newBuilder()
            .setPermType(Permission.Type.READWRITE)
            .setRangeEnd(ByteString.copyFrom(new byte[] {0}))
            .build();

    private record Permissions(KeyIntervals read, KeyIntervals write) {}

    private final boolean enabled;
    private final long revision;
    private final Map<String, User> users;
    private final Map<String, Role> roles;
    private final ConcurrentHashMap<String, Permissions> permissions = new ConcurrentHashMap<>();

    AuthSnapshot(boolean enabled, long revision, Map<String, User> users, Map<String, Role> roles) {
        this.enabled = enabled;
        this.revision = revision;
        this.users = users;
        this.roles = roles;
    }

    /** Whether anything is checked at all. */
    public boolean isEnabled() {
        return enabled;
    }

    /** The auth revision: how often users, roles or permissions have changed, from 1. */
    public long revision() {
        return revision;
    }

    Map<String, User> users() {
        return users;
    }

    Map<String, Role> roles() {
        return roles;
    }

    @Nullable
    User user(String name) {
        return users.get(name);
    }

    /** The names of all users in order. */
    public List<String> userNames() {
        return users.keySet().stream().sorted(NAME_ORDER).toList();
    }

    /** The names of all roles in order. */
    public List<String> roleNames() {
        return roles.keySet().stream().sorted(NAME_ORDER).toList();
    }

    /**
     * The roles of a user, in order.
     *
     * @throws AuthException USER_NOT_FOUND
     */
    public List<String> rolesOf(String username) throws AuthException {
        User user = users.get(username);
        if (user == null) {
            throw new AuthException(AuthError.USER_NOT_FOUND);
        }
        return user.getRolesList();
    }

    /**
     * The permissions of a role, by key. Those of role root are always all, whatever else it was granted.
     *
     * @throws AuthException ROLE_NOT_FOUND
     */
    public List<Permission> permissionsOf(String roleName) throws AuthException {
        Role role = roles.get(roleName);
        if (role == null) {
            throw new AuthException(AuthError.ROLE_NOT_FOUND);
        }
        return roleName.equals(ROOT) ? List.of(EVERYTHING) : role.getKeyPermissionList();
    }

    boolean hasRole(String username, String role) {
        User user = users.get(username);
        return user != null && user.getRolesList().contains(role);
    }

    /**
     * What has to be known to check a password.
     *
     * @return the stored hash, empty when there is none; null for an unknown user, whose password the caller checks in vain
     *     all the same, so that it takes no less time
     * @throws AuthException NOT_ENABLED or NO_PASSWORD_USER
     */
    public @Nullable ByteString passwordOf(String username) throws AuthException {
        if (!enabled) {
            throw new AuthException(AuthError.NOT_ENABLED);
        }
        User user = users.get(username);
        if (user == null) {
            return null;
        }
        if (user.getOptions().getNoPassword()) {
            throw new AuthException(AuthError.NO_PASSWORD_USER);
        }
        return user.getPassword();
    }

    /** Whether the user may do everything; null if so. */
    @Nullable
    AuthError refusalOfAdmin(Identity who) {
        if (!enabled) {
            return null;
        }
        if (who.username().isEmpty()) {
            return AuthError.USER_EMPTY;
        }
        if (!users.containsKey(who.username())) {
            return AuthError.USER_NOT_FOUND;
        }
        return hasRole(who.username(), ROOT) ? null : AuthError.PERMISSION_DENIED;
    }

    /** Whether anybody in particular asks; null if so. */
    @Nullable
    AuthError refusalOfAnybody(Identity who) {
        return enabled && who.username().isEmpty() ? AuthError.USER_EMPTY : null;
    }

    @Nullable
    AuthError refusalToRead(Identity who, KeyRange range) {
        return refusal(who, range, false);
    }

    @Nullable
    AuthError refusalToWrite(Identity who, KeyRange range) {
        return refusal(who, range, true);
    }

    private @Nullable AuthError refusal(Identity who, KeyRange range, boolean write) {
        if (!enabled) {
            return null;
        }
        if (who.revision() == 0) {
            return AuthError.USER_EMPTY;
        }
        if (Long.compareUnsigned(who.revision(), revision) < 0) {
            return AuthError.OLD_REVISION;
        }
        User user = users.get(who.username());
        if (user == null) {
            return AuthError.PERMISSION_DENIED;
        }
        if (user.getRolesList().contains(ROOT)) {
            return null;
        }
        Permissions permitted = permissions.computeIfAbsent(who.username(), name -> merge(user));
        return (write ? permitted.write : permitted.read).covers(range) ? null : AuthError.PERMISSION_DENIED;
    }

    /** The union of what the user's roles permit. A type that nobody knows permits nothing. */
    private Permissions merge(User user) {
        List<KeyRange> read = new ArrayList<>();
        List<KeyRange> write = new ArrayList<>();
        for (String name : user.getRolesList()) {
            Role role = roles.get(name);
            if (role == null) {
                continue;
            }
            for (Permission permission : role.getKeyPermissionList()) {
                KeyRange range = KeyRange.of(permission.getKey(), permission.getRangeEnd());
                Permission.Type type = permission.getPermType();
                if (type == Permission.Type.READ || type == Permission.Type.READWRITE) {
                    read.add(range);
                }
                if (type == Permission.Type.WRITE || type == Permission.Type.READWRITE) {
                    write.add(range);
                }
            }
        }
        return new Permissions(KeyIntervals.union(read), KeyIntervals.union(write));
    }
}
