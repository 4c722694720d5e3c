package dev.cairn.it.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import io.etcd.jetcd.Auth;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.auth.AuthRoleGetResponse;
import io.etcd.jetcd.auth.Permission;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** jetcd, the Java client, against our server: users, roles and permissions. */
@Tag("client")
@Timeout(120)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class JetcdAuthTest {
    private static final long WAIT_SECONDS = 20;

    @TempDir
    Path directory;

    private ServerProcess server;

    @BeforeEach
    void start() {
        server = ServerProcess.start(Programs.ours(), directory);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void shouldManageUsersAndBeHeldToPermissions() throws Exception {
        try (Client client = Client.builder().endpoints(server.clientUrl()).build()) {
            Auth auth = client.getAuthClient();
            get(auth.userAdd(bytes("root"), bytes("r")));
            get(auth.userGrantRole(bytes("root"), bytes("root")));
            get(auth.roleAdd(bytes("reader")));
            get(auth.roleGrantPermission(bytes("reader"), bytes("a"), bytes("c"), Permission.Type.READ));
            get(auth.roleGrantPermission(bytes("reader"), bytes("c"), bytes("e"), Permission.Type.READWRITE));
            get(auth.userAdd(bytes("alice"), bytes("a")));
            get(auth.userGrantRole(bytes("alice"), bytes("reader")));
            assertThat(get(auth.userList()).getUsers()).containsExactly("alice", "root");
            assertThat(get(auth.roleList()).getRoles()).containsExactly("reader");
            AuthRoleGetResponse role = get(auth.roleGet(bytes("reader")));
            assertThat(role.getPermissions()).hasSize(2);
            get(auth.authEnable());
        }
        try (Client alice = as("alice", "a");
                Client root = as("root", "r")) {
            get(root.getKVClient().put(bytes("b"), bytes("1")));
            assertThat(get(alice.getKVClient().get(bytes("b"))).getCount()).isEqualTo(1);
            get(alice.getKVClient().put(bytes("d"), bytes("1")));
            assertThatThrownBy(() -> get(alice.getKVClient().put(bytes("b"), bytes("2"))))
                    .hasMessageContaining("etcdserver: permission denied");
            assertThatThrownBy(() -> get(alice.getAuthClient().userList()))
                    .hasMessageContaining("etcdserver: permission denied");
            get(root.getAuthClient().roleRevokePermission(bytes("reader"), bytes("c"), bytes("e")));
            assertThatThrownBy(() -> get(alice.getKVClient().put(bytes("d"), bytes("2"))))
                    .hasMessageContaining("etcdserver: permission denied");
            get(root.getAuthClient().userChangePassword(bytes("alice"), bytes("new")));
        }
        try (Client stranger = as("alice", "a")) {
            assertThatThrownBy(() -> get(stranger.getKVClient().get(bytes("b"))))
                    .hasRootCauseMessage(
                            "INVALID_ARGUMENT: etcdserver: authentication failed, invalid user ID or password");
        }
        try (Client alice = as("alice", "new");
                Client root = as("root", "r")) {
            assertThat(get(alice.getKVClient().get(bytes("b"))).getCount()).isEqualTo(1);
            get(root.getAuthClient().userRevokeRole(bytes("alice"), bytes("reader")));
            get(root.getAuthClient().userDelete(bytes("alice")));
            get(root.getAuthClient().roleDelete(bytes("reader")));
            get(root.getAuthClient().authDisable());
        }
    }

    private Client as(String user, String password) {
        return Client.builder()
                .endpoints(server.clientUrl())
                .user(bytes(user))
                .password(bytes(password))
                .build();
    }

    private static <T> T get(CompletableFuture<T> answer) throws Exception {
        return answer.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    private static ByteSequence bytes(String text) {
        return ByteSequence.from(text, UTF_8);
    }
}
