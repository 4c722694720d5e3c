package dev.cairn.peers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufUtil;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The serving side, by requests of a client of another make. What is expected here was seen of a real etcd. */
@Timeout(60)
class RaftHttpHandlerTest {
    private static final long LOCAL = 0xaL;
    private static final long KNOWN = 0xbL;
    private static final long UNKNOWN = 0xdL;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final TestMember member;

    RaftHttpHandlerTest() {
        member = new TestMember(LOCAL);
    }

    @BeforeEach
    void addPeer() {
        member.transport.addPeer(KNOWN, List.of("http://127.0.0.1:1"));
    }

    @AfterEach
    void close() {
        member.close();
    }

    @Test
    void shouldAnswerProbes() throws Exception {
        HttpResponse<String> answer = get("/raft/probing", Map.of());

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/plain; charset=utf-8");
        assertThat(answer.body()).matches("\\{\"OK\":true,\"Now\":\"[-0-9:.T]+Z\"}\n");
    }

    @Test
    void shouldPassOtherRequestsOn() throws Exception {
        assertThat(get("/version", Map.of()).body()).isEqualTo("elsewhere /version");
        assertThat(post("/members/promote/1", new byte[10], Map.of()).body()).isEqualTo("elsewhere /members/promote/1");
        assertThat(get("/raft/other", Map.of()).body()).isEqualTo("elsewhere /raft/other");
        assertThat(get("/raftother", Map.of()).body()).isEqualTo("elsewhere /raftother");
    }

    @Test
    void shouldRefuseOtherMethods() throws Exception {
        for (String path : new String[] {"/raft", "/raft/snapshot"}) {
            HttpResponse<String> answer = get(path, introduced());
            assertThat(answer.statusCode()).isEqualTo(405);
            assertThat(answer.headers().firstValue("Allow")).hasValue("POST");
            assertThat(answer.body()).isEqualTo("Method Not Allowed\n");
        }
        HttpResponse<String> answer = post("/raft/stream/message/b", new byte[0], introduced());
        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow")).hasValue("GET");
    }

    @Test
    void shouldRefuseOtherVersionsAndClusters() throws Exception {
        for (String path : new String[] {"/raft", "/raft/snapshot", "/raft/stream/message/b"}) {
            assertRefused(path, "X-Server-Version", "2.3.0", 412, "incompatible version\n");
            assertRefused(path, "X-Server-Version", "", 412, "incompatible version\n");
            assertRefused(path, "X-Server-Version", "three", 412, "incompatible version\n");
            assertRefused(path, "X-Min-Cluster-Version", "3.8.0", 412, "incompatible version\n");
            assertRefused(path, "X-Etcd-Cluster-ID", "c2", 412, "cluster ID mismatch\n");
            assertRefused(path, "X-Etcd-Cluster-ID", "", 412, "cluster ID mismatch\n");
        }
        assertThat(member.received).isEmpty();
    }

    @Test
    void shouldRefuseStreamsThatAreNotToBe() throws Exception {
        assertRefused("/raft/stream/other/b", "", "", 404, "invalid path\n");
        assertRefused("/raft/stream/message/xyz", "", "", 404, "invalid from\n");
        assertRefused("/raft/stream/message/", "", "", 404, "invalid from\n");
        assertRefused("/raft/stream/message/d", "", "", 404, "error sender not found\n");
        assertRefused("/raft/stream/message/b", "X-Raft-To", "c", 412, "to field mismatch\n");
        member.removedMembers.add(KNOWN);
        assertRefused("/raft/stream/message/b", "", "", 410, "removed member\n");
    }

    @Test
    void shouldTakePostedMessages() throws Exception {
        Message message = heartbeat(LOCAL);
        HttpResponse<String> answer = post("/raft", encode(message), introduced());

        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(answer.body()).isEmpty();
        assertThat(answer.headers().firstValue("X-Etcd-Cluster-ID")).hasValue("c1");
        assertThat(member.received).containsExactly(message);
    }

