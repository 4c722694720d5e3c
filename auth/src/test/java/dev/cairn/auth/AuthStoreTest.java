package dev.cairn.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MemoryTables;
import dev.cairn.mvcc.Table;
import dev.cairn.proto.authpb.Permission;
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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every outcome and revision here was first seen on etcd 3.7.1, call by call. */
class AuthStoreTest {
    /** Remembers whose tokens were invalidated; "*" for all. */
    private final List<String> invalidated = new ArrayList<>();

    private final UserTokens tokens = new UserTokens() {
        @Override
        public void invalidateUser(String username) {
            invalidated.add(username);
        }

        @Override
        public void invalidateAll() {
            invalidated.add("*");
        }
    };

    private final MemoryTables tables = new MemoryTables();
    private final AuthStore store =
            new AuthStore(tables, password -> ByteString.copyFromUtf8("hash of " + password), tokens);

    @BeforeEach
    void open() {
        store.restore();
    }

    @Test
    void shouldBeginDisabledAtRevisionOne() throws AuthException {
        assertThat(store.snapshot().isEnabled()).isFalse();
        assertThat(store.snapshot().revision()).isEqualTo(1);
        assertThat(rows(Table.AUTH)).isEmpty();
        assertRefused(AuthError.ROOT_USER_NOT_FOUND, store::enable);
        store.disable();
        assertRefused(AuthError.NOT_ENABLED, () -> store.authenticate("root"));
        assertThat(store.snapshot().revision()).isEqualTo(1);
        assertThat(invalidated).isEmpty();
    }

    @Test
    void shouldAddUsers() throws AuthException {
        assertRefused(AuthError.USER_EMPTY, () -> addUser("", "x"));
        addUser("root", "x");
        assertThat(store.snapshot().revision()).isEqualTo(2);
        assertRefused(AuthError.USER_EXISTS, () -> addUser("root", "x"));
        AuthUserAddRequest noPassword = AuthUserAddRequest.newBuilder()
                .setName("nopw")
                .setPassword("ignored")
                .setOptions(UserAddOptions.newBuilder().setNoPassword(true))
                .build();
        store.addUser(noPassword);
        AuthUserAddRequest hashed = AuthUserAddRequest.newBuilder()
                .setName("hashed")
                .setHashedPassword(base64("$2a$"))
                .build();
        store.addUser(hashed);
        assertRefused(
                AuthError.NO_PASSWORD_USER,
                () -> store.addUser(hashed.toBuilder()
                        .setName("bad")
                        .setHashedPassword("!!")
                        .build()));
        assertThat(store.snapshot().revision()).isEqualTo(4);
        assertThat(store.snapshot().userNames()).containsExactly("hashed", "nopw", "root");
        assertThat(rows(Table.AUTH_USERS))
                .containsExactly(
                        // name, password, options; options are always there
                        "hashed 0a06686173686564" + "120424326124" + "2200",
                        "nopw 0a046e6f7077" + "22020801",
                        "root 0a04726f6f74" + "1209" + hex("hash of x") + "2200");
    }

    @Test
    void shouldChangePasswords() throws AuthException {
        addUser("alice", "x");
        store.addUser(AuthUserAddRequest.newBuilder()
                .setName("nopw")
                .setOptions(UserAddOptions.newBuilder().setNoPassword(true))
                .build());
        assertRefused(AuthError.USER_NOT_FOUND, () -> changePassword("ghost", "q", ""));
        assertRefused(AuthError.NO_PASSWORD_USER, () -> changePassword("alice", "", "!!"));
        assertRefused(AuthError.NO_PASSWORD_USER, () -> changePassword("alice", "", "YQ"));
        assertThat(invalidated).isEmpty();
        changePassword("alice", "", base64("new"));
        assertThat(rows(Table.AUTH_USERS).get(0)).isEqualTo("alice 0a05616c696365" + "1203" + hex("new") + "2200");
        // A hash goes before a password.
        changePassword("alice", "clear", base64("hashed"));
        assertThat(rows(Table.AUTH_USERS).get(0)).contains(hex("hashed"));
        changePassword("alice", "", "");
        assertThat(rows(Table.AUTH_USERS).get(0)).isEqualTo("alice 0a05616c6963652200");
        changePassword("nopw", "pw", "");
        assertThat(rows(Table.AUTH_USERS).get(1)).isEqualTo("nopw 0a046e6f707722020801");
        assertThat(invalidated).containsExactly("alice", "alice", "alice", "nopw");
        assertThat(store.snapshot().revision()).isEqualTo(7);
    }

