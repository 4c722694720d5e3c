package dev.cairn.it.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.leasepb.LeaseInternalRequest;
import dev.cairn.proto.leasepb.LeaseInternalResponse;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: another member cannot tell from the peer port whom it talks to. Method: the same requests to ours and to a real etcd with the
 * same history; status, headers and body must be equal, bodies as JSON where they are JSON, addresses and IDs by their names.
 */
@Tag("client")
@Timeout(300)
class PeerPortTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final long LEASE_ID = 0x4d2;

    @TempDir
    Path directory;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private record Question(String method, String path, byte[] body, String... headers) {}

    private static Question ask(String method, String path, String body, String... headers) {
        return new Question(method, path, body.getBytes(java.nio.charset.StandardCharsets.UTF_8), headers);
    }

    private static Question ask(String path, MessageLite body) {
        return new Question("POST", path, body.toByteArray());
    }

    @Test
    void shouldAnswerAsEtcd() throws Exception {
        List<Question> questions = questions();
        Map<Integer, String> ours;
        Map<Integer, String> theirs;
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory.resolve("ours"))) {
            ours = answers(server, questions);
        }
        try (ServerProcess server = ServerProcess.start(Programs.real("etcd"), directory.resolve("real"))) {
            theirs = answers(server, questions);
        }
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            Question question = questions.get(i);
            if (!Objects.equals(ours.get(i), theirs.get(i))) {
                differences.add(question.method + " " + question.path + " "
                        + ByteString.copyFrom(question.body).toStringUtf8() + Arrays.toString(question.headers)
                        + "\nours: " + ours.get(i) + "\nreal: " + theirs.get(i));
            }
        }
        assertThat(differences).isEmpty();
    }

    private static List<Question> questions() {
        List<Question> all = new ArrayList<>();
        for (String path : List.of(
                "/",
                "/members",
                "/members/",
                "/members/x",
                "/members/promote",
                "/members/promote/",
                "/members/promote/12",
                "/members/promote/abc",
                "/members/promote/-1",
                "/members/promote/18446744073709551616",
                "/members/promote/$MEMBER",
                "/members/hashkv",
                "/members/hashkv/",
                "/leases",
                "/leases/",
                "/leases/x",
                "/version",
                "/downgrade/enabled",
                "/downgrade",
                "/raft/probing",
                "/health",
                "/metrics",
                "/debug/vars",
                "/v3/kv/range")) {
            for (String method : List.of("GET", "POST", "PUT", "DELETE")) {
                all.add(ask(method, path, ""));
            }
        }
        for (String body : List.of(
                "{}",
                "null",
                "{\"revision\":0}",
                "{\"revision\":-3}",
                "{\"revision\":2}",
                "{\"revision\":5}",
                "{\"revision\":6}",
                "{\"revision\":7}",
                "{\"revision\":8}",
                "{\"revision\":200}",
                "{\"Revision\":7}",
                "{\"revision\":null}",
                "{\"revision\":\"7\"}",
                "{\"revision\":1.5}",
                "{\"revision\":99999999999999999999}",
                "{\"revision\":7,\"other\":[1,{}]}",
                "{\"revision\":7} x",
                "{\"revision\":7",
                "[]",
                "7",
                "x")) {
            all.add(ask("GET", "/members/hashkv", body));
        }
        all.add(ask("GET", "/members/hashkv", "{}", "X-Etcd-Cluster-ID", "12"));
        all.add(ask("GET", "/members/hashkv", "{}", "X-Etcd-Cluster-ID", "$CLUSTER"));
        all.add(ask("POST", "/members/hashkv", "{}"));
        for (long lease : List.of(0L, 1L, LEASE_ID)) {
            all.add(ask(
                    "/leases", LeaseKeepAliveRequest.newBuilder().setID(lease).build()));
            for (boolean keys : List.of(false, true)) {
                LeaseTimeToLiveRequest.Builder inner =
                        LeaseTimeToLiveRequest.newBuilder().setID(lease).setKeys(keys);
                all.add(ask(
                        "/leases/internal",
                        LeaseInternalRequest.newBuilder()
                                .setLeaseTimeToLiveRequest(inner)
                                .build()));
            }
        }
        all.add(ask("POST", "/leases", "zzz"));
        all.add(ask("POST", "/leases", "z".repeat((64 << 10) + 1)));
        all.add(ask("POST", "/leases/internal", "zzz"));
        all.add(ask("GET", "/leases/internal", ""));
        return all;
    }

    private Map<Integer, String> answers(ServerProcess server, List<Question> questions) throws Exception {
        try (Client client = new Client(server)) {
            for (int i = 1; i <= 7; i++) {
                client.put("key" + i % 3, "value" + i, 0);
            }
            client.leases.leaseGrant(
                    LeaseGrantRequest.newBuilder().setID(LEASE_ID).setTTL(5000).build());
            client.put("leased", "value", LEASE_ID);
            client.compact(6);
        }
        HttpResponse<byte[]> members = send(server, ask("GET", "/members", ""), "", "");
        String memberId = JsonParser.parseString(new String(members.body(), java.nio.charset.StandardCharsets.UTF_8))
                .getAsJsonArray()
                .get(0)
                .getAsJsonObject()
                .get("id")
                .getAsString();
        String clusterId = members.headers().firstValue("X-Etcd-Cluster-Id").orElseThrow();
        Map<Integer, String> answers = new LinkedHashMap<>();
        for (int i = 0; i < questions.size(); i++) {
            String shown = show(send(server, questions.get(i), memberId, clusterId));
            answers.put(
                    i,
                    shown.replace(clusterId, "$CLUSTER")
                            .replace(memberId, "$MEMBER")
                            .replace(server.peerUrl(), "$PEER")
                            .replace(server.clientUrl(), "$CLIENT"));
        }
        return answers;
    }

    private HttpResponse<byte[]> send(ServerProcess server, Question question, String memberId, String clusterId)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(server.peerUrl() + question.path.replace("$MEMBER", memberId)))
                .timeout(LIMIT)
                .method(
                        question.method,
                        question.body.length == 0
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(question.body));
        for (int i = 0; i < question.headers.length; i += 2) {
            request.header(question.headers[i], question.headers[i + 1].replace("$CLUSTER", clusterId));
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String show(HttpResponse<byte[]> answer) throws Exception {
        StringBuilder shown = new StringBuilder().append(answer.statusCode()).append('\n');
        for (String header :
                List.of("Content-Type", "X-Etcd-Cluster-Id", "Allow", "X-Content-Type-Options", "Location")) {
            answer.headers()
                    .allValues(header)
                    .forEach(value ->
                            shown.append(header).append(": ").append(value).append('\n'));
        }
        String type = answer.headers().firstValue("Content-Type").orElse("");
        String text = new String(answer.body(), java.nio.charset.StandardCharsets.UTF_8);
        if (type.equals("application/protobuf")) {
            return shown.append(message(answer.body())).toString();
        }
        if (answer.statusCode() == 200 && (type.equals("application/json") || text.startsWith("{"))) {
            JsonElement json = JsonParser.parseString(text);
            if (json.isJsonObject() && json.getAsJsonObject().has("Now")) {
                json.getAsJsonObject().addProperty("Now", "$NOW");
            }
            return shown.append(json).toString();
        }
        return shown.append(text).toString();
    }

    private static String message(byte[] body) throws Exception {
        // Both forms begin with field 1: a message in the one, a number or another message in the other.
        LeaseInternalResponse internal = LeaseInternalResponse.parseFrom(body);
        if (internal.hasLeaseTimeToLiveResponse()) {
            LeaseInternalResponse.Builder shown = internal.toBuilder();
            shown.getLeaseTimeToLiveResponseBuilder()
                    .setTTL(shown.getLeaseTimeToLiveResponse().getTTL() / 100);
            return shown.build().toString();
        }
        return LeaseKeepAliveResponse.parseFrom(body).toString();
    }

    @Test
    void shouldNotStartWhereThePeerAddressIsTaken() throws Exception {
        try (java.net.ServerSocket taken = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            String url = "http://127.0.0.1:" + taken.getLocalPort();
            List<String> failures = new ArrayList<>();
            for (Path binary : List.of(Programs.ours(), Programs.real("etcd"))) {
                ServerProcess server = ServerProcess.prepare(
                        binary,
                        directory.resolve("taken-" + failures.size()),
                        "--listen-peer-urls=" + url,
                        "--initial-advertise-peer-urls=" + url,
                        "--initial-cluster=default=" + url);
                String failure = server.tryStart(LIMIT);
                assertThat(failure).isNotNull().contains("exit code 1");
                assertThat(server.logTail())
                        .contains("listen tcp 127.0.0.1:" + taken.getLocalPort() + ": bind: address already in use");
                failures.add(failure);
            }
        }
    }
}
