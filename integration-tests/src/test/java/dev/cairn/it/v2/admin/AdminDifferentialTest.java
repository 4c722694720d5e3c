package dev.cairn.it.v2.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests about members, statistics and users get the answers of etcd 3.4: status, headers and body. */
@Tag("oracle")
@Timeout(300)
class AdminDifferentialTest {
    private static final String ROOT = "root:rp";

    @TempDir
    Path directory;

    private final List<ServerProcess> servers = new ArrayList<>();

    @BeforeEach
    void startBoth() {
        servers.add(Etcd34Programs.start(directory.resolve("real")));
        servers.add(ServerProcess.start(Programs.ours(), directory.resolve("ours")));
    }

    @AfterEach
    void stop() {
        servers.forEach(ServerProcess::close);
    }

    private void compare(List<Exchange> exchanges) {
        SoftAssertions all = new SoftAssertions();
        for (Exchange exchange : exchanges) {
            all.assertThat(exchange.askOf(servers.get(1))).as("%s", exchange).isEqualTo(exchange.askOf(servers.get(0)));
        }
        all.assertAll();
    }

    @Test
    void shouldKnowTheSamePathsAndMethods() {
        List<Exchange> exchanges = new ArrayList<>();
        for (String path : List.of(
                "/v2/members",
                "/v2/members/",
                "/v2/members/leader",
                "/v2/members/leader/",
                "/v2/members/x",
                "/v2/machines",
                "/v2/machines/",
                "/v2/stats",
                "/v2/stats/leader",
                "/v2/stats/leader/",
                "/v2/auth",
                "/v2/auth/",
                "/v2//members",
                "/v2/auth/enable",
                "/v2/auth/enable/",
                "/v2/auth/roles",
                "/v2/auth/roles/",
                "/v2/auth/users",
                "/v2/auth/users/",
                "/v2/auth/users/a/b",
                "/v2/auth/users/none",
                "/v2/auth/roles/none",
                "/v2/auth/users/./x",
                "/v2/auth/users/x/")) {
            for (String method : List.of("GET", "HEAD", "PATCH")) {
                exchanges.add(Exchange.of(method, path));
            }
        }
        for (String path : List.of(
                "/v2/machines",
                "/v2/stats/self",
                "/v2/stats/store",
                "/v2/auth/users",
                "/v2/auth/roles",
                "/v2/auth/users/",
                "/v2/auth/roles/")) {
            for (String method : List.of("HEAD", "PUT", "POST", "DELETE")) {
                exchanges.add(Exchange.of(method, path));
            }
        }
        compare(exchanges);
    }

    @Test
    void shouldRefuseTheSameChangesOfMembers() {
        List<Exchange> exchanges = new ArrayList<>();
        for (String body : List.of(
                "",
                "{",
                "{}",
                "[]",
                "null",
                "\"x\"",
                "5",
                "{\"peerURLs\":\"x\"}",
                "{\"peerURLs\":null}",
                "{\"peerURLs\":[]}",
                "{\"peerURLs\":[\".\"]}",
                "{\"peerURLs\":[5]}",
                "{\"peerURLs\":[\"http://127.0.0.1:1/x\"]}",
                "{\"peerURLs\":[\"http://127.0.0.1\"]}",
                "{\"peerURLs\":[\"http://127.0.0.1:PEER\"]}",
                "{\"peerURLs\":[\"ftp://127.0.0.1:1\"]}",
                "{\"PEERURLS\":[\"http://127.0.0.1:PEER\"],\"x\":{}}",
                "{\"peerURLs\":[\"http://127.0.0.1:1\"]}x",
                "{\"peerURLs\":[\":\"]}")) {
            exchanges.add(Exchange.of("POST", "/v2/members").withJson(body));
            exchanges.add(Exchange.of("PUT", "/v2/members/1234").withJson(body));
        }
        for (String type : List.of("", "text/plain; charset=utf-8", "Application/JSON", "Application/JSON; x")) {
            exchanges.add(Exchange.of("POST", "/v2/members").withBody("{}").withContentType(type));
        }
        for (String id : List.of(
                "", "/", "/1234", "/zz", "/0", "/12345678901234567", "/-1", "/+1", "/0x12", "/1234/", "/1234/5")) {
            exchanges.add(Exchange.of("DELETE", "/v2/members" + id));
            exchanges.add(Exchange.of("PUT", "/v2/members" + id).withJson("{\"peerURLs\":[\"http://127.0.0.1:1\"]}"));
        }
        compare(exchanges);
        // The only member cannot go, and can move.
        for (ServerProcess server : servers) {
            String path = "/v2/members/" + Exchange.memberId(server);
            assertThat(Exchange.of("DELETE", path).askOf(server).status()).isEqualTo(500);
            String url = "http://127.0.0.1:1";
            assertThat(Exchange.of("PUT", path)
                            .withJson("{\"peerURLs\":[\"" + url + "\"]}")
                            .askOf(server)
                            .status())
                    .isEqualTo(204);
        }
        compare(List.of(Exchange.of("GET", "/v2/members")));
        // A second one leaves neither with a quorum: the last thing that can be asked for.
        for (ServerProcess server : servers) {
            HttpResponse<String> added = Exchange.of("POST", "/v2/members")
                    .withJson("{\"peerURLs\":[\"http://127.0.0.1:3\",\"http://127.0.0.1:2\"]}")
                    .send(server);
            assertThat(added.statusCode()).isEqualTo(201);
            JsonObject member = JsonParser.parseString(added.body()).getAsJsonObject();
            assertThat(member.get("id").getAsString()).matches("[0-9a-f]{1,16}");
            member.remove("id");
            assertThat(member)
                    .hasToString("{\"name\":\"\",\"peerURLs\":[\"http://127.0.0.1:2\",\"http://127.0.0.1:3\"],"
                            + "\"clientURLs\":[]}");
        }
    }

