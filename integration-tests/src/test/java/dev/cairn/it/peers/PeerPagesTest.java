package dev.cairn.it.peers;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: whatever is asked under {@code /raft}, the answers are etcd's. Method: the same requests to a real member and to one of the same name. */
@Tag("oracle")
@Timeout(120)
class PeerPagesTest {
    /** Headers that a peer may look at. */
    private static final List<String> HEADERS = List.of(
            "allow", "connection", "content-type", "x-content-type-options", "x-etcd-cluster-id", "x-server-version");

    private static final HexFormat HEX = HexFormat.of();

    @TempDir
    Path directory;

    /** One request; the headers are laid over those of a good one, and an empty value takes one away. */
    private record Call(String method, String path, String bodyHex, Map<String, String> headers) {}

    /** What can be compared of an answer. */
    private record Answer(int status, String body, Map<String, String> headers) {}

    @Test
    void shouldAnswerAsARealMember() throws Exception {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        try (ServerProcess etcd = ServerProcess.start(Programs.real("etcd"), directory);
                RawMember raw = new RawMember()) {
            JsonObject header = JsonParser.parseString(
                            Command.run(Command.etcdctl(etcd, "get", "x", "-w", "json"), Duration.ofSeconds(30))
                                    .success())
                    .getAsJsonObject()
                    .getAsJsonObject("header");
            long cluster = header.get("cluster_id").getAsBigInteger().longValue();
            long member = header.get("member_id").getAsBigInteger().longValue();
            raw.join(member, cluster, 0xbadL, "http://127.0.0.1:1");
            String local = Long.toHexString(member);
            SoftAssertions all = new SoftAssertions();
            for (Call call : calls(local)) {
                Answer expected = send(client, etcd.peerUrl(), call, local, Long.toHexString(cluster));
                Answer actual = send(client, raw.url(), call, local, Long.toHexString(cluster));
                all.assertThat(actual).as(call.toString()).isEqualTo(expected);
            }
            all.assertAll();
            assertThat(raw.troubles()).isEmpty();
        }
    }

    private static List<Call> calls(String local) {
        // A heartbeat from member 5 to the local one. One to another is not compared: etcd breaks its answer off.
        String heartbeat = "0808" + "10" + varint(Long.parseUnsignedLong(local, 16)) + "1805";
        List<Call> calls = new ArrayList<>();
        for (String path : new String[] {"/raft", "/raft/snapshot"}) {
            for (String method : new String[] {"GET", "PUT", "DELETE"}) {
                calls.add(new Call(method, path, "", Map.of()));
            }
        }
        calls.add(new Call("POST", "/raft/stream/message/5", "", Map.of()));
        calls.add(new Call("PUT", "/raft/stream/other/5", "", Map.of()));
        List<Map<String, String>> wrong = List.of(
                Map.of("X-Server-Version", ""),
                Map.of("X-Server-Version", "2.3.8"),
                Map.of("X-Server-Version", "3.0.0"),
                Map.of("X-Server-Version", "4.1.0"),
                Map.of("X-Min-Cluster-Version", ""),
                Map.of("X-Min-Cluster-Version", "3.7.9"),
                Map.of("X-Min-Cluster-Version", "3.8.0"),
                Map.of("X-Etcd-Cluster-ID", ""),
                Map.of("X-Etcd-Cluster-ID", "1"),
                Map.of("X-Raft-To", "1"));
        for (Map<String, String> headers : wrong) {
            calls.add(new Call("POST", "/raft", heartbeat, headers));
            calls.add(new Call("POST", "/raft/snapshot", "0000000000000002" + "0808", headers));
            calls.add(new Call("GET", "/raft/stream/message/5", "", headers));
            calls.add(new Call("GET", "/raft/stream/msgapp/5", "", headers));
        }
        for (String path :
                new String[] {"other/5", "message/xyz", "msgapp/0x5", "message/11111111111111111", "msgapp/-1"}) {
            calls.add(new Call("GET", "/raft/stream/" + path, "", Map.of()));
        }
        for (String body : new String[] {heartbeat, "08", "ff", "20"}) {
            calls.add(new Call("POST", "/raft", body, Map.of()));
        }
        for (String body : new String[] {
            "", "00", "0000000000000005" + "08", "0000000000000002" + "0808", "0000000004000001" + "08",
        }) {
            calls.add(new Call("POST", "/raft/snapshot", body, Map.of()));
        }
        return calls;
    }

    private static Answer send(HttpClient client, String url, Call call, String local, String cluster)
            throws Exception {
        Map<String, String> headers = new TreeMap<>(Map.of(
                "X-Server-From", "5",
                "X-Server-Version", "3.7.1",
                "X-Min-Cluster-Version", "3.0.0",
                "X-Etcd-Cluster-ID", cluster,
                "X-Raft-To", local));
        headers.putAll(call.headers());
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + call.path()))
                .method(
                        call.method(),
                        call.bodyHex().isEmpty()
                                ? BodyPublishers.noBody()
                                : BodyPublishers.ofByteArray(HEX.parseHex(call.bodyHex())));
        headers.forEach((name, value) -> {
            if (!value.isEmpty()) {
                request.header(name, value);
            }
        });
        HttpResponse<String> response;
        try {
            response = client.send(request.build(), BodyHandlers.ofString());
        } catch (IOException e) {
            return new Answer(0, "the connection was lost", Map.of());
        }
        Map<String, String> seen = new TreeMap<>();
        response.headers().map().forEach((name, values) -> {
            if (HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
                seen.put(name.toLowerCase(Locale.ROOT), String.join(",", values));
            }
        });
        return new Answer(response.statusCode(), response.body(), seen);
    }

    private static String varint(long value) {
        StringBuilder hex = new StringBuilder();
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            hex.append(HEX.toHexDigits((byte) (rest & 0x7F | 0x80)));
            rest >>>= 7;
        }
        return hex.append(HEX.toHexDigits((byte) rest)).toString();
    }
}
