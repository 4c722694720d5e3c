package dev.cairn.it.v2;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Seed;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same requests to an etcd 3.4 and to ours; indexes are mapped, all else has to be equal. */
@Tag("oracle")
@Timeout(600)
class KeysDuelTest {
    private static final int REQUESTS = Integer.getInteger("cairn.v2.requests", 3000);

    /** As many indexes lie between waits and what they wait for; etcd 3.4 remembers a thousand. */
    private static final int WINDOW = 300;

    @TempDir
    Path directory;

    private ServerProcess theirProcess;
    private ServerProcess ourProcess;
    private V2Client theirs;
    private V2Client ours;
    private final Indexes indexes = new Indexes();

    @BeforeEach
    void start() {
        Path etcd = Etcd34.binary("etcd");
        theirProcess = ServerProcess.start(etcd, directory.resolve("theirs"), "--enable-v2");
        ourProcess = ServerProcess.start(Programs.ours(), directory.resolve("ours"));
        theirs = new V2Client(theirProcess.clientUrl());
        ours = new V2Client(ourProcess.clientUrl());
    }

    @AfterEach
    void stop() {
        theirProcess.close();
        ourProcess.close();
    }

    @Test
    void shouldAnswerGeneratedRequestsAsEtcdDoes() throws Exception {
        long seed = Seed.choose();
        System.out.println("KeysDuelTest " + Seed.replay(seed));
        Requests requests = new Requests(seed, indexes);
        int pending = 0;
        int told = 0;
        for (int i = 0; i < REQUESTS; i++) {
            if (requests.nextIsWait()) {
                Requests.Request wait = requests.wait(WINDOW);
                if (compareWait(wait, requests, seed)) {
                    told++;
                } else {
                    pending++;
                }
            } else {
                compare(requests.next(), seed);
            }
        }
        assertThat(told)
                .as("waits that were told of something, beside %d that were not", pending)
                .isPositive();
        assertThat(indexes.known().size()).as("writes").isGreaterThan(REQUESTS / 10);
    }

    private void compare(Requests.Request request, long seed) {
        V2Client.Answer their = theirs.send(request.method(), request.theirs(), request.theirForm());
        V2Client.Answer our = ours.send(request.method(), request.ours(), request.ourForm());
        String context = request + "\n" + their + "\n" + our + "\n" + Seed.replay(seed);
        assertThat(our.status()).as(context).isEqualTo(their.status());
        assertThat(our.headers().keySet()).as(context).isEqualTo(their.headers().keySet());
        assertThat(our.headers().get("content-type"))
                .as(context)
                .isEqualTo(their.headers().get("content-type"));
        assertThat(our.headers().get("allow"))
                .as(context)
                .isEqualTo(their.headers().get("allow"));
        assertThat(indexes.match(their.index(), our.index())).as(context).isEmpty();
        if (their.body().startsWith("{") || our.body().startsWith("{")) {
            assertThat(indexes.compare(their.body(), our.body())).as(context).isEmpty();
        } else {
            assertThat(our.body()).as(context).isEqualTo(their.body());
        }
    }

    /** Whether the wait was told of something. */
    private boolean compareWait(Requests.Request request, Requests requests, long seed) throws Exception {
        V2Client.Wait their = theirs.await(request.theirs());
        V2Client.Wait our = ours.await(request.ours());
        for (int i = 0; i < 3; i++) {
            compare(requests.next(), seed);
        }
        String theirEvent = soon(their);
        String ourEvent = soon(our);
        if (theirEvent == null && ourEvent == null) {
            their.cancel();
            our.cancel();
            return false;
        }
        String context = request + "\n" + theirEvent + "\n" + ourEvent + "\n" + Seed.replay(seed);
        if (theirEvent != null && onlyByName(request, theirEvent)) {
            our.cancel();
            return true;
        }
        theirEvent = theirEvent == null ? their.body().get(10, TimeUnit.SECONDS) : theirEvent;
        ourEvent = ourEvent == null ? our.body().get(10, TimeUnit.SECONDS) : ourEvent;
        assertThat(our.status()).as(context).isEqualTo(their.status());
        assertThat(indexes.compare(theirEvent, ourEvent)).as(context).isEmpty();
        return true;
    }

    private static @Nullable String soon(V2Client.Wait wait) throws Exception {
        try {
            return wait.body().get(150, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        }
    }

    /**
     * Whether etcd tells, out of its history, of a directory that was deleted to one who waits for a node that begins with its name, be it in
     * it or not. Ours tells only who has waited for a node that was there.
     */
    private static boolean onlyByName(Requests.Request request, String event) {
        JsonObject json = JsonParser.parseString(event).getAsJsonObject();
        if (!json.has("prevNode") || !json.getAsJsonObject("prevNode").has("dir")) {
            return false;
        }
        String path = URLDecoder.decode(request.theirs().split("\\?", 2)[0], StandardCharsets.UTF_8);
        String key = json.getAsJsonObject("prevNode").get("key").getAsString();
        return json.get("action").getAsString().equals("delete") && path.startsWith(key) && !path.equals(key);
    }

    @Test
    void shouldTellOfTheEndOfNodesAsEtcdDoes() throws Exception {
        for (V2Client client : List.of(theirs, ours)) {
            client.put("/dir/in/file", "value=1");
            client.put("/file", "value=x&ttl=2");
        }
        V2Client.Wait[] waits = new V2Client.Wait[6];
        int next = 0;
        for (V2Client client : List.of(theirs, ours)) {
            waits[next++] = client.await("/file?wait=true");
            waits[next++] = client.await("/dir/in/file?wait=true");
            client.put("/dir?prevExist=true", "ttl=3");
            waits[next++] = client.await("/dir?wait=true&recursive=true");
        }
        for (int i = 0; i < 3; i++) {
            JsonObject their = event(waits[i]);
            JsonObject our = event(waits[3 + i]);
            assertThat(our.get("action").getAsString()).isEqualTo("expire");
            assertThat(shape(our)).isEqualTo(shape(their));
        }
        for (V2Client client : List.of(theirs, ours)) {
            assertThat(client.get("/dir/in/file").status()).isEqualTo(404);
            // What a directory has left behind does not come back with it.
            assertThat(client.put("/dir/other", "value=1").status()).isEqualTo(201);
            assertThat(client.get("/dir/in").status()).isEqualTo(404);
        }
    }

    private static JsonObject event(V2Client.Wait wait) throws Exception {
        return JsonParser.parseString(wait.body().get(30, TimeUnit.SECONDS)).getAsJsonObject();
    }

    private static String shape(JsonObject event) {
        return event.toString().replaceAll("\"\\d{4}-[^\"]*Z\"", "TIME").replaceAll("Index\":\\d+", "Index\":N");
    }
}
