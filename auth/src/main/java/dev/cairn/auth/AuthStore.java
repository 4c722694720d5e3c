package dev.cairn.auth;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.Tables;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.authpb.Role;
import dev.cairn.proto.authpb.User;
import dev.cairn.proto.authpb.UserAddOptions;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleRevokePermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordRequest;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthUserRevokeRoleRequest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Users, roles and permissions, as the log changes them.
 *
 * <h2>Threads</h2>
 *
 * <p>Changes are confined to the apply loop, like the tables. Any thread reads {@link #snapshot}: each change makes a new one
 * and swaps it in last, when the tables have been written and the tokens told.
 *
 * <h2>Revision</h2>
 *
 * <p>The auth revision begins at 1. Every change adds one, so does disabling; enabling does not, nor does granting a role that
 * the user has. A refused change changes nothing.
 *
 * <h2>Tables</h2>
 *
 * <pre>
 *   auth       authEnabled   one byte, 1 or 0
 *              authRevision  8 bytes, big endian
 *   authUsers  user name     authpb.User{name, password: bcrypt text, roles in order, options}
 *   authRoles  role name     authpb.Role{name, keyPermission by key}
 * </pre>
 */
public final class AuthStore {
    private static final ByteString ENABLED_KEY = ByteString.copyFromUtf8("authEnabled");
    private static final ByteString REVISION_KEY = ByteString.copyFromUtf8("authRevision");
    private static final ByteString ON = ByteString.copyFrom(new byte[] {1});
    private static final ByteString OFF = ByteString.copyFrom(new byte[] {0});
    private static final String ROOT = AuthSnapshot.ROOT;

    /** Makes the bcrypt text of a password in clear. */
    public interface Hasher {
        ByteString hash(String password) throws AuthException;
    }

    private final Tables tables;
    private final Hasher hasher;
    private final UserTokens tokens;
    private volatile AuthSnapshot snapshot = new AuthSnapshot(false, 1, Map.of(), Map.of());

    /**
     * A store without users; {@link #restore} loads those of the tables.
     *
     * @param hasher hashes what members older than 3.6 put into the log in clear, on the apply loop as they do
     */
    public AuthStore(Tables tables, Hasher hasher, UserTokens tokens) {
        this.tables = tables;
        this.hasher = hasher;
        this.tokens = tokens;
    }

    /** The present users, roles and permissions. Thread-safe. */
    public AuthSnapshot snapshot() {
        return snapshot;
    }

    /** Forgets everything and loads what the tables hold, which it only reads: at start, and when a snapshot has replaced them. */
    public void restore() {
        Map<String, User> users = new HashMap<>();
        Map<String, Role> roles = new HashMap<>();
        tables.forEach(Table.AUTH_USERS, (key, value) -> users.put(key.toStringUtf8(), parseUser(key, value)));
        tables.forEach(Table.AUTH_ROLES, (key, value) -> roles.put(key.toStringUtf8(), parseRole(key, value)));
        ByteString revision = tables.get(Table.AUTH, REVISION_KEY);
        if (revision != null && revision.size() != Long.BYTES) {
            throw new IllegalStateException("auth table: revision of " + revision.size() + " bytes (expected: 8)");
        }
        boolean enabled = ON.equals(tables.get(Table.AUTH, ENABLED_KEY));
        // The first change writes the revision; until then it is the first.
        long loaded = revision == null ? 1 : revision.asReadOnlyByteBuffer().getLong();
        snapshot = new AuthSnapshot(enabled, loaded, users, roles);
    }

    /**
     * Turns checking on. Harmless when it is.
     *
     * @throws AuthException ROOT_USER_NOT_FOUND or ROOT_ROLE_NOT_GRANTED
     */
    public void enable() throws AuthException {
        AuthSnapshot now = snapshot;
        if (now.isEnabled()) {
            return;
        }
        if (now.user(ROOT) == null) {
            throw new AuthException(AuthError.ROOT_USER_NOT_FOUND);
        }
        if (!now.hasRole(ROOT, ROOT)) {
            throw new AuthException(AuthError.ROOT_ROLE_NOT_GRANTED);
        }
        tables.put(Table.AUTH, ENABLED_KEY, ON);
        snapshot = new AuthSnapshot(true, now.revision(), now.users(), now.roles());
    }

    /** Turns checking off and invalidates all tokens. Harmless when it is off. */
    public void disable() {
        AuthSnapshot now = snapshot;
        if (!now.isEnabled()) {
            return;
        }
        tables.put(Table.AUTH, ENABLED_KEY, OFF);
        tokens.invalidateAll();
        commit(false, now.users(), now.roles());
    }

    /**
     * Whether the user may be given a token, when a password that was checked before proposing has come through the log.
     *
     * @throws AuthException NOT_ENABLED, or AUTHENTICATION_FAILED also for a user without password
     */
    public void authenticate(String username) throws AuthException {
        AuthSnapshot now = snapshot;
        if (!now.isEnabled()) {
            throw new AuthException(AuthError.NOT_ENABLED);
        }
        User user = now.user(username);
        if (user == null || user.getOptions().getNoPassword()) {
            throw new AuthException(AuthError.AUTHENTICATION_FAILED);
        }
    }

    /** @throws AuthException USER_EMPTY, USER_EXISTS or NO_PASSWORD_USER */
    public void addUser(AuthUserAddRequest request) throws AuthException {
        if (request.getName().isEmpty()) {
            throw new AuthException(AuthError.USER_EMPTY);
        }
        if (snapshot.user(request.getName()) != null) {
            throw new AuthException(AuthError.USER_EXISTS);
        }
        UserAddOptions options = request.getOptions();
        User.Builder user = User.newBuilder()
                .setName(ByteString.copyFromUtf8(request.getName()))
                .setOptions(options);
        if (!options.getNoPassword()) {
            user.setPassword(password(request.getPassword(), request.getHashedPassword()));
        }
        commitUser(user.build());
    }

    /** @throws AuthException INVALID_MANAGEMENT or USER_NOT_FOUND */
    public void deleteUser(AuthUserDeleteRequest request) throws AuthException {
        String name = request.getName();
        if (snapshot.isEnabled() && name.equals(ROOT)) {
            throw new AuthException(AuthError.INVALID_MANAGEMENT);
        }
        user(name);
        Map<String, User> users = new HashMap<>(snapshot.users());
        users.remove(name);
        tables.delete(Table.AUTH_USERS, ByteString.copyFromUtf8(name));
        tokens.invalidateUser(name);
        commit(snapshot.isEnabled(), users, snapshot.roles());
    }

    /** @throws AuthException USER_NOT_FOUND or NO_PASSWORD_USER */
    public void changePassword(AuthUserChangePasswordRequest request) throws AuthException {
        User user = user(request.getName());
        User.Builder changed = user.toBuilder().clearPassword();
        if (!user.getOptions().getNoPassword()) {
            changed.setPassword(password(request.getPassword(), request.getHashedPassword()));
        }
        tokens.invalidateUser(request.getName());
        commitUser(changed.build());
    }

    /** @throws AuthException USER_NOT_FOUND or ROLE_NOT_FOUND */
    public void grantRole(AuthUserGrantRoleRequest request) throws AuthException {
        User user = user(request.getUser());
        String role = request.getRole();
        if (!role.equals(ROOT) && !snapshot.roles().containsKey(role)) {
            throw new AuthException(AuthError.ROLE_NOT_FOUND);
        }
        if (user.getRolesList().contains(role)) {
            return;
        }
        List<String> roles = new ArrayList<>(user.getRolesList());
        roles.add(role);
        roles.sort(AuthSnapshot.NAME_ORDER);
        commitUser(user.toBuilder().clearRoles().addAllRoles(roles).build());
    }

    /** @throws AuthException INVALID_MANAGEMENT, USER_NOT_FOUND or ROLE_NOT_GRANTED */
    public void revokeRole(AuthUserRevokeRoleRequest request) throws AuthException {
        if (snapshot.isEnabled()
                && request.getName().equals(ROOT)
                && request.getRole().equals(ROOT)) {
            throw new AuthException(AuthError.INVALID_MANAGEMENT);
        }
        User user = user(request.getName());
        if (!user.getRolesList().contains(request.getRole())) {
            throw new AuthException(AuthError.ROLE_NOT_GRANTED);
        }
        commitUser(without(user, request.getRole()));
    }

    /** @throws AuthException ROLE_EMPTY or ROLE_EXISTS */
    public void addRole(AuthRoleAddRequest request) throws AuthException {
        if (request.getName().isEmpty()) {
            throw new AuthException(AuthError.ROLE_EMPTY);
        }
        if (snapshot.roles().containsKey(request.getName())) {
            throw new AuthException(AuthError.ROLE_EXISTS);
        }
        commitRole(Role.newBuilder()
                .setName(ByteString.copyFromUtf8(request.getName()))
                .build());
    }

    /**
     * Deletes a role, also from all users who have it.
     *
     * @throws AuthException INVALID_MANAGEMENT or ROLE_NOT_FOUND
     */
    public void deleteRole(AuthRoleDeleteRequest request) throws AuthException {
        String name = request.getRole();
        if (snapshot.isEnabled() && name.equals(ROOT)) {
            throw new AuthException(AuthError.INVALID_MANAGEMENT);
        }
        role(name);
        Map<String, Role> roles = new HashMap<>(snapshot.roles());
        roles.remove(name);
        tables.delete(Table.AUTH_ROLES, ByteString.copyFromUtf8(name));
        Map<String, User> users = new HashMap<>(snapshot.users());
        users.replaceAll((username, user) -> {
            if (!user.getRolesList().contains(name)) {
                return user;
            }
            User changed = without(user, name);
            tables.put(Table.AUTH_USERS, changed.getName(), changed.toByteString());
            return changed;
        });
        commit(snapshot.isEnabled(), users, roles);
    }

    /**
     * Permits something to a role; the same range again replaces what was permitted on it.
     *
     * @throws AuthException PERMISSION_NOT_GIVEN, INVALID_MANAGEMENT for a range that holds no key, or ROLE_NOT_FOUND
     */
    public void grantPermission(AuthRoleGrantPermissionRequest request) throws AuthException {
        if (!request.hasPerm()) {
            throw new AuthException(AuthError.PERMISSION_NOT_GIVEN);
        }
        Permission granted = request.getPerm();
        if (granted.getKey().isEmpty()
                || KeyRange.of(granted.getKey(), granted.getRangeEnd()).isEmpty()) {
            throw new AuthException(AuthError.INVALID_MANAGEMENT);
        }
        Role role = role(request.getName());
        List<Permission> permissions = new ArrayList<>(role.getKeyPermissionList());
        int held = 0;
        while (held < permissions.size()
                && !sameRange(permissions.get(held), granted.getKey(), granted.getRangeEnd())) {
            held++;
        }
        // A type that is not in the enumeration is kept as its number.
        if (held < permissions.size()) {
            permissions.set(held, granted);
        } else {
            permissions.add(granted);
            permissions.sort(Comparator.comparing(Permission::getKey, KeyRange.KEY_ORDER));
        }
        commitRole(role.toBuilder()
                .clearKeyPermission()
                .addAllKeyPermission(permissions)
                .build());
    }

    /** @throws AuthException ROLE_NOT_FOUND or PERMISSION_NOT_GRANTED */
    public void revokePermission(AuthRoleRevokePermissionRequest request) throws AuthException {
        Role role = role(request.getRole());
        List<Permission> permissions = new ArrayList<>(role.getKeyPermissionList());
        if (!permissions.removeIf(held -> sameRange(held, request.getKey(), request.getRangeEnd()))) {
            throw new AuthException(AuthError.PERMISSION_NOT_GRANTED);
        }
        commitRole(role.toBuilder()
                .clearKeyPermission()
                .addAllKeyPermission(permissions)
                .build());
    }

    private User user(String name) throws AuthException {
        User user = snapshot.user(name);
        if (user == null) {
            throw new AuthException(AuthError.USER_NOT_FOUND);
        }
        return user;
    }

    private Role role(String name) throws AuthException {
        Role role = snapshot.roles().get(name);
        if (role == null) {
            throw new AuthException(AuthError.ROLE_NOT_FOUND);
        }
        return role;
    }

    /** What is stored as password: the hash that came through the log, or that of a password in clear. */
    private ByteString password(String clear, String hashed) throws AuthException {
        try {
            if (!clear.isEmpty() && hashed.isEmpty()) {
                return hasher.hash(clear);
            }
            return decoded(hashed);
        } catch (AuthException | IllegalArgumentException e) {
            throw new AuthException(AuthError.NO_PASSWORD_USER);
        }
    }

    /** Reads base64 as strictly as Go does: line breaks are passed over, padding is not optional. */
    private static ByteString decoded(String base64) {
        String text = base64.replace("\r", "").replace("\n", "");
        if (text.length() % 4 != 0) {
            throw new IllegalArgumentException("base64 without padding");
        }
        return ByteString.copyFrom(Base64.getDecoder().decode(text));
    }

    private static User without(User user, String role) {
        List<String> roles = new ArrayList<>(user.getRolesList());
        roles.remove(role);
        return user.toBuilder().clearRoles().addAllRoles(roles).build();
    }

    private static boolean sameRange(Permission permission, ByteString key, ByteString rangeEnd) {
        return permission.getKey().equals(key) && permission.getRangeEnd().equals(rangeEnd);
    }

    private void commitUser(User user) {
        Map<String, User> users = new HashMap<>(snapshot.users());
        users.put(user.getName().toStringUtf8(), user);
        tables.put(Table.AUTH_USERS, user.getName(), user.toByteString());
        commit(snapshot.isEnabled(), users, snapshot.roles());
    }

    private void commitRole(Role role) {
        Map<String, Role> roles = new HashMap<>(snapshot.roles());
        roles.put(role.getName().toStringUtf8(), role);
        tables.put(Table.AUTH_ROLES, role.getName(), role.toByteString());
        commit(snapshot.isEnabled(), snapshot.users(), roles);
    }

    private void commit(boolean enabled, Map<String, User> users, Map<String, Role> roles) {
        long revision = snapshot.revision() + 1;
        tables.put(Table.AUTH, REVISION_KEY, bytes(revision));
        snapshot = new AuthSnapshot(enabled, revision, users, roles);
    }

    private static ByteString bytes(long number) {
        return ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(0, number));
    }

    private static User parseUser(ByteString key, ByteString value) {
        User user = parse(User.parser(), Table.AUTH_USERS, key, value);
        return checked(user, user.getName(), Table.AUTH_USERS, key);
    }

    private static Role parseRole(ByteString key, ByteString value) {
        Role role = parse(Role.parser(), Table.AUTH_ROLES, key, value);
        return checked(role, role.getName(), Table.AUTH_ROLES, key);
    }

    /** Reads a row; a row that this class could not have written is damage, which nobody may guess around. */
    private static <M> M parse(Parser<M> parser, Table table, ByteString key, ByteString value) {
        try {
            return parser.parseFrom(value);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(table.bucket() + " table: bad row " + key.toStringUtf8(), e);
        }
    }

    private static <M> M checked(M row, ByteString name, Table table, ByteString key) {
        if (!name.equals(key)) {
            throw new IllegalStateException(
                    table.bucket() + " table: row " + key.toStringUtf8() + " is of " + name.toStringUtf8());
        }
        return row;
    }
}
