package dev.cairn.it.proxy;

import static dev.cairn.it.proxy.Wires.bytes;
import static dev.cairn.it.proxy.Wires.put;
import static dev.cairn.it.proxy.Wires.range;
import static dev.cairn.it.proxy.Wires.serializable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.testing.Ports;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What our gRPC proxy does beyond passing calls on, before our own server. */
@Timeout(180)
class GrpcProxyTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private ServerProcess server;
    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeEach
    void startServer() {
        server = ServerProcess.start(Programs.ours(), directory);
    }

    @AfterEach
    void stopAll() throws Exception {
        for (AutoCloseable open : opened) {
            open.close();
        }
        server.close();
    }

    private ProxyProcess proxy(String... flags) {
        int port = Ports.next();
        List<String> all =
                new ArrayList<>(List.of("--endpoints=" + server.target(), "--advertise-client-url=127.0.0.1:" + port));
        all.addAll(List.of(flags));
        ProxyProcess proxy =
                ProxyProcess.start(Programs.ours(), "grpc-proxy", directory, port, all.toArray(String[]::new));
        opened.add(0, proxy);
        return proxy;
    }

    private ManagedChannel connect(String target) {
        ManagedChannel channel = Wires.connect(target);
        opened.add(0, channel::shutdownNow);
        return channel;
    }

    private static HttpResponse<String> get(String target, String path) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://" + target + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    private static double metric(String target, String path, String name) {
        try {
            Matcher line = Pattern.compile("(?m)^" + name + " (.*)$")
                    .matcher(get(target, path).body());
            return line.find() ? Double.parseDouble(line.group(1)) : Double.NaN;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldAnswerFromMemoryUntilAWriteGoesThrough() {
        ProxyProcess proxy = proxy();
        KVGrpc.KVBlockingStub through = KVGrpc.newBlockingStub(connect(proxy.target()));
        KVGrpc.KVBlockingStub past = KVGrpc.newBlockingStub(connect(server.target()));
        through.put(put("a", "1"));
        through.range(range("a"));

        past.put(put("a", "2"));
        assertThat(through.range(serializable("a")).getKvs(0).getValue().toStringUtf8())
                .as("a write that did not go through the proxy is not noticed")
                .isEqualTo("1");
        assertThat(through.range(range("a")).getKvs(0).getValue().toStringUtf8())
                .isEqualTo("2");
        through.put(put("a", "3"));
        assertThat(through.range(serializable("a")).getKvs(0).getValue().toStringUtf8())
                .isEqualTo("3");
        assertThat(metric(proxy.target(), "/proxy/metrics", "etcd_grpc_proxy_cache_hits_total"))
                .isEqualTo(1);
    }

    @Test
    void shouldShareOneWatchAmongMany() throws InterruptedException {
        ProxyProcess proxy = proxy();
        ManagedChannel channel = connect(proxy.target());
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(channel);
        List<Wires.Watching> streams = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Wires.Watching stream = new Wires.Watching(channel);
            opened.add(0, stream);
            streams.add(stream);
            for (int j = 0; j < 4; j++) {
                stream.create(WatchCreateRequest.newBuilder().setKey(bytes("w")).setPrevKv(j == 0));
                assertThat(stream.next().getCreated()).isTrue();
            }
        }
        long revision = kv.put(put("w", "1")).getHeader().getRevision();

        for (Wires.Watching stream : streams) {
            for (int j = 0; j < 4; j++) {
                WatchResponse response = stream.next();
                assertThat(response.getHeader().getRevision()).isEqualTo(revision);
                assertThat(response.getEvents(0).getKv().getValue().toStringUtf8())
                        .isEqualTo("1");
            }
        }
        assertThat(metric(proxy.target(), "/proxy/metrics", "etcd_grpc_proxy_watchers_coalescing_total"))
                .isEqualTo(19);
        assertThat(metric(proxy.target(), "/proxy/metrics", "etcd_grpc_proxy_events_coalescing_total"))
                .isEqualTo(19);
        // The other one waits for the loss of the leader.
        assertThat(metric(server.target(), "/metrics", "etcd_debugging_mvcc_watcher_total"))
                .isEqualTo(2);
    }

    @Test
    void shouldJoinWatchersFromThePastToTheOthersWhenTheyHaveCaughtUp() throws InterruptedException {
        ProxyProcess proxy = proxy();
        ManagedChannel channel = connect(proxy.target());
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(channel);
        long first = kv.put(put("w", "1")).getHeader().getRevision();
        kv.put(put("w", "2"));
        Wires.Watching stream = new Wires.Watching(channel);
        opened.add(0, stream);
        stream.create(WatchCreateRequest.newBuilder().setKey(bytes("w")));
        assertThat(stream.next().getCreated()).isTrue();
        stream.create(WatchCreateRequest.newBuilder().setKey(bytes("w")).setStartRevision(first));
        assertThat(stream.next().getCreated()).isTrue();
        WatchResponse past = stream.next();
        assertThat(past.getWatchId()).isEqualTo(1);
        assertThat(past.getEventsCount()).isEqualTo(2);

        for (int value = 3; value < 6; value++) {
            kv.put(put("w", "" + value));
            List<String> seen = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                WatchResponse response = stream.next();
                seen.add(response.getWatchId() + "="
                        + response.getEvents(0).getKv().getValue().toStringUtf8() + " of " + response.getEventsCount());
            }
            assertThat(seen).containsExactlyInAnyOrder("0=" + value + " of 1", "1=" + value + " of 1");
        }
        await().atMost(LIMIT)
                .until(() -> metric(server.target(), "/metrics", "etcd_debugging_mvcc_watcher_total") == 2);
    }

    @Test
    void shouldGoOnWatchingOverARestartOfTheServer() throws InterruptedException {
        ProxyProcess proxy = proxy();
        ManagedChannel channel = connect(proxy.target());
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(channel);
        Wires.Watching stream = new Wires.Watching(channel);
        opened.add(0, stream);
        stream.create(WatchCreateRequest.newBuilder().setKey(bytes("w")));
        assertThat(stream.next().getCreated()).isTrue();
        kv.put(put("w", "1"));
        assertThat(stream.next().getEventsCount()).isEqualTo(1);

        server.kill();
        server.start();
        await().atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> kv.put(put("w", "2")).hasHeader());
        WatchResponse response = stream.next();
        assertThat(response.getEvents(0).getKv().getValue().toStringUtf8()).isEqualTo("2");
    }

    @Test
    void shouldTellASlowClientEverythingInTheEnd() throws InterruptedException {
        int revisions = 3_000;
        ByteString value = ByteString.copyFrom(new byte[20_000]);
        ProxyProcess proxy = proxy();
        ManagedChannel channel = connect(proxy.target());
        Wires.Watching slow = new Wires.Watching(channel);
        opened.add(0, slow);
        slow.create(WatchCreateRequest.newBuilder().setKey(bytes("w")));
        assertThat(slow.next().getCreated()).isTrue();
        Wires.Watching quick = new Wires.Watching(connect(proxy.target()));
        opened.add(0, quick);
        quick.create(WatchCreateRequest.newBuilder().setKey(bytes("w")));
        assertThat(quick.next().getCreated()).isTrue();

        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(connect(server.target()));
        long last = 0;
        for (int i = 0; i < revisions; i++) {
            last = kv.put(PutRequest.newBuilder()
                            .setKey(bytes("w"))
                            .setValue(value)
                            .build())
                    .getHeader()
                    .getRevision();
            assertThat(quick.next().getEventsCount())
                    .as("the other is not held up")
                    .isPositive();
        }
        long next = last - revisions + 1;
        while (next <= last) {
            for (Event event : slow.next().getEventsList()) {
                assertThat(event.getKv().getModRevision()).isEqualTo(next++);
            }
        }
    }

    @Test
    void shouldReachTheMembersPastOneThatIsAway() {
        int nobody = Ports.next();
        ProxyProcess proxy = proxy("--endpoints=127.0.0.1:" + nobody);
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(connect(proxy.target()));

        for (int i = 0; i < 20; i++) {
            assertThat(kv.put(put("a", "" + i)).hasHeader()).isTrue();
        }
    }

    @Test
    void shouldKeepALeaseAliveForManyAtOnce() throws InterruptedException {
        ProxyProcess proxy = proxy();
        ManagedChannel channel = connect(proxy.target());
        LeaseGrpc.LeaseBlockingStub leases = LeaseGrpc.newBlockingStub(channel);
        leases.leaseGrant(LeaseGrantRequest.newBuilder().setID(9).setTTL(100).build());
        BlockingQueue<LeaseKeepAliveResponse> came = new LinkedBlockingQueue<>();
        for (int i = 0; i < 3; i++) {
            StreamObserver<LeaseKeepAliveRequest> stream = LeaseGrpc.newStub(channel)
                    .leaseKeepAlive(new StreamObserver<>() {
                        @Override
                        public void onNext(LeaseKeepAliveResponse response) {
                            came.add(response);
                        }

                        @Override
                        public void onError(Throwable error) {
                            // The stream ends with the test.
                        }

                        @Override
                        public void onCompleted() {
                            // As above.
                        }
                    });
            for (int j = 0; j < 100; j++) {
                stream.onNext(LeaseKeepAliveRequest.newBuilder().setID(9).build());
            }
            stream.onNext(LeaseKeepAliveRequest.newBuilder().setID(10).build());
            stream.onCompleted();
        }
        int alive = 0;
        int gone = 0;
        for (int i = 0; i < 303; i++) {
            LeaseKeepAliveResponse response = came.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(response).isNotNull();
            if (response.getID() == 9 && response.getTTL() == 100) {
                alive++;
            } else if (response.getID() == 10 && response.getTTL() == 0) {
                gone++;
            }
        }
        assertThat(alive).isEqualTo(300);
        assertThat(gone).isEqualTo(3);
        String counted =
                "grpc_server_started_total\\{grpc_method=\"LeaseKeepAlive\",grpc_service=\"etcdserverpb.Lease\","
                        + "grpc_type=\"bidi_stream\"\\}";
        assertThat(metric(server.target(), "/metrics", counted))
                .as("renewals that the member saw")
                .isBetween(2.0, 250.0);
        assertThat(leases.leaseTimeToLive(
                                LeaseTimeToLiveRequest.newBuilder().setID(9).build())
                        .getTTL())
                .isPositive();
    }

    @Test
    void shouldKeepNamespacesApart() {
        ProxyProcess one = proxy("--namespace=one/");
        ProxyProcess two = proxy("--namespace=two/");
        assertThat(one.etcdctl("put", "a", "1").success()).isEqualTo("OK\n");
        assertThat(two.etcdctl("put", "a", "2").success()).isEqualTo("OK\n");

        assertThat(one.etcdctl("get", "", "--from-key").success()).isEqualTo("a\n1\n");
        assertThat(two.etcdctl("del", "a", "--prev-kv").success()).isEqualTo("1\na\n2\n");
        assertThat(KVGrpc.newBlockingStub(connect(server.target()))
                        .range(range("one/a"))
                        .getKvs(0)
                        .getValue()
                        .toStringUtf8())
                .isEqualTo("1");
    }

    @Test
    void shouldShowMembersWhoCalls() {
        ProxyProcess proxy = proxy();
        for (String line : List.of(
                "user add root:root",
                "user add u:u",
                "role add r",
                "role grant-permission r readwrite a",
                "user grant-role root root",
                "user grant-role u r",
                "auth enable")) {
            proxy.etcdctl(line.split(" ")).success();
        }
        assertThat(proxy.etcdctl("--user=u:u", "put", "a", "1").success()).isEqualTo("OK\n");
        assertThat(proxy.etcdctl("--user=root:root", "put", "b", "1").success()).isEqualTo("OK\n");
        assertThat(proxy.etcdctl("--user=u:u", "get", "a", "--consistency=s").success())
                .isEqualTo("a\n1\n");
        assertThat(proxy.etcdctl("--user=root:root", "get", "b", "--consistency=s")
                        .success())
                .isEqualTo("b\n1\n");

        assertThat(proxy.etcdctl("get", "a", "--consistency=s").err()).contains("user name is empty");
        assertThat(proxy.etcdctl("--user=u:u", "get", "b", "--consistency=s").err())
                .contains("permission denied");
        assertThat(proxy.etcdctl("--user=u:u", "watch", "b").err()).contains("permission denied");
        assertThat(proxy.etcdctl("--user=u:u", "put", "b", "2").err()).contains("permission denied");
    }

    @Test
    void shouldFindOtherProxies() {
        ProxyProcess one = proxy("--resolver-prefix=___grpc_proxy", "--resolver-ttl=3");
        ProxyProcess two = proxy("--resolver-prefix=___grpc_proxy", "--resolver-ttl=3");
        ClusterGrpc.ClusterBlockingStub cluster = ClusterGrpc.newBlockingStub(connect(one.target()));

        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(
                                cluster.memberList(MemberListRequest.getDefaultInstance()).getMembersList().stream()
                                        .map(member -> member.getClientURLs(0)))
                        .containsExactlyInAnyOrder(one.target(), two.target()));
        two.close();
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(
                                cluster.memberList(MemberListRequest.getDefaultInstance()).getMembersList().stream()
                                        .map(member -> member.getClientURLs(0)))
                        .containsExactly(one.target()));
    }

    @Test
    void shouldTellItsHealth() throws Exception {
        int metricsPort = Ports.next();
        ProxyProcess proxy = proxy("--metrics-addr=http://127.0.0.1:" + metricsPort, "--enable-pprof", "--debug");
        for (String target : List.of(proxy.target(), "127.0.0.1:" + metricsPort)) {
            assertThat(get(target, "/health").body()).isEqualTo("{\"health\":\"true\",\"reason\":\"\"}");
            assertThat(get(target, "/proxy/health").body()).isEqualTo("{\"health\":\"true\",\"reason\":\"\"}");
            assertThat(get(target, "/metrics").body()).contains("etcd_server_has_leader 1");
            assertThat(get(target, "/proxy/metrics").body()).contains("etcd_grpc_proxy_cache_keys_total");
        }
        assertThat(get(proxy.target(), "/nothing").statusCode()).isEqualTo(404);
        assertThat(get(proxy.target(), "/debug/pprof/").statusCode()).isEqualTo(200);

        server.kill();
        await().atMost(LIMIT).until(() -> get(proxy.target(), "/health").statusCode() == 503);
        HttpResponse<String> sick = get(proxy.target(), "/health");
        assertThat(sick.body()).startsWith("{\"health\":\"false\",\"reason\":\"GET ERROR:");
        assertThat(get(proxy.target(), "/metrics").statusCode()).isEqualTo(500);
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(connect(proxy.target()))
                .withDeadlineAfter(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        assertThatThrownBy(() -> kv.put(put("a", "1"))).isInstanceOf(StatusRuntimeException.class);
    }
}