    @Test
    void shouldShowTheSameStatistics() {
        for (String page : List.of("/v2/stats/self", "/v2/stats/store", "/v2/stats/leader")) {
            List<JsonObject> shown = new ArrayList<>();
            for (ServerProcess server : servers) {
                shown.add(JsonParser.parseString(
                                Exchange.of("GET", page).askOf(server).body())
                        .getAsJsonObject());
            }
            assertThat(shown.get(1).keySet())
                    .as("in this order on %s", page)
                    .containsExactlyElementsOf(shown.get(0).keySet());
            if (shown.get(0).has("leaderInfo")) {
                assertThat(shown.get(1).getAsJsonObject("leaderInfo").keySet())
                        .containsExactlyElementsOf(
                                shown.get(0).getAsJsonObject("leaderInfo").keySet());
                assertThat(shown.get(1).get("state")).isEqualTo(shown.get(0).get("state"));
                assertThat(shown.get(1).getAsJsonObject("leaderInfo").get("leader"))
                        .isEqualTo(shown.get(0).getAsJsonObject("leaderInfo").get("leader"));
            }
        }
    }

    @Test
    void shouldManageUsersAndRolesAlike() {
        List<Exchange> exchanges = new ArrayList<>(List.of(
                Exchange.of("PUT", "/v2/auth/enable"),
                Exchange.of("DELETE", "/v2/auth/enable"),
                user("a", "x"),
                user("a", ""),
                user("a", "{\"user\":\"b\"}"),
                user("a", "{\"user\":\"a\"}"),
                user("a", "{\"user\":\"a\",\"password\":5}"),
                user("a", "{\"user\":\"a\",\"password\":\"p\"}"),
                get("users"),
                get("users/a"),
                user("a", "{\"user\":\"a\"}"),
                user("a", "{\"user\":\"a\",\"password\":\"p2\"}"),
                role("r", "{\"role\":\"r\"}"),
                role("r", "{\"role\":\"r\"}"),
                get("roles/r"),
                role("r", "{\"role\":\"x\"}"),
                role("r", ""),
                role("r", grant("r", "[\"/foo/*\",\"/b\"]", "[\"/foo/*\"]")),
                get("roles/r"),
                role("r", grant("r", "[\"/foo/*\"]", "null")),
                role("r", grant("r", "null", "[\"/foo/*\",\"/q\"]")),
                role("r", grant("r", "[\"/z\",\"/z\"]", "null")),
                role("r", revoke("r", "[\"/nope\"]", "[\"/nope\"]")),
                role("r", revoke("r", "[\"/foo/*\"]", "[]")),
                get("roles/r"),
                role(
                        "r",
                        "{\"role\":\"r\",\"permissions\":{\"kv\":{\"read\":[\"/a\"]}},\"grant\":{\"kv\":{\"read\":[\"/z\"]}}}"),
                role("r2", "{\"role\":\"r2\",\"permissions\":{\"kv\":{\"read\":[\"/a\",\"/b*\"],\"write\":[\"/a\"]}}}"),
                get("roles"),
                get("roles/r2"),
                role("r3", grant("r3", "[\"/a\"]", "null")),
                role("root", "{\"role\":\"root\"}"),
                role("root", grant("root", "[\"/a\"]", "null")),
                Exchange.of("DELETE", "/v2/auth/roles/root"),
                Exchange.of("DELETE", "/v2/auth/roles/none"),
                get("roles/root"),
                user("b", "{\"user\":\"b\",\"password\":\"p\",\"roles\":[\"r\"]}"),
                get("users/b"),
                user("b", "{\"user\":\"b\",\"password\":\"p\",\"roles\":[\"r\"]}"),
                user("b", "{\"user\":\"b\",\"grant\":[\"r\"]}"),
                user("b", "{\"user\":\"b\",\"grant\":[\"r2\"]}"),
                user("b", "{\"user\":\"b\",\"revoke\":[\"r9\"]}"),
                user("b", "{\"user\":\"b\",\"revoke\":[\"r\"]}"),
                user("b", "{\"user\":\"b\"}"),
                user("b", "{\"user\":\"b\",\"roles\":[\"r\"],\"grant\":[\"r\"]}"),
                user("n", "{\"user\":\"n\",\"grant\":[\"r\"]}"),
                get("users"),
                Exchange.of("DELETE", "/v2/auth/users/none"),
                Exchange.of("DELETE", "/v2/auth/users/a"),
                get("users/a"),
                user("root", "{\"user\":\"root\"}"),
                user("root", "{\"user\":\"root\",\"password\":\"rp\"}"),
                get("users/root"),
                user("root", "{\"user\":\"root\",\"grant\":[\"root\"]}"),
                user("root", "{\"user\":\"root\"}"),
                Exchange.of("PUT", "/v2/auth/enable"),
                // From here on root has to say who it is.
                Exchange.of("PUT", "/v2/auth/enable"),
                get("enable"),
                Exchange.of("PUT", "/v2/auth/enable").as(ROOT),
                get("users"),
                get("users").as(ROOT),
                get("roles").as("root:wrong"),
                get("roles").as("nobody:p"),
                get("roles").as("b:p"),
                get("roles").as(ROOT),
                Exchange.of("POST", "/v2/members").withJson("{}"),
                Exchange.of("POST", "/v2/members").withJson("{}").as(ROOT),
                Exchange.of("GET", "/v2/members"),
                Exchange.of("GET", "/v2/machines"),
                Exchange.of("DELETE", "/v2/members/1234"),
                Exchange.of("DELETE", "/v2/auth/users/root").as(ROOT),
                user("root", "{\"user\":\"root\",\"revoke\":[\"root\"]}").as(ROOT),
                get("users/root").as(ROOT),
                user("d", "{\"user\":\"d\",\"password\":\"p\"}").as(ROOT),
                role("guest", revoke("guest", "[\"/*\"]", "[\"/*\"]")).as(ROOT),
                Exchange.of("DELETE", "/v2/auth/roles/guest").as(ROOT),
                Exchange.of("DELETE", "/v2/auth/enable"),
                Exchange.of("DELETE", "/v2/auth/enable").as("b:p"),
                Exchange.of("DELETE", "/v2/auth/enable").as(ROOT),
                Exchange.of("DELETE", "/v2/auth/enable"),
                Exchange.of("DELETE", "/v2/auth/roles/r2"),
                get("users"),
                Exchange.of("PUT", "/v2/auth/enable"),
                get("roles").as(ROOT),
                Exchange.of("DELETE", "/v2/auth/enable").as(ROOT)));
        compare(exchanges);
    }

    private static Exchange get(String path) {
        return Exchange.of("GET", "/v2/auth/" + path);
    }

    private static Exchange user(String name, String body) {
        return Exchange.of("PUT", "/v2/auth/users/" + name).withJson(body);
    }

    private static Exchange role(String name, String body) {
        return Exchange.of("PUT", "/v2/auth/roles/" + name).withJson(body);
    }

    private static String grant(String role, String read, String write) {
        return "{\"role\":\"" + role + "\",\"grant\":{\"kv\":{\"read\":" + read + ",\"write\":" + write + "}}}";
    }

    private static String revoke(String role, String read, String write) {
        return "{\"role\":\"" + role + "\",\"revoke\":{\"kv\":{\"read\":" + read + ",\"write\":" + write + "}}}";
    }
}
