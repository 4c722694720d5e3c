package dev.cairn.it.v2.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Founders find each other through keys of the v2 API, of either make, whichever make keeps them. */
@Tag("cluster")
@Timeout(300)
class V2DiscoveryTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private final List<ServerProcess> running = new ArrayList<>();

    @AfterEach
    void stop() {
        running.forEach(ServerProcess::close);
    }

    private ServerProcess service(boolean ours) {
        Path place = directory.resolve("service");
        ServerProcess service = ours ? ServerProcess.start(Programs.ours(), place) : Etcd34Programs.start(place);
        running.add(service);
        assumeTrue(
                Exchange.of("GET", "/v2/keys/").send(service).statusCode() == 200,
                "Skipped: this server does not serve /v2/keys");
        return service;
    }

    /** The directory of a token, whose cluster is to have so many members. */
    private static String token(ServerProcess service, String layout, String size) {
        HttpResponse<String> put = Exchange.of("PUT", "/v2/keys/" + layout + "/_config/size")
                .withBody("value=" + size)
                .withContentType("application/x-www-form-urlencoded")
                .send(service);
        assertThat(put.statusCode()).as("%s", put.body()).isEqualTo(201);
        return service.clientUrl() + "/v2/keys/" + layout;
    }

    private ServerProcess founder(Path server, String name, String url, String... more) {
        List<String> flags = new ArrayList<>(List.of("--name=" + name, "--initial-cluster=", "--discovery=" + url));
        flags.addAll(List.of(more));
        if (!server.equals(Programs.ours())) {
            flags.add("--enable-v2");
        }
        ServerProcess founder = ServerProcess.prepare(server, directory.resolve(name))
                .reserve()
                .withFlags(flags.toArray(String[]::new));
        running.add(founder);
        return founder;
    }

    private static void startTogether(List<ServerProcess> founders) {
        founders.stream()
                .map(founder -> CompletableFuture.runAsync(founder::start))
                .toList()
                .forEach(CompletableFuture::join);
    }

    /** Names and peer URLs of the members that a server knows, by ID. */
    private static Map<String, String> members(ServerProcess server) {
        Map<String, String> members = new TreeMap<>();
        for (JsonElement member : JsonParser.parseString(
                        Exchange.of("GET", "/v2/members").send(server).body())
                .getAsJsonObject()
                .getAsJsonArray("members")) {
            members.put(
                    member.getAsJsonObject().get("id").getAsString(),
                    member.getAsJsonObject().get("name").getAsString() + "="
                            + member.getAsJsonObject()
                                    .getAsJsonArray("peerURLs")
                                    .get(0)
                                    .getAsString());
        }
        return members;
    }

    /** What has registered, by ID. */
    private static Map<String, String> registered(ServerProcess service, String layout) {
        Map<String, String> registered = new TreeMap<>();
        JsonArray nodes = JsonParser.parseString(
                        Exchange.of("GET", "/v2/keys/" + layout).send(service).body())
                .getAsJsonObject()
                .getAsJsonObject("node")
                .getAsJsonArray("nodes");
        // Without any there is no list.
        for (JsonElement node : nodes == null ? new JsonArray() : nodes) {
            String key = node.getAsJsonObject().get("key").getAsString();
            registered.put(
                    key.substring(key.lastIndexOf('/') + 1),
                    node.getAsJsonObject().get("value").getAsString());
        }
        return registered;
    }

    @ParameterizedTest
    @CsvSource({
        "false, true, _etcd/registry/one",
        "true, true, discovery/one",
        "true, false, _etcd/registry/one",
    })
    void shouldFoundACluster(boolean ourService, boolean ourFounders, String layout) {
        ServerProcess service = service(ourService);
        String url = token(service, layout, "3");
        Path program = ourFounders ? Programs.ours() : Etcd34Programs.etcd();
        List<ServerProcess> founders = new ArrayList<>();
        for (String name : List.of("m0", "m1", "m2")) {
            founders.add(founder(program, name, url));
        }
        startTogether(founders);

        Map<String, String> expected = registered(service, layout);
        assertThat(expected.values())
                .containsExactlyInAnyOrder(
                        "m0=" + founders.get(0).peerUrl(),
                        "m1=" + founders.get(1).peerUrl(),
                        "m2=" + founders.get(2).peerUrl());
        for (ServerProcess founder : founders) {
            founder.await("all members", LIMIT, () -> members(founder).equals(expected));
        }

        assertStatistics(founders, expected.keySet());

        // Who comes later is one too many.
        ServerProcess late = founder(program, "late", url, "--discovery-fallback=exit");
        assertThat(late.tryStart(LIMIT)).contains("exit code 1");
        if (ourFounders) {
            assertThat(late.logTail())
                    .contains("failed to join discovery cluster (discovery: cluster is full)")
                    .contains("failed to bootstrap; discovery token was already used")
                    .contains("do not reuse discovery token; generate a new one to bootstrap a cluster");
        }
        assertThat(registered(service, layout)).isEqualTo(expected);

        // One that has lost its data has registered already.
        founders.get(0).kill();
        founders.get(0).withoutData();
        assertThat(founders.get(0).tryStart(LIMIT)).contains("exit code 1");
        // A founder that has its data needs no service any more.
        service.kill();
        founders.get(1).kill();
        founders.get(1).start();
        assertThat(members(founders.get(1))).isEqualTo(expected);
    }

    /** The leader has timed both others; the others know who leads, and say that they do not. */
    private static void assertStatistics(List<ServerProcess> members, Set<String> ids) {
        String leader = "";
        for (ServerProcess member : members) {
            member.await("a leader", LIMIT, () -> !leader(member).isEmpty());
            leader = leader(member);
        }
        for (ServerProcess member : members) {
            JsonObject self = json(member, "/v2/stats/self");
            boolean leads = self.get("id").getAsString().equals(leader);
            assertThat(self.get("state").getAsString()).isEqualTo(leads ? "StateLeader" : "StateFollower");
            assertThat(self.get(leads ? "sendAppendRequestCnt" : "recvAppendRequestCnt")
                            .getAsLong())
                    .isPositive();
            if (!leads) {
                assertThat(Exchange.of("GET", "/v2/stats/leader").send(member).statusCode())
                        .isEqualTo(403);
                continue;
            }
            Set<String> followers = new TreeSet<>(ids);
            followers.remove(leader);
            JsonObject shown = json(member, "/v2/stats/leader").getAsJsonObject("followers");
            assertThat(shown.keySet()).isEqualTo(followers);
            for (String follower : followers) {
                JsonObject latency = shown.getAsJsonObject(follower).getAsJsonObject("latency");
                assertThat(shown.getAsJsonObject(follower)
                                .getAsJsonObject("counts")
                                .get("success")
                                .getAsLong())
                        .isPositive();
                assertThat(latency.get("minimum").getAsDouble())
                        .isPositive()
                        .isLessThanOrEqualTo(latency.get("average").getAsDouble());
                assertThat(latency.get("maximum").getAsDouble())
                        .isGreaterThanOrEqualTo(latency.get("average").getAsDouble());
            }
        }
    }

    private static String leader(ServerProcess member) {
        return json(member, "/v2/stats/self")
                .getAsJsonObject("leaderInfo")
                .get("leader")
                .getAsString();
    }

    private static JsonObject json(ServerProcess member, String path) {
        return JsonParser.parseString(Exchange.of("GET", path).send(member).body())
                .getAsJsonObject();
    }

    /** The same flags lead to the same ID, or founders of two makes would not agree on their cluster. */
    @Test
    void shouldRegisterUnderTheSameId() {
        ServerProcess service = service(false);
        String layout = "discovery/both";
        ServerProcess founder = founder(Programs.ours(), "m0", token(service, layout, "2"));
        CompletableFuture<String> end = CompletableFuture.supplyAsync(() -> String.valueOf(founder.tryStart(LIMIT)));
        service.await(
                "the founder's key", LIMIT, () -> registered(service, layout).size() == 1);
        founder.kill();
        assertThat(end.join()).contains("ended before it was ready");

        founder.withProgram(Etcd34Programs.etcd()).withoutData();
        assertThat(founder.tryStart(LIMIT)).contains("exit code 1");
        assertThat(founder.logTail()).contains("has previously registered with discovery service");
        assertThat(registered(service, layout)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "0", "-1"})
    void shouldRefuseABadSize(String size) {
        ServerProcess service = service(false);
        String url = token(service, "discovery/bad", size);
        ServerProcess founder = founder(Programs.ours(), "m0", url);
        assertThat(founder.tryStart(LIMIT)).contains("exit code 1");
        assertThat(founder.logTail()).contains("discovery: size key is bad");
    }
}
