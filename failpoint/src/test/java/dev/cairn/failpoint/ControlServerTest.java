package dev.cairn.failpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: the codes and texts of etcd's control. The places are one set for the whole process: each test leaves them switched off. */
@Timeout(60)
class ControlServerTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private ControlServer server;

    @BeforeEach
    void start() throws IOException {
        server = ControlServer.start("127.0.0.1:0");
    }

    @AfterEach
    void stop() {
        server.stop();
        FailPoint.inOrder().forEach(point -> point.set(null));
    }

    private String call(String method, String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (!answer.body().isEmpty()) {
            assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/plain; charset=utf-8");
        }
        return answer.statusCode() + " " + answer.body();
    }

    private String call(String method, String path) throws IOException, InterruptedException {
        return call(method, path, "");
    }

    @Test
    void shouldListAllInOrder() throws Exception {
        assertThat(call("PUT", "/beforeCommit", "1*sleep(100)->off")).isEqualTo("204 ");
        List<String> lines = call("GET", "/").substring("200 ".length()).lines().toList();
        assertThat(lines).hasSize(FailPoint.values().length).isSorted();
        assertThat(lines).contains("beforeCommit=1*sleep(100)->off", "afterCommit=");
    }

    @Test
    void shouldSetTellAndSwitchOff() throws Exception {
        assertThat(call("GET", "/raftBeforeSave")).isEqualTo("404 failed to GET: failpoint: failpoint is disabled\n\n");
        assertThat(call("PUT", "/raftBeforeSave", "2*print")).isEqualTo("204 ");
        assertThat(call("GET", "/raftBeforeSave")).isEqualTo("200 2*print\n");
        assertThat(call("GET", "/raftBeforeSave/count")).isEqualTo("200 0");
        for (int i = 0; i < 3; i++) {
            FailPoint.RAFT_BEFORE_SAVE.pass();
        }
        assertThat(call("GET", "/raftBeforeSave/count")).isEqualTo("200 2");
        assertThat(call("PUT", "/raftBeforeSave", "off")).isEqualTo("204 ");
        assertThat(call("GET", "/raftBeforeSave/count")).isEqualTo("200 0");
        assertThat(call("DELETE", "/raftBeforeSave")).isEqualTo("204 ");
        assertThat(call("DELETE", "/raftBeforeSave"))
                .isEqualTo("400 failed to delete failpoint failpoint: failpoint is disabled\n");
        assertThat(call("GET", "/raftBeforeSave/count"))
                .isEqualTo("500 failed to GET: failpoint: failpoint is disabled\n");
    }

    @Test
    void shouldNotKnowOtherNames() throws Exception {
        String unknown = "failpoint: failpoint does not exist\n";
        for (String name : List.of("nobody", "beforecommit", "beforeCommit/", "beforeCommit?x", "%62eforeCommit")) {
            assertThat(call("GET", "/" + name)).as(name).isEqualTo("404 failed to GET: " + unknown + "\n");
            assertThat(call("PUT", "/" + name, "panic")).as(name).isEqualTo("400 fail to set failpoint: " + unknown);
            assertThat(call("DELETE", "/" + name)).as(name).isEqualTo("400 failed to delete failpoint " + unknown);
        }
        assertThat(call("GET", "/nobody/count")).isEqualTo("404 failed to GET: " + unknown);
        assertThat(call("DELETE", "/")).isEqualTo("400 failed to delete failpoint " + unknown);
    }

    @Test
    void shouldRefuseTermsThatItDoesNotUnderstand() throws Exception {
        assertThat(call("PUT", "/beforeCommit", "print")).isEqualTo("204 ");
        for (String terms : List.of("", "nonsense", "panic(", "panic\n")) {
            assertThat(call("PUT", "/beforeCommit", terms))
                    .as(terms)
                    .isEqualTo("400 fail to set failpoint: failpoint: could not parse terms\n");
        }
        assertThat(call("PUT", "/beforeCommit", "print->".repeat(ControlServer.BODY_BYTES_MAX / 7)))
                .isEqualTo("400 fail to set failpoint: failpoint: could not parse terms\n");
        assertThat(call("PUT", "/beforeCommit", "x".repeat(2 * ControlServer.BODY_BYTES_MAX)))
                .isEqualTo("400 failed ReadAll in PUT\n");
        assertThat(call("GET", "/beforeCommit")).as("what was set before").isEqualTo("200 print\n");
    }

    @Test
    void shouldSetSeveralAtOnce() throws Exception {
        assertThat(call("PUT", "/failpoints", "beforeCommit=print;;afterCommit=sleep(1)"))
                .isEqualTo("204 ");
        assertThat(call("GET", "/beforeCommit")).isEqualTo("200 print\n");
        assertThat(call("GET", "/afterCommit")).isEqualTo("200 sleep(1)\n");
        assertThat(call("PUT", "/failpoints", "beforeCommit=print;afterCommit"))
                .isEqualTo("400 fail to parse failpoint: bad failpoint \"afterCommit\"\n");
        assertThat(call("PUT", "/failpoints", "nobody=print"))
                .isEqualTo("400 fail to set failpoint: failpoint: failpoint does not exist\n");
    }

    @Test
    void shouldRefuseOtherMethods() throws Exception {
        assertThat(call("POST", "/beforeCommit", "panic")).isEqualTo("405 Method not allowed\n");
    }

    @Test
    void shouldAnswerBeforeTheProcessEnds() throws Exception {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch ended = new CountDownLatch(1);
        FailPoints.open(Map.of(), message -> {
            order.add(message);
            ended.countDown();
        });
        Thread passing = new Thread(() -> {
            while (ended.getCount() > 0) {
                FailPoint.WAL_BEFORE_SYNC.pass();
            }
        });
        // The answer is kept back while the place is passed: what it holds is what an answer under way holds.
        FailPoints.answering(() -> {
            FailPoints.enable("walBeforeSync", "1*panic");
            passing.start();
            Terms terms = FailPoint.WAL_BEFORE_SYNC.terms();
            while (terms != null && terms.passes() == 0) {
                Thread.onSpinWait();
            }
            order.add("answered");
        });
        ended.await();
        passing.join();
        assertThat(order).containsExactly("answered", "failpoint panic: walBeforeSync");
    }

    @Test
    void shouldServeOthersBesideOneThatDoesNotFinish() throws Exception {
        try (Socket slow = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            slow.getOutputStream()
                    .write("PUT /beforeCommit HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npan"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(call("PUT", "/beforeCommit", "print")).isEqualTo("204 ");
            assertThat(call("GET", "/beforeCommit")).isEqualTo("200 print\n");
        }
    }

    @Test
    void shouldRefuseWhatIsNoRequest() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write("PUT no uri at all\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).startsWith("HTTP/1.1 4");
        }
        assertThat(call("GET", "/nobody")).startsWith("404 ");
    }
}
