package dev.cairn.it.gateway;

import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.ServerProcess;
import java.io.ByteArrayOutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The streams of the gateway, as lines and over web sockets. */
@Tag("oracle")
@Timeout(300)
class GatewayStreamsTest {
    private static final int DIGEST_BYTES = 32;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String RESET = "stream terminated by RST_STREAM with error code: CANCEL";
    private static final String DEADLINE = "context deadline exceeded";

    @TempDir
    Path directory;

    private static String b(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void put(HttpDuel duel, String key, String value) {
        duel.call("/v3/kv/put", "{\"key\":\"" + b(key) + "\",\"value\":\"" + b(value) + "\"}");
    }

    /** What the function makes of both servers must be the same. */
    private static void same(HttpDuel duel, String what, Function<ServerProcess, Object> seen) {
        Object expected = seen.apply(duel.real);
        duel.note(what, seen.apply(duel.ours), expected);
    }

    private static List<Object> lines(HttpDuel.Lines stream, int count) {
        List<Object> seen = new ArrayList<>(List.of(stream.status, stream.headers));
        for (int i = 0; i < count; i++) {
            seen.add(stream.next());
        }
        return seen;
    }

    @Test
    void shouldStreamAsEtcdDoes() {
        try (HttpDuel duel = new HttpDuel(directory)) {
            put(duel, "a", "1");
            put(duel, "b", "2");
            put(duel, "a", "3");
            duel.call("/v3/kv/compaction", "{\"revision\":2}");
            watches(duel);
            observe(duel);
            same(duel, "snapshot", server -> snapshot(duel, server));
            duel.check();
        }
    }

    private static void watches(HttpDuel duel) {
        same(duel, "history", server -> {
            try (HttpDuel.Lines stream = duel.open(
                    server,
                    "/v3/watch",
                    "{\"create_request\":{\"key\":\"" + b("a") + "\",\"range_end\":\"" + b("z")
                            + "\",\"start_revision\":\"3\",\"prev_kv\":true}}")) {
                return lines(stream, 2);
            }
        });
        same(duel, "compacted", server -> {
            try (HttpDuel.Lines stream = duel.open(
                    server, "/v3beta/watch", "{\"createRequest\":{\"key\":\"" + b("a") + "\",\"start_revision\":1}}")) {
                return lines(stream, 2);
            }
        });
        same(duel, "deadline", server -> {
            try (HttpDuel.Lines stream = duel.open(
                    server, "/v3/watch", "{\"create_request\":{\"key\":\"" + b("a") + "\"}}", "Grpc-Timeout", "2S")) {
                List<Object> seen = lines(stream, 3);
                // Which of its two ends etcd hears of first is chance.
                return server == duel.real ? seen.toString().replace(RESET, DEADLINE) : seen.toString();
            }
        });
        String several = "{\"create_request\":{\"key\":\"" + b("w")
                + "\",\"filters\":[\"NODELETE\"]}} \n{\"create_request\":{\"key\":\"" + b("w")
                + "\",\"watch_id\":\"77\",\"prev_kv\":true}}{\"cancel_request\":{\"watch_id\":5}}{\"cancel_request\":{\"watch_id\":0}}";
        try (HttpDuel.Lines expected = duel.open(duel.real, "/v3/watch", several);
                HttpDuel.Lines actual = duel.open(duel.ours, "/v3/watch", several)) {
            duel.note("created", lines(actual, 3), lines(expected, 3));
            put(duel, "w", "1");
            duel.note("event", lines(actual, 1), lines(expected, 1));
            duel.call("/v3/kv/deleterange", "{\"key\":\"" + b("w") + "\"}");
            duel.note("deletion", lines(actual, 1), lines(expected, 1));
        }
    }

    private static void observe(HttpDuel duel) {
        duel.call("/v3/lease/grant", "{\"ID\":100,\"TTL\":300}");
        duel.call("/v3/election/campaign", "{\"name\":\"" + b("e") + "\",\"lease\":100,\"value\":\"AQ==\"}");
        duel.capture("rev", "/v3/election/leader", "{\"name\":\"" + b("e") + "\"}", "kv.create_revision");
        String name = "{\"name\":\"" + b("e") + "\"}";
        try (HttpDuel.Lines expected = duel.open(duel.real, "/v3/election/observe", name);
                HttpDuel.Lines actual = duel.open(duel.ours, "/v3/election/observe", name)) {
            duel.note("leader", lines(actual, 1), lines(expected, 1));
            duel.call(
                    "/v3/election/proclaim",
                    "{\"leader\":{\"name\":\"" + b("e") + "\",\"key\":\"" + b("e/64")
                            + "\",\"rev\":\"${rev}\",\"lease\":100},\"value\":\"Ag==\"}");
            duel.note("proclaimed", lines(actual, 1), lines(expected, 1));
        }
    }

    /** Whether the digest at the end is that of what comes before it. */
    private static Object snapshot(HttpDuel duel, ServerProcess server) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (HttpDuel.Lines stream = duel.open(server, "/v3/maintenance/snapshot", "{}")) {
            String version = "";
            for (String line = stream.nextRaw(); !line.equals("null"); line = stream.nextRaw()) {
                JsonObject part = JsonParser.parseString(line).getAsJsonObject().getAsJsonObject("result");
                bytes.writeBytes(Base64.getDecoder().decode(part.get("blob").getAsString()));
                version = part.has("version") ? part.get("version").getAsString() : "";
            }
            byte[] all = bytes.toByteArray();
            byte[] digest = Arrays.copyOfRange(all, all.length - DIGEST_BYTES, all.length);
            byte[] expected =
                    MessageDigest.getInstance("SHA-256").digest(Arrays.copyOf(all, all.length - DIGEST_BYTES));
            return List.of(stream.status, stream.headers, version, Arrays.equals(digest, expected));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldGiveUpACallWhoseClientHasGone() throws Exception {
        try (HttpDuel duel = new HttpDuel(directory)) {
            duel.call("/v3/lease/grant", "{\"ID\":1,\"TTL\":300}");
            duel.call("/v3/lease/grant", "{\"ID\":2,\"TTL\":300}");
            duel.call("/v3/lock/lock", "{\"name\":\"" + b("l") + "\",\"lease\":1}");
            String contenders = "{\"key\":\"" + b("l/") + "\",\"range_end\":\"" + b("l0") + "\",\"count_only\":true}";
            for (ServerProcess server : List.of(duel.real, duel.ours)) {
                String body = "{\"name\":\"" + b("l") + "\",\"lease\":2}";
                int port = Integer.parseInt(
                        server.target().substring(server.target().indexOf(':') + 1));
                try (Socket waiting = new Socket("127.0.0.1", port)) {
                    waiting.getOutputStream()
                            .write(("POST /v3/lock/lock HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length()
                                            + "\r\n\r\n" + body)
                                    .getBytes(StandardCharsets.US_ASCII));
                    await().atMost(LIMIT).until(() -> duel.count(server, contenders) == 2);
                }
                await().atMost(LIMIT).until(() -> duel.count(server, contenders) == 1);
            }
        }
    }

    @Test
    void shouldTalkOverWebSocketsAsEtcdDoes() {
        try (HttpDuel duel = new HttpDuel(directory)) {
            duel.call("/v3/lease/grant", "{\"ID\":7,\"TTL\":300}");
            same(duel, "keepalive", server -> {
                try (WebSocket socket = new WebSocket(server, "/v3/lease/keepalive")) {
                    socket.send("{\"ID\":7}");
                    String first = socket.next();
                    socket.send("{\"ID\":");
                    socket.send("\"8\"}");
                    String second = socket.next();
                    socket.sendClose();
                    return List.of(first, second, socket.next());
                }
            });
            String create = "{\"create_request\":{\"key\":\"" + b("k") + "\"}}";
            try (WebSocket expected = new WebSocket(duel.real, "/v3/watch");
                    WebSocket actual = new WebSocket(duel.ours, "/v3/watch")) {
                expected.send(create);
                actual.send(create);
                duel.note("created", actual.next(), expected.next());
                put(duel, "k", "v");
                duel.note("event", actual.next(), expected.next());
                expected.send(create.replace(b("k"), b("l")));
                actual.send(create.replace(b("k"), b("l")));
                duel.note("another", actual.next(), expected.next());
            }
            same(duel, "unknown path", server -> {
                try (WebSocket socket = new WebSocket(server, "/v3/nope")) {
                    return List.of(socket.next());
                }
            });
            same(duel, "bad request", server -> {
                try (WebSocket socket = new WebSocket(server, "/v3/kv/range")) {
                    socket.send("{\"key\":12}");
                    return List.of(socket.next());
                }
            });
            withUsers(duel);
            duel.check();
        }
    }

    private static void withUsers(HttpDuel duel) {
        duel.call("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"r\"}");
        duel.call("/v3/auth/role/add", "{\"name\":\"root\"}");
        duel.call("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
        duel.call("/v3/auth/enable", "{}");
        duel.capture("root", "/v3/auth/authenticate", "{\"name\":\"root\",\"password\":\"r\"}", "token");
        String create = "{\"create_request\":{\"key\":\"" + b("k") + "\"}}";
        same(duel, "nobody", server -> {
            try (WebSocket socket = new WebSocket(server, "/v3/watch")) {
                socket.send(create);
                return List.of(socket.next());
            }
        });
        same(duel, "token as protocol", server -> {
            try (WebSocket socket = new WebSocket(server, "/v3/watch", "Bearer", duel.filled(server, "${root}"))) {
                socket.send(create);
                return List.of(socket.next(), socket.protocol);
            }
        });
        same(duel, "nobody, in lines", server -> {
            try (HttpDuel.Lines stream = duel.open(server, "/v3/watch", create)) {
                return lines(stream, 1);
            }
        });
        same(duel, "root, in lines", server -> {
            try (HttpDuel.Lines stream = duel.open(server, "/v3/watch", create, "Authorization", "Bearer ${root}")) {
                return lines(stream, 1);
            }
        });
    }
}
