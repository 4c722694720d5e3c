package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthRoleGetRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGetRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.server.api.EtcdError;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The v2 API beside keys is a view: what it changes, v3 sees, and the other way round. What it answers is compared with etcd elsewhere. */
@Timeout(60)
class OldApiTest {
    private static final String ROOT = "root:rp";
    private static final String PREFIX = "/_cairn/v2/keys";

    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();
    private RunningMember member;

    @BeforeEach
    void start() throws Exception {
        member = new RunningMember(directory);
    }

    @AfterEach
    void stop() {
        member.close();
    }

    private HttpResponse<String> send(String method, String path, String user, String body)
            throws IOException, InterruptedException {
        java.net.http.HttpRequest.Builder request = java.net.http.HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + member.clientPort() + path))
                .method(method, java.net.http.HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", "application/json");
        if (!user.isEmpty()) {
            request.header("Authorization", basic(user));
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String basic(String user) {
        return "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
    }

    private void put(int status, String path, String user, String body) throws IOException, InterruptedException {
        HttpResponse<String> answer = send("PUT", path, user, body);
        assertThat(answer.statusCode()).as("%s", answer.body()).isEqualTo(status);
    }

    /** User bob with role dev, and authentication on. */
    private void enable() throws IOException, InterruptedException {
        put(201, "/v2/auth/users/root", "", "{\"user\":\"root\",\"password\":\"rp\"}");
        put(
                201,
                "/v2/auth/roles/dev",
                "",
                "{\"role\":\"dev\",\"permissions\":{\"kv\":{\"read\":[\"/dev/*\",\"/x\"],\"write\":[\"/dev/*\"]}}}");
        put(200, "/v2/auth/users/bob", "", "{\"user\":\"bob\",\"password\":\"bp\",\"roles\":[\"dev\"]}");
        put(200, "/v2/auth/enable", "", "");
    }

    @Test
    void shouldBeUsersAndRolesOfV3() throws IOException, InterruptedException {
        enable();
        AuthGrpc.AuthBlockingStub root = AuthGrpc.newBlockingStub(member.as("root", "rp"));
        assertThat(root.userGet(AuthUserGetRequest.newBuilder().setName("bob").build())
                        .getRolesList())
                .containsExactly("dev");
        assertThat(root.roleGet(AuthRoleGetRequest.newBuilder().setRole("dev").build())
                        .getPermList())
                .containsExactly(
                        Permission.newBuilder()
                                .setPermType(Permission.Type.READWRITE)
                                .setKey(ByteString.copyFromUtf8(PREFIX + "/dev/"))
                                .setRangeEnd(ByteString.copyFromUtf8(PREFIX + "/dev0"))
                                .build(),
                        Permission.newBuilder()
                                .setPermType(Permission.Type.READ)
                                .setKey(ByteString.copyFromUtf8(PREFIX + "/x"))
                                .build());
        // The same holds for who speaks v3.
        KVGrpc.KVBlockingStub bob = KVGrpc.newBlockingStub(member.as("bob", "bp"));
        bob.put(key(PREFIX + "/dev/a"));
        assertThatThrownBy(() -> bob.put(key(PREFIX + "/x")))
                .hasMessageContaining(EtcdError.PERMISSION_DENIED.message());

        put(200, "/v2/auth/roles/dev", ROOT, "{\"role\":\"dev\",\"revoke\":{\"kv\":{\"read\":[\"/dev/*\",\"/x\"]}}}");
        assertThat(root.roleGet(AuthRoleGetRequest.newBuilder().setRole("dev").build())
                        .getPermList())
                .extracting(Permission::getPermType)
                .containsExactly(Permission.Type.WRITE);
        put(401, "/v2/auth/roles/dev", "bob:bp", "{\"role\":\"dev\",\"grant\":{\"kv\":{\"read\":[\"/y\"]}}}");
    }

    private static PutRequest key(String name) {
        return PutRequest.newBuilder().setKey(ByteString.copyFromUtf8(name)).build();
    }

    @Test
    void shouldRefuseARoleThatDoesNotExist() throws IOException, InterruptedException {
        put(404, "/v2/auth/users/c", "", "{\"user\":\"c\",\"password\":\"p\",\"roles\":[\"none\"]}");
        assertThat(send("GET", "/v2/auth/users/c", "", "").statusCode()).isEqualTo(404);
        put(201, "/v2/auth/users/c", "", "{\"user\":\"c\",\"password\":\"p\"}");
        put(404, "/v2/auth/users/c", "", "{\"user\":\"c\",\"grant\":[\"none\"]}");
        put(400, "/v2/auth/users/c", "", "{\"user\":\"c\",\"password\":\"" + "p".repeat(73) + "\"}");
    }

    /** Whatever comes of it besides. */
    private boolean permits(String method, String path, String user, boolean recursive)
            throws IOException, InterruptedException {
        String query = (recursive ? "?recursive=true" : "?") + (method.equals("PUT") ? "&value=1" : "");
        return send(method, "/v2/keys" + path + query, user, "").statusCode() != 401;
    }

    @Test
    void shouldPermitByRolesAndNothingWithoutOne() throws IOException, InterruptedException {
        assertThat(permits("PUT", "/anything", "", true)).isTrue();
        enable();
        assertThat(permits("PUT", "/anything", "", false)).as("a guest").isTrue();
        put(
                200,
                "/v2/auth/roles/guest",
                ROOT,
                "{\"role\":\"guest\",\"grant\":{\"kv\":{\"read\":[\"/open\"]}},\"revoke\":{\"kv\":{\"read\":[\"/*\"],\"write\":[\"/*\"]}}}");
        assertThat(permits("GET", "/open", "", false)).isTrue();
        assertThat(permits("GET", "/open", "", true)).isFalse();
        assertThat(permits("PUT", "/open", "", false)).isFalse();
        assertThat(permits("GET", "/dev/a", "", false)).isFalse();
        assertThat(permits("GET", "/dev/", "bob:bp", true)).isTrue();
        assertThat(permits("HEAD", "/x", "bob:bp", false)).isTrue();
        assertThat(permits("DELETE", "/x", "bob:bp", false)).isFalse();
        assertThat(permits("GET", "/open", "bob:bp", false)).isFalse();
        assertThat(permits("DELETE", "/", ROOT, true)).isTrue();
        for (String nobody : List.of("root:wrong", "nobody:rp", "root:", "root")) {
            assertThat(permits("GET", "/open", nobody, false)).as(nobody).isFalse();
        }
        assertThat(send("DELETE", "/v2/auth/roles/guest", ROOT, "").statusCode())
                .isEqualTo(200);
        assertThat(permits("GET", "/open", "", false)).isFalse();
    }

    @Test
    void shouldCountWhatIsDoneToKeys() throws IOException, InterruptedException {
        send("PUT", "/v2/keys/a?value=1", "", "");
        send("PUT", "/v2/keys/a?value=2", "", "");
        send("PUT", "/v2/keys/a/b?value=2", "", "");
        send("GET", "/v2/keys/a", "", "");
        send("GET", "/v2/keys/b", "", "");
        send("PUT", "/v2/keys/b?value=1&prevExist=false", "", "");
        send("PUT", "/v2/keys/a?value=1&prevExist=true", "", "");
        send("PUT", "/v2/keys/a?value=3&prevValue=1", "", "");
        send("PUT", "/v2/keys/a?value=3&prevValue=1", "", "");
        send("DELETE", "/v2/keys/a?prevValue=3", "", "");
        send("DELETE", "/v2/keys/b", "", "");
        send("DELETE", "/v2/keys/b", "", "");
        assertThat(send("GET", "/v2/stats/store", "", "").body())
                .isEqualTo("{\"getsSuccess\":1,\"getsFail\":1,\"setsSuccess\":2,\"setsFail\":1,\"deleteSuccess\":1,"
                        + "\"deleteFail\":1,\"updateSuccess\":1,\"updateFail\":0,\"createSuccess\":1,\"createFail\":0,"
                        + "\"compareAndSwapSuccess\":1,\"compareAndSwapFail\":1,\"compareAndDeleteSuccess\":1,"
                        + "\"compareAndDeleteFail\":0,\"expireCount\":0,\"watchers\":0}");
    }
}
