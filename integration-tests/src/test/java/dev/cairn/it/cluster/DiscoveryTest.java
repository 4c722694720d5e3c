package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.ServerProcess;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Founders of both makes find each other through a token, whichever make keeps it. */
@Tag("cluster")
@Timeout(600)
class DiscoveryTest {
    private static final String REGISTRY = "/_etcd/registry/";

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldFoundOneClusterOfBothMakes(boolean ourService) {
        try (ServerProcess service =
                        ServerProcess.start(ourService ? Group.ours() : Group.real(), directory.resolve("service"));
                Group group = Group.found(directory)) {
            size(service, "one", "3");
            for (Path server : List.of(Group.real(), Group.ours(), Group.real())) {
                discover(group, group.prepare(server), service, "one");
            }
            group.start(0, 1, 2);
            group.ctlUntilDone(1, "put", "k", "v");
            assertThat(group.values(0, "k")).containsExactly("v");
            assertThat(group.ctlUntilDone(1, "member", "list").lines()).hasSize(3);
            group.awaitEqualStores();

            Map<String, String> expected = new TreeMap<>();
            for (int i = 0; i < 3; i++) {
                expected.put(
                        REGISTRY + "one/members/" + group.id(i),
                        "m" + i + "=" + group.member(i).peerUrl());
            }
            assertThat(pairs(service, REGISTRY + "one/members")).isEqualTo(expected);

            // Who comes later is one too many.
            for (Path server : List.of(Group.real(), Group.ours())) {
                int late = group.prepare(server);
                discover(group, late, service, "one");
                assertThat(group.member(late).tryStart(Group.LIMIT)).contains("exit code 1");
                assertThat(group.member(late).logTail())
                        .contains("failed to join discovery cluster (discovery: cluster is full)")
                        .contains("failed to bootstrap; discovery token was already used")
                        .contains("do not reuse discovery token; generate a new one to bootstrap a cluster");
            }
            assertThat(pairs(service, REGISTRY + "one/members")).isEqualTo(expected);

            // A founder needs no service any more.
            service.kill();
            group.member(1).kill();
            group.start(1);
            assertThat(group.member(1).logTail())
                    .contains("discovery token is ignored since cluster already initialized; valid logs are found");
            assertThat(group.values(1, "k")).containsExactly("v");
        }
    }

    @Test
    void shouldRefuseWhatEtcdRefuses() {
        try (ServerProcess service = ServerProcess.start(Group.real(), directory.resolve("service"));
                Group group = Group.found(directory)) {
            size(service, "bad", "x");
            size(service, "none", "0");
            for (Path server : List.of(Group.real(), Group.ours())) {
                int member = group.prepare(server);
                discover(group, member, service, "unknown");
                assertRefused(group, member, "(discovery: size key not found)");
                for (String token : List.of("bad", "none")) {
                    discover(group, member, service, token);
                    assertRefused(group, member, "(discovery: size key is bad)");
                }
                discover(group, member, service, "bad", "--initial-cluster-state=existing");
                assertRefused(group, member, "discovery URL should not be set when joining existing initial cluster");
                discover(group, member, service, "bad", "--discovery-cert=/nowhere");
                assertRefused(group, member, "KeyFile and CertFile must both be present[key: , cert: /nowhere]");
            }
            assertThat(pairs(service, REGISTRY + "bad/members")).isEmpty();
        }
    }

    @Test
    void shouldWaitForTheService() {
        try (ServerProcess service = ServerProcess.prepare(Group.ours(), directory.resolve("service"))
                        .reserve();
                Group group = Group.found(directory)) {
            int member = group.prepare(Group.ours());
            discover(group, member, service, "t", "--discovery-request-timeout=500ms");
            CompletableFuture<Void> starting = CompletableFuture.runAsync(() -> group.start(member));
            await().atMost(Group.LIMIT)
                    .until(() -> group.member(member).logTail().contains("retry connecting to discovery service"));
            service.start();
            // Without the size the next attempt would end for good, so the service must not be asked before.
            size(service, "t", "1");
            starting.join();
            group.ctlUntilDone(member, "put", "k", "v");
        }
    }

