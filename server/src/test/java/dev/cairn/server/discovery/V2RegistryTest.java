package dev.cairn.server.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cairn.server.config.DiscoveryUrl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A registry that answers from a script, request by request. */
@Timeout(60)
class V2RegistryTest {
    private static final long SELF = 0xbeef;
    private static final String SIZE = "GET /t/_config/size?quorum=false&recursive=false&sorted=false";
    private static final String LIST = "GET /t?quorum=false&recursive=false&sorted=false";
    private static final String CREATE = "PUT /t/beef?prevExist=false";

    /** What is answered to what, in this order. */
    private record Step(String request, int status, String body, long index) {}

    private final List<Step> script = new ArrayList<>();
    private final List<String> surprises = new CopyOnWriteArrayList<>();
    private HttpServer service;

    @BeforeEach
    void start() throws IOException {
        service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service.createContext("/", this::answer);
        service.start();
    }

    @AfterEach
    void stop() {
        service.stop(0);
        assertThat(surprises).isEmpty();
        assertThat(script).as("steps that were not asked for").isEmpty();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
        String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String asked = form.isEmpty() ? request : request + " " + form;
        synchronized (script) {
            if (script.isEmpty() || !script.get(0).request().equals(asked)) {
                surprises.add(asked);
                exchange.sendResponseHeaders(400, -1);
                exchange.close();
                return;
            }
            Step step = script.remove(0);
            exchange.getResponseHeaders().set("X-Etcd-Index", Long.toString(step.index()));
            byte[] body = step.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(step.status(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    private void expect(String request, int status, String body, long index) {
        script.add(new Step(request, status, body, index));
    }

    private void expectSize(String size) {
        expect(SIZE, 200, "{\"action\":\"get\",\"node\":{\"key\":\"/t/_config/size\",\"value\":\"" + size + "\"}}", 5);
    }

    private void expectList(long index, String... nodes) {
        String children = nodes.length == 0 ? "" : ",\"nodes\":[" + String.join(",", nodes) + "]";
        expect(LIST, 200, "{\"action\":\"get\",\"node\":{\"key\":\"/t\",\"dir\":true" + children + "}}", index);
    }

    private static String node(String id, String value, long created) {
        return "{\"key\":\"/t/" + id + "\",\"value\":\"" + value + "\",\"createdIndex\":" + created
                + ",\"modifiedIndex\":" + created + "}";
    }

    private void expectCreate(int status, String body) {
        expect(CREATE + " value=a%3Dhttp%3A%2F%2F127.0.0.1%3A1", status, body, 7);
    }

    private static final String CREATED = "{\"action\":\"create\",\"node\":" + node("beef", "x", 7) + "}";

    private static String refusal(int code) {
        return "{\"errorCode\":" + code + ",\"message\":\"m\",\"cause\":\"c\",\"index\":9}";
    }

    private String join() throws V2Registry.Failed, InterruptedException {
        String url = "http://127.0.0.1:" + service.getAddress().getPort() + "/t";
        return V2Registry.join(new DiscoveryUrl(url, "", false), SELF, "a=http://127.0.0.1:1");
    }

    private void assertFails(String message, V2Registry.Reason reason) {
        assertThatThrownBy(this::join)
                .isInstanceOfSatisfying(
                        V2Registry.Failed.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessage(message);
    }

    @Test
    void shouldWaitForTheOthersAndTakeTheFirstOnesInTheirOrder() throws V2Registry.Failed, InterruptedException {
        String own = node("beef", "a=http://127.0.0.1:1", 7);
        expectSize("3");
        expectList(6, node("1", "b=http://127.0.0.1:2", 6));
        expectCreate(201, CREATED);
        expectSize("3");
        expectList(8, own, node("1", "b=http://127.0.0.1:2", 6));
        // Something else than a founder comes, then the last one, and what follows does not count.
        expect(
                "GET /t?recursive=true&wait=true&waitIndex=9",
                200,
                "{\"action\":\"set\",\"node\":" + node("_config/x", "y", 12) + "}",
                9);
        expect(
                "GET /t?recursive=true&wait=true&waitIndex=13",
                200,
                "{\"action\":\"create\",\"node\":" + node("2", "c=http://127.0.0.1:3", 13) + "}",
                13);
        assertThat(join()).isEqualTo("b=http://127.0.0.1:2,a=http://127.0.0.1:1,c=http://127.0.0.1:3");
    }

    @Test
    void shouldReadAgainWhenTheServiceNoLongerKnowsWhatCame() throws V2Registry.Failed, InterruptedException {
        String own = node("beef", "a=http://127.0.0.1:1", 7);
        expectSize("2");
        expectList(6);
        expectCreate(201, CREATED);
        expectSize("2");
        expectList(8, own);
        expect("GET /t?recursive=true&wait=true&waitIndex=9", 400, refusal(401), 2000);
        expectSize("2");
        expectList(2000, own, node("1", "b=http://127.0.0.1:2", 11));
        assertThat(join()).isEqualTo("a=http://127.0.0.1:1,b=http://127.0.0.1:2");
    }

    @Test
    void shouldNotRegisterWithAClusterThatIsFull() {
        expectSize("1");
        expectList(6, node("1", "b=http://127.0.0.1:2", 6));
        assertFails("discovery: cluster is full", V2Registry.Reason.FULL);
    }

    @Test
    void shouldNotBeOneTooMany() {
        expectSize("1");
        expectList(6);
        expectCreate(201, CREATED);
        expectSize("1");
        expectList(8, node("beef", "a=http://127.0.0.1:1", 7), node("1", "b=http://127.0.0.1:2", 6));
        assertFails("discovery: cluster is full", V2Registry.Reason.FULL);
    }

    @Test
    void shouldNotRegisterTwice() {
        expectSize("3");
        expectList(6);
        expectCreate(412, refusal(105));
        assertFails("discovery: found duplicate id", V2Registry.Reason.DUPLICATE_ID);
    }

    @Test
    void shouldNotTakeTheAnswerThatWasLostForAnothers() throws V2Registry.Failed, InterruptedException {
        expectSize("1");
        expectList(6);
        expectCreate(503, "");
        expectCreate(412, refusal(105));
        String own = node("beef", "a=http://127.0.0.1:1", 7);
        expect(
                "GET /t/beef?quorum=false&recursive=false&sorted=false",
                200,
                "{\"action\":\"get\",\"node\":" + own + "}",
                8);
        expectSize("1");
        expectList(8, own);
        assertThat(join()).isEqualTo("a=http://127.0.0.1:1");
    }

    @Test
    void shouldRefuseTwoOfOneName() {
        expectSize("2");
        expectList(6, node("1", "a=http://127.0.0.1:2", 6));
        expectCreate(201, CREATED);
        expectSize("2");
        expectList(8, node("1", "a=http://127.0.0.1:2", 6), node("beef", "a=http://127.0.0.1:1", 7));
        assertFails("discovery: found duplicate name", V2Registry.Reason.DUPLICATE_NAME);
    }

    @Test
    void shouldRefuseWhatIsNoRegistry() {
        expect(SIZE, 404, refusal(100), 5);
        assertFails("discovery: size key not found", V2Registry.Reason.OTHER);
        expectSize("many");
        assertFails("discovery: size key is bad", V2Registry.Reason.OTHER);
        expect(SIZE, 200, "<html>", 0);
        assertFails("discovery: bad discovery endpoint", V2Registry.Reason.OTHER);
        assertThatThrownBy(() -> V2Registry.join(new DiscoveryUrl("127.0.0.1:1/t", "", false), SELF, "a=b"))
                .hasMessage("discovery: invalid URL");
    }
}