    @Test
    void shouldRefusePostedNonsense() throws Exception {
        HttpResponse<String> answer = post("/raft", new byte[] {8, 99}, introduced());

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).isEqualTo("error unmarshalling raft message\n");
    }

    @Test
    void shouldRefusePostsFromRemovedMembersAndForOthers() throws Exception {
        HttpResponse<String> other = post("/raft", encode(heartbeat(UNKNOWN)), introduced());
        assertThat(other.statusCode()).isEqualTo(500);
        assertThat(other.body()).isEqualTo("error processing raft message\n");

        member.removedMembers.add(KNOWN);
        HttpResponse<String> removed = post("/raft", encode(heartbeat(LOCAL)), introduced());
        assertThat(removed.statusCode()).isEqualTo(500);
        assertThat(removed.body()).isEqualTo("error processing raft message\n");

        Message snapshot = Message.builder(MessageType.SNAP)
                .to(LOCAL)
                .from(KNOWN)
                .snapshot(Snapshot.EMPTY)
                .build();
        HttpResponse<String> answer = post("/raft/snapshot", framed(snapshot), introduced());
        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body())
                .isEqualTo("failed to process raft message (cannot process message from removed member)\n");
        assertThat(member.received).isEmpty();
    }

    @Test
    void shouldSayWhenTheHostIsFull() throws Exception {
        member.full = true;
        HttpResponse<String> answer = post("/raft", encode(heartbeat(LOCAL)), introduced());

        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body()).isEqualTo("error processing raft message\n");
    }

    @Test
    void shouldRefuseSnapshotsThatAreNone() throws Exception {
        HttpResponse<String> empty = post("/raft/snapshot", new byte[0], introduced());
        assertThat(empty.statusCode()).isEqualTo(400);
        assertThat(empty.body()).isEqualTo("failed to decode raft message (EOF)\n");

        HttpResponse<String> cut = post("/raft/snapshot", new byte[] {0, 0, 0, 0, 0, 0, 0, 9, 1}, introduced());
        assertThat(cut.statusCode()).isEqualTo(400);
        assertThat(cut.body()).isEqualTo("failed to decode raft message (unexpected EOF)\n");

        HttpResponse<String> other = post("/raft/snapshot", framed(heartbeat(LOCAL)), introduced());
        assertThat(other.statusCode()).isEqualTo(400);
        assertThat(other.body()).isEqualTo("wrong raft message type\n");

        HttpResponse<String> large =
                post("/raft/snapshot", new byte[] {0, 0, 0, 0, 0x10, 0, 0, 0, 1, 2, 3}, introduced());
        assertThat(large.statusCode()).isEqualTo(400);
        assertThat(member.sinkCalls).isEmpty();
        assertThat(member.snapshotsUnderWay).hasValue(0);
    }

    private void assertRefused(String path, String header, String value, int status, String body) throws Exception {
        Map<String, String> headers = introduced();
        if (value.isEmpty()) {
            headers.remove(header);
        } else {
            headers.put(header, value);
        }
        boolean stream = path.startsWith("/raft/stream");
        HttpResponse<String> answer = stream ? get(path, headers) : post(path, new byte[5], headers);
        String what = path + " " + header + "=" + value;
        assertThat(answer.statusCode()).as(what).isEqualTo(status);
        assertThat(answer.body()).as(what).isEqualTo(body);
        assertThat(answer.headers().firstValue("Content-Type")).as(what).hasValue("text/plain; charset=utf-8");
        assertThat(answer.headers().firstValue("X-Content-Type-Options"))
                .as(what)
                .hasValue("nosniff");
        assertThat(answer.headers().firstValue("X-Etcd-Cluster-ID")).as(what).hasValue("c1");
        assertThat(answer.headers().firstValue("X-Server-Version").isPresent())
                .as(what)
                .isEqualTo(stream);
    }

    private static Map<String, String> introduced() {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("X-Server-From", "b");
        headers.put("X-Server-Version", "3.7.1");
        headers.put("X-Min-Cluster-Version", "3.0.0");
        headers.put("X-Etcd-Cluster-ID", "c1");
        headers.put("X-Raft-To", "a");
        return headers;
    }

    private HttpResponse<String> get(String path, Map<String, String> headers)
            throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder().GET(), path, headers);
    }

    private HttpResponse<String> post(String path, byte[] body, Map<String, String> headers)
            throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder().POST(BodyPublishers.ofByteArray(body)), path, headers);
    }

    private HttpResponse<String> send(HttpRequest.Builder request, String path, Map<String, String> headers)
            throws IOException, InterruptedException {
        headers.forEach(request::header);
        return client.send(request.uri(URI.create(member.url() + path)).build(), BodyHandlers.ofString());
    }

    private static Message heartbeat(long to) {
        return Message.builder(MessageType.HEARTBEAT)
                .to(to)
                .from(KNOWN)
                .term(2)
                .commit(1)
                .build();
    }

    private static byte[] encode(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageFormat.write(message, out);
        return ByteBufUtil.getBytes(out);
    }

    private static byte[] framed(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageStreamFormat.write(message, out);
        return ByteBufUtil.getBytes(out);
    }
}
