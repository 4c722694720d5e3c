package dev.cairn.it.v2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.cluster.Group;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three members of ours that serve v2. */
@Tag("cluster")
@Timeout(300)
class KeysClusterTest {
    private static final int CLIENTS = 9;
    private static final int ROUNDS = 40;

    @TempDir
    Path directory;

    private Group three() {
        return Group.found(directory, List.of(), Group.ours(), Group.ours(), Group.ours());
    }

    private static V2Client client(Group group, int member) {
        return new V2Client(group.member(member).clientUrl());
    }

    private interface Work {
        void run(V2Client client, int number);
    }

    private static void byMany(Group group, Work work) throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                int number = i;
                all.add(clients.submit(() -> work.run(client(group, number % 3), number)));
            }
            for (Future<?> one : all) {
                one.get(200, TimeUnit.SECONDS);
            }
        } finally {
            clients.shutdownNow();
        }
    }

    private static JsonObject node(V2Client.Answer answer) {
        return JsonParser.parseString(answer.body()).getAsJsonObject().getAsJsonObject("node");
    }

    @Test
    void shouldCountExactlyHoweverManyCompareAndSwap() throws Exception {
        try (Group group = three()) {
            group.ctlUntilDone(0, "put", "ready", "1");
            assertThat(client(group, 0).put("/counter", "value=0").status()).isEqualTo(201);
            byMany(group, (client, number) -> {
                for (int done = 0; done < ROUNDS; ) {
                    JsonObject now = node(client.get("/counter?quorum=" + (number % 2 == 0)));
                    if (now == null) {
                        // This member has not applied the first write yet.
                        continue;
                    }
                    int value = now.get("value").getAsInt();
                    // By value or by index, in turn: the values never come back.
                    String condition = done % 2 == 0
                            ? "prevValue=" + value
                            : "prevIndex=" + now.get("modifiedIndex").getAsLong();
                    V2Client.Answer answer = client.put("/counter?" + condition, "value=" + (value + 1));
                    assertThat(answer.status()).as(answer.body()).isIn(200, 412);
                    done += answer.status() == 200 ? 1 : 0;
                }
            });
            assertThat(node(client(group, 0).get("/counter?quorum=true"))
                            .get("value")
                            .getAsInt())
                    .isEqualTo(CLIENTS * ROUNDS);
        }
    }

    @Test
    void shouldGiveEveryoneAnotherNameInOrder() throws Exception {
        try (Group group = three()) {
            group.ctlUntilDone(0, "put", "ready", "1");
            byMany(group, (client, number) -> {
                long last = 0;
                for (int i = 0; i < ROUNDS / 2; i++) {
                    V2Client.Answer answer = client.send("POST", "/queue", "value=" + number);
                    assertThat(answer.status()).as(answer.body()).isEqualTo(201);
                    String key = node(answer).get("key").getAsString();
                    long name = Long.parseLong(key.substring("/queue/".length()));
                    assertThat(name).isGreaterThan(last);
                    last = name;
                }
            });
            JsonObject queue = node(client(group, 1).get("/queue?quorum=true&sorted=true"));
            assertThat(queue.getAsJsonArray("nodes")).hasSize(CLIENTS * (ROUNDS / 2));
            long created = 0;
            for (JsonElement one : queue.getAsJsonArray("nodes")) {
                long next = one.getAsJsonObject().get("createdIndex").getAsLong();
                assertThat(next).as("names rise as they were made").isGreaterThan(created);
                created = next;
            }
        }
    }

    @Test
    void shouldCreateOnceAndKeepNoDirectoryBesideAFile() throws Exception {
        try (Group group = three()) {
            group.ctlUntilDone(0, "put", "ready", "1");
            for (int round = 0; round < 10; round++) {
                String path = "/race" + round;
                List<Integer> files = java.util.Collections.synchronizedList(new ArrayList<>());
                List<Integer> trees = java.util.Collections.synchronizedList(new ArrayList<>());
                byMany(group, (client, number) -> {
                    // Some make it a file, some a directory.
                    boolean tree = number % 2 == 0;
                    V2Client.Answer answer =
                            client.put(path + (tree ? "/in" + number : "") + "?prevExist=false", "value=1");
                    if (answer.status() == 201) {
                        (tree ? trees : files).add(number);
                    }
                });
                assertThat(files.size() + (trees.isEmpty() ? 0 : 1))
                        .as("%s and %s", files, trees)
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void shouldTellAWaitThatBeganBeforeTheLeaderDied() throws Exception {
        try (Group group = three()) {
            group.ctlUntilDone(0, "put", "ready", "1");
            int leader = group.awaitLeader();
            int waiting = (leader + 1) % 3;
            int writing = (leader + 2) % 3;
            V2Client.Answer first = client(group, waiting).put("/watched/a", "value=1");
            V2Client.Wait next = client(group, waiting).await("/watched?wait=true&recursive=true");
            V2Client.Wait past =
                    client(group, waiting).await("/watched?wait=true&recursive=true&waitIndex=" + (first.index() + 1));
            group.member(leader).kill();
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            client(group, writing).put("/watched/b", "value=2").status() < 400);
            for (V2Client.Wait wait : List.of(next, past)) {
                JsonObject event = JsonParser.parseString(wait.body().get(60, TimeUnit.SECONDS))
                        .getAsJsonObject();
                assertThat(event.getAsJsonObject("node").get("key").getAsString())
                        .isEqualTo("/watched/b");
            }
        }
    }
}
