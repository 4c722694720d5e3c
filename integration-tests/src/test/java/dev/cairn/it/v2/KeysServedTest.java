package dev.cairn.it.v2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.cluster.Group;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whom the keys of v2 are served, and whether. */
@Tag("cluster")
@Timeout(120)
class KeysServedTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    Path directory;

    @Test
    void shouldServeUsersWhatTheyMayReadAndWrite() throws Exception {
        try (Group group = Group.found(directory, List.of(), Group.ours())) {
            String url = group.member(0).clientUrl();
            V2Client client = new V2Client(url);
            group.ctlUntilDone(0, "put", "ready", "1");
            client.put("/own/a", "value=1");
            client.put("/other/a", "value=1");
            group.ctlUntilDone(0, "user", "add", "root:r");
            group.ctlUntilDone(0, "user", "grant-role", "root", "root");
            group.ctlUntilDone(0, "role", "add", "own");
            group.ctlUntilDone(0, "role", "grant-permission", "own", "readwrite", "--prefix", "/_cairn/v2/keys/own/");
            group.ctlUntilDone(0, "user", "add", "al:p");
            group.ctlUntilDone(0, "user", "grant-role", "al", "own");
            group.ctlUntilDone(0, "auth", "enable");
            for (String nobody : List.of("", "al:wrong", "unknown:p")) {
                assertThat(status(url, nobody, "GET", "/own/a", "")).as(nobody).isEqualTo(401);
                assertThat(status(url, nobody, "PUT", "/own/a", "value=2"))
                        .as(nobody)
                        .isEqualTo(401);
                assertThat(status(url, nobody, "GET", "/own/a?wait=true&waitIndex=1", ""))
                        .as(nobody)
                        .isEqualTo(401);
            }
            assertThat(status(url, "al:p", "GET", "/own/a", "")).isEqualTo(200);
            assertThat(status(url, "al:p", "PUT", "/own/a", "value=2&ttl=100")).isEqualTo(200);
            assertThat(status(url, "al:p", "GET", "/other/a", "")).isEqualTo(401);
            assertThat(status(url, "al:p", "PUT", "/other/a", "value=2")).isEqualTo(401);
            assertThat(status(url, "al:p", "DELETE", "/other?recursive=true", ""))
                    .isEqualTo(401);
            assertThat(status(url, "al:p", "POST", "/other", "value=2")).isEqualTo(401);
            assertThat(status(url, "al:p", "GET", "/?recursive=true", "")).isEqualTo(401);
            assertThat(status(url, "root:r", "PUT", "/other/a", "value=2")).isEqualTo(200);
        }
    }

    private static int status(String url, String login, String method, String target, String form)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/v2/keys" + target))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .method(method, HttpRequest.BodyPublishers.ofString(form));
        if (!login.isEmpty()) {
            String encoded = Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
            request.header("Authorization", "Basic " + encoded);
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void shouldNotBeThereWhenItIsTurnedOff() {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory, "--enable-v2=false")) {
            assertThat(new V2Client(server.clientUrl()).get("/a").status()).isEqualTo(404);
        }
    }
}