    @Test
    void shouldShowWhoItIs() {
        ServerProcess service = ServerProcess.prepare(Group.real(), directory.resolve("service"))
                .reserve();
        String url = "https://" + service.target();
        service.withFlags("--auto-tls", "--listen-client-urls=" + url, "--advertise-client-urls=" + url);
        try (service;
                Group group = Group.found(directory)) {
            service.start();
            secured(service, "put", REGISTRY + "s/_config/size", "2");
            secured(service, "user", "add", "root:pw");
            secured(service, "user", "grant-role", "root", "root");
            secured(service, "auth", "enable");
            for (Path server : List.of(Group.ours(), Group.real())) {
                discover(
                        group,
                        group.prepare(server),
                        service,
                        "s",
                        "--discovery-endpoints=" + url,
                        "--discovery-cacert=" + service.dataDirectory().resolve("fixtures/client/cert.pem"),
                        "--discovery-dial-timeout=30s",
                        "--discovery-user=root",
                        "--discovery-password=pw");
            }
            group.start(0, 1);
            group.ctlUntilDone(0, "put", "k", "v");
            group.awaitEqualStores();

            int stranger = group.prepare(Group.ours());
            discover(
                    group,
                    stranger,
                    service,
                    "s",
                    "--discovery-endpoints=" + url,
                    "--discovery-insecure-skip-tls-verify",
                    "--discovery-dial-timeout=30s",
                    "--discovery-user=root",
                    "--discovery-password=other");
            assertRefused(group, stranger, "authentication failed, invalid user ID or password");
        }
    }

    @Test
    void shouldNotFoundAClusterWithoutItself() {
        try (ServerProcess service = ServerProcess.start(Group.ours(), directory.resolve("service"));
                Group group = Group.found(directory)) {
            size(service, "t", "2");
            List<CompletableFuture<String>> ends = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                int member = group.prepare(Group.ours());
                discover(group, member, service, "t", "--name=same");
                ends.add(
                        CompletableFuture.supplyAsync(() -> group.member(member).tryStart(Group.LIMIT)));
            }
            for (int i = 0; i < 2; i++) {
                assertThat(ends.get(i).join()).contains("exit code 1");
                assertThat(group.member(i).logTail()).contains("every founder needs a --name of its own");
            }
        }
    }

    private static void discover(Group group, int member, ServerProcess service, String token, String... more) {
        List<String> flags = new ArrayList<>(List.of(
                "--name=m" + member,
                "--initial-cluster=",
                "--discovery-token=" + token,
                "--discovery-endpoints=" + service.target()));
        flags.addAll(List.of(more));
        group.member(member).withFlags(flags.toArray(String[]::new));
    }

    private static void assertRefused(Group group, int member, String reason) {
        assertThat(group.member(member).tryStart(Group.LIMIT)).contains("exit code 1");
        assertThat(group.member(member).logTail()).contains(reason);
    }

    private static void size(ServerProcess service, String token, String size) {
        Command.run(Command.etcdctl(service, "put", REGISTRY + token + "/_config/size", size), Group.LIMIT)
                .success();
    }

    private static void secured(ServerProcess service, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--insecure-transport=false", "--insecure-skip-tls-verify"));
        all.addAll(Arrays.asList(arguments));
        Command.run(Command.etcdctl(service, all.toArray(String[]::new)), Duration.ofSeconds(60))
                .success();
    }

    private static Map<String, String> pairs(ServerProcess service, String prefix) {
        JsonObject answer = JsonParser.parseString(
                        Command.run(Command.etcdctl(service, "get", "--prefix", prefix, "-w", "json"), Group.LIMIT)
                                .success())
                .getAsJsonObject();
        Map<String, String> pairs = new TreeMap<>();
        if (answer.has("kvs")) {
            for (JsonElement pair : answer.getAsJsonArray("kvs")) {
                pairs.put(
                        text(pair.getAsJsonObject().get("key")),
                        text(pair.getAsJsonObject().get("value")));
            }
        }
        return pairs;
    }

    private static String text(JsonElement encoded) {
        return new String(Base64.getDecoder().decode(encoded.getAsString()), StandardCharsets.UTF_8);
    }
}