    @Test
    void shouldGrantAndRevokeRoles() throws AuthException {
        addUser("root", "x");
        addUser("u", "x");
        assertRefused(AuthError.ROOT_ROLE_NOT_GRANTED, store::enable);
        grantRole("root", "root");
        assertThat(store.snapshot().revision()).isEqualTo(4);
        // Once more is no change.
        grantRole("root", "root");
        assertThat(store.snapshot().revision()).isEqualTo(4);
        assertRefused(AuthError.USER_NOT_FOUND, () -> grantRole("ghost", "root"));
        assertRefused(AuthError.ROLE_NOT_FOUND, () -> grantRole("u", "ghost"));
        assertRefused(AuthError.USER_NOT_FOUND, () -> grantRole("ghost", "ghost"));
        assertRefused(AuthError.ROLE_EMPTY, () -> addRole(""));
        addRole("r1");
        assertRefused(AuthError.ROLE_EXISTS, () -> addRole("r1"));
        addRole("a0");
        grantRole("u", "r1");
        grantRole("u", "a0");
        grantRole("u", "root");
        assertThat(store.snapshot().rolesOf("u")).containsExactly("a0", "r1", "root");
        assertRefused(AuthError.USER_NOT_FOUND, () -> store.snapshot().rolesOf("ghost"));
        assertThat(store.snapshot().roleNames()).containsExactly("a0", "r1");
        assertThat(store.snapshot().revision()).isEqualTo(9);

        assertRefused(AuthError.ROLE_NOT_GRANTED, () -> revokeRole("u", "zz"));
        assertRefused(AuthError.USER_NOT_FOUND, () -> revokeRole("ghost", "zz"));
        revokeRole("u", "root");
        assertRefused(AuthError.ROLE_NOT_FOUND, () -> deleteRole("ghost"));
        deleteRole("a0");
        assertThat(store.snapshot().revision()).isEqualTo(11);
        assertThat(store.snapshot().rolesOf("u")).containsExactly("r1");
        assertThat(rows(Table.AUTH_USERS).get(1))
                .isEqualTo("u 0a0175" + "1209" + hex("hash of x") + "1a027231" + "2200");
        // None of this invalidates tokens.
        assertThat(invalidated).isEmpty();
        assertRefused(AuthError.USER_NOT_FOUND, () -> deleteUser("ghost"));
        deleteUser("u");
        assertThat(invalidated).containsExactly("u");
        assertThat(store.snapshot().userNames()).containsExactly("root");
    }

    @Test
    void shouldGrantAndRevokePermissions() throws AuthException {
        addRole("r1");
        assertRefused(AuthError.ROLE_NOT_FOUND, () -> grant("ghost", Permission.Type.READ, "a", ""));
        assertRefused(
                AuthError.PERMISSION_NOT_GIVEN,
                () -> store.grantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                        .setName("ghost")
                        .build()));
        // The range is looked at before the role.
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> grant("ghost", Permission.Type.READ, "c", "a"));
        grant("r1", Permission.Type.READ, "a", "");
        grant("r1", Permission.Type.READ, "a", "c");
        grant("r1", Permission.Type.WRITE, "a", "");
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> grant("r1", Permission.Type.WRITE, "c", "a"));
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> grant("r1", Permission.Type.WRITE, "a", "a"));
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> grant("r1", Permission.Type.READWRITE, "", "\0"));
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> grant("r1", Permission.Type.READ, "", ""));
        grant("r1", Permission.Type.READ, "a", "\0");
        store.grantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                .setName("r1")
                .setPerm(Permission.newBuilder().setPermTypeValue(7).setKey(ByteString.copyFromUtf8("d")))
                .build());
        assertThat(store.snapshot().permissionsOf("r1"))
                .extracting(this::text)
                .containsExactly("1a", "0a-c", "0a-\0", "7d");
        assertThat(rows(Table.AUTH_ROLES))
                .containsExactly(
                        "r1 0a027231" + "12050801120161" + "12061201611a0163" + "12061201611a0100" + "12050807120164");
        assertThat(store.snapshot().revision()).isEqualTo(7);

        assertRefused(AuthError.PERMISSION_NOT_GRANTED, () -> revoke("r1", "zz", ""));
        assertRefused(AuthError.ROLE_NOT_FOUND, () -> revoke("ghost", "d", ""));
        revoke("r1", "d", "");
        revoke("r1", "a", "c");
        assertThat(store.snapshot().permissionsOf("r1")).extracting(this::text).containsExactly("1a", "0a-\0");
        assertThat(store.snapshot().revision()).isEqualTo(9);
    }

    /** What etcd 3.7.1 had in its database after these grants. */
    @Test
    void shouldWriteRoleRowOfEtcd() throws AuthException {
        addRole("r1");
        grant("r1", Permission.Type.READWRITE, "b", "d");
        grant("r1", Permission.Type.READ, "d", "f");
        grant("r1", Permission.Type.WRITE, "m", "n");
        grant("r1", Permission.Type.READ, "p", "q");
        grant("r1", Permission.Type.READ, "q", "");
        assertThat(rows(Table.AUTH_ROLES))
                .containsExactly("r1 0a027231120808021201621a016412061201641a01661208080112016d1a016e12061201701a0171"
                        + "1203120171");
    }

    @Test
    void shouldShowRoleRootAsPermittedEverything() throws AuthException {
        assertRefused(AuthError.ROLE_NOT_FOUND, () -> store.snapshot().permissionsOf("root"));
        addRole("root");
        grant("root", Permission.Type.READ, "a", "");
        assertThat(store.snapshot().permissionsOf("root"))
                .extracting(this::text)
                .containsExactly("2-\0");
        assertThat(rows(Table.AUTH_ROLES)).containsExactly("root 0a04726f6f741203120161");
    }

    @Test
    void shouldProtectRootWhileEnabled() throws AuthException {
        addUser("root", "x");
        addRole("root");
        addRole("r1");
        grantRole("root", "root");
        long revision = store.snapshot().revision();
        store.enable();
        store.enable();
        assertThat(store.snapshot().isEnabled()).isTrue();
        assertThat(store.snapshot().revision()).isEqualTo(revision);
        assertThat(rows(Table.AUTH)).containsExactly("authEnabled 01", "authRevision 0000000000000005");
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> deleteUser("root"));
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> deleteRole("root"));
        assertRefused(AuthError.INVALID_MANAGEMENT, () -> revokeRole("root", "root"));
        assertRefused(AuthError.ROLE_NOT_GRANTED, () -> revokeRole("root", "r1"));
        assertRefused(AuthError.ROLE_NOT_FOUND, () -> grantRole("root", "ghost"));

        store.disable();
        store.disable();
        assertThat(invalidated).containsExactly("*");
        assertThat(store.snapshot().revision()).isEqualTo(revision + 1);
        assertThat(rows(Table.AUTH)).containsExactly("authEnabled 00", "authRevision 0000000000000006");
        deleteUser("root");
        deleteRole("root");
        assertThat(store.snapshot().userNames()).isEmpty();
        assertThat(store.snapshot().roleNames()).containsExactly("r1");
    }

    @Test
    void shouldAuthenticateKnownUsersWithPassword() throws AuthException {
        addUser("root", "x");
        grantRole("root", "root");
        store.addUser(AuthUserAddRequest.newBuilder()
                .setName("nopw")
                .setOptions(UserAddOptions.newBuilder().setNoPassword(true))
                .build());
        store.enable();
        store.authenticate("root");
        assertThat(store.snapshot().passwordOf("root")).isEqualTo(ByteString.copyFromUtf8("hash of x"));
        assertThat(store.snapshot().passwordOf("ghost")).isNull();
        assertRefused(AuthError.AUTHENTICATION_FAILED, () -> store.authenticate("ghost"));
        assertRefused(AuthError.AUTHENTICATION_FAILED, () -> store.authenticate(""));
        assertRefused(AuthError.AUTHENTICATION_FAILED, () -> store.authenticate("nopw"));
        assertRefused(AuthError.NO_PASSWORD_USER, () -> store.snapshot().passwordOf("nopw"));
        store.disable();
        assertRefused(AuthError.NOT_ENABLED, () -> store.authenticate("root"));
    }

    @Test
    void shouldLoadWhatTheTablesHold() throws AuthException {
        addUser("root", "x");
        addUser("älice", "x");
        grantRole("root", "root");
        addRole("r1");
        grantRole("älice", "r1");
        grant("r1", Permission.Type.READ, "a", "");
        store.enable();

        AuthStore restarted = new AuthStore(tables, ByteString::copyFromUtf8, tokens);
        restarted.restore();
        assertThat(restarted.snapshot().isEnabled()).isTrue();
        assertThat(restarted.snapshot().revision()).isEqualTo(7);
        assertThat(restarted.snapshot().userNames()).containsExactly("root", "älice");
        assertThat(restarted.snapshot().rolesOf("älice")).containsExactly("r1");
        assertThat(restarted.snapshot().permissionsOf("r1"))
                .extracting(this::text)
                .containsExactly("0a");
    }

    @Test
    void shouldRefuseDamagedTables() {
        tables.put(Table.AUTH_USERS, ByteString.copyFromUtf8("x"), ByteString.copyFrom(new byte[] {10}));
        assertThatThrownBy(store::restore)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("authUsers");
        tables.put(Table.AUTH_USERS, ByteString.copyFromUtf8("x"), ByteString.copyFrom(new byte[] {10, 1, 'y'}));
        assertThatThrownBy(store::restore)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is of y");
        tables.delete(Table.AUTH_USERS, ByteString.copyFromUtf8("x"));
        tables.put(Table.AUTH, ByteString.copyFromUtf8("authRevision"), ByteString.copyFrom(new byte[] {1}));
        assertThatThrownBy(store::restore)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("1 bytes");
    }

    @Test
    void shouldNotDisturbReadersOfAnOlderSnapshot() throws AuthException {
        addUser("alice", "x");
        AuthSnapshot before = store.snapshot();
        addRole("r1");
        grantRole("alice", "r1");
        deleteUser("alice");
        assertThat(before.rolesOf("alice")).isEmpty();
        assertThat(before.roleNames()).isEmpty();
        assertThat(before.revision()).isEqualTo(2);
    }

    private String text(Permission permission) {
        String end = permission.getRangeEnd().isEmpty()
                ? ""
                : "-" + permission.getRangeEnd().toStringUtf8();
        return permission.getPermTypeValue() + permission.getKey().toStringUtf8() + end;
    }

    private void addUser(String name, String password) throws AuthException {
        store.addUser(AuthUserAddRequest.newBuilder()
                .setName(name)
                .setPassword(password)
                .build());
    }

    private void deleteUser(String name) throws AuthException {
        store.deleteUser(AuthUserDeleteRequest.newBuilder().setName(name).build());
    }

    private void changePassword(String name, String password, String hashed) throws AuthException {
        store.changePassword(AuthUserChangePasswordRequest.newBuilder()
                .setName(name)
                .setPassword(password)
                .setHashedPassword(hashed)
                .build());
    }

    private void grantRole(String user, String role) throws AuthException {
        store.grantRole(AuthUserGrantRoleRequest.newBuilder()
                .setUser(user)
                .setRole(role)
                .build());
    }

    private void revokeRole(String user, String role) throws AuthException {
        store.revokeRole(AuthUserRevokeRoleRequest.newBuilder()
                .setName(user)
                .setRole(role)
                .build());
    }

    private void addRole(String name) throws AuthException {
        store.addRole(AuthRoleAddRequest.newBuilder().setName(name).build());
    }

    private void deleteRole(String name) throws AuthException {
        store.deleteRole(AuthRoleDeleteRequest.newBuilder().setRole(name).build());
    }

    private void grant(String role, Permission.Type type, String key, String end) throws AuthException {
        store.grantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                .setName(role)
                .setPerm(Permission.newBuilder()
                        .setPermType(type)
                        .setKey(ByteString.copyFromUtf8(key))
                        .setRangeEnd(ByteString.copyFromUtf8(end)))
                .build());
    }

    private void revoke(String role, String key, String end) throws AuthException {
        store.revokePermission(AuthRoleRevokePermissionRequest.newBuilder()
                .setRole(role)
                .setKey(ByteString.copyFromUtf8(key))
                .setRangeEnd(ByteString.copyFromUtf8(end))
                .build());
    }

    private List<String> rows(Table table) {
        List<String> rows = new ArrayList<>();
        tables.forEach(
                table,
                (key, value) ->
                        rows.add(key.toStringUtf8() + " " + HexFormat.of().formatHex(value.toByteArray())));
        return rows;
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private interface Call {
        void run() throws AuthException;
    }

    private static void assertRefused(AuthError error, Call call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        AuthException.class, e -> assertThat(e.error()).isEqualTo(error));
    }
}
