package dev.cairn.it.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGetRequest;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spans of both servers for the same calls, as a collector gets them. */
class TracingTest {
    private static final String PARENT = "b7ad6b7169203331";
    private static final long LEASE = 777;

    /** A call, and how many spans it leaves. */
    private record Traced(int spans, Consumer<Channel> call) {}

    /** By the trace that the client says the call belongs to. */
    private static Map<String, Traced> calls() {
        Map<String, Traced> calls = new LinkedHashMap<>();
        add(calls, 2, channel -> kv(channel).put(put("a", "1").build()));
        add(
                calls,
                2,
                channel -> kv(channel)
                        .range(RangeRequest.newBuilder()
                                .setKey(bytes("a"))
                                .setRangeEnd(bytes("b"))
                                .setLimit(7)
                                .setCountOnly(true)
                                .build()));
        add(
                calls,
                2,
                channel -> kv(channel)
                        .rangeStream(
                                RangeRequest.newBuilder().setKey(bytes("a")).build())
                        .forEachRemaining(response -> {}));
        add(
                calls,
                2,
                channel -> kv(channel)
                        .txn(TxnRequest.newBuilder()
                                .addCompare(Compare.newBuilder().setKey(bytes("a")))
                                .addSuccess(RequestOp.newBuilder().setRequestPut(put("c", "1")))
                                .addFailure(RequestOp.newBuilder()
                                        .setRequestRange(
                                                RangeRequest.newBuilder().setKey(bytes("d"))))
                                .build()));
        add(
                calls,
                2,
                channel -> kv(channel)
                        .txn(TxnRequest.newBuilder()
                                .addSuccess(RequestOp.newBuilder()
                                        .setRequestRange(
                                                RangeRequest.newBuilder().setKey(bytes("d"))))
                                .build()));
        add(
                calls,
                2,
                channel -> kv(channel)
                        .deleteRange(DeleteRangeRequest.newBuilder()
                                .setKey(bytes("a"))
                                .build()));
        add(
                calls,
                2,
                channel -> kv(channel)
                        .compact(CompactionRequest.newBuilder().setRevision(2).build()));
        add(
                calls,
                2,
                channel -> lease(channel)
                        .leaseGrant(LeaseGrantRequest.newBuilder()
                                .setID(LEASE)
                                .setTTL(500)
                                .build()));
        add(calls, 2, TracingTest::renew);
        add(
                calls,
                2,
                channel -> lease(channel)
                        .leaseRevoke(
                                LeaseRevokeRequest.newBuilder().setID(LEASE).build()));
        add(calls, 3, TracingTest::watch);
        add(calls, 1, channel -> MaintenanceGrpc.newBlockingStub(channel).status(StatusRequest.getDefaultInstance()));
        add(
                calls,
                1,
                channel -> AuthGrpc.newBlockingStub(channel)
                        .userAdd(AuthUserAddRequest.newBuilder()
                                .setName("u")
                                .setPassword("p")
                                .build()));
        // What fails: by its form, when it is applied, when it is read.
        add(calls, 1, refused(channel -> kv(channel).put(PutRequest.getDefaultInstance())));
        add(
                calls,
                2,
                refused(channel -> kv(channel).put(put("a", "1").setLease(1).build())));
        add(
                calls,
                2,
                refused(channel -> kv(channel)
                        .range(RangeRequest.newBuilder()
                                .setKey(bytes("a"))
                                .setRevision(1000)
                                .build())));
        add(
                calls,
                2,
                refused(channel -> lease(channel)
                        .leaseRevoke(LeaseRevokeRequest.newBuilder().setID(1).build())));
        add(
                calls,
                1,
                refused(channel -> AuthGrpc.newBlockingStub(channel)
                        .userGet(AuthUserGetRequest.newBuilder()
                                .setName("nobody")
                                .build())));
        return calls;
    }

    private static void add(Map<String, Traced> calls, int spans, Consumer<Channel> call) {
        calls.put(String.format("0af7651916cd43dd8448eb211c80%04x", calls.size() + 1), new Traced(spans, call));
    }

    @Test
    void shouldSendTheSpansThatEtcdSends(@TempDir Path directory) {
        try (Collector real = new Collector();
                Collector ours = new Collector()) {
            makeCalls(Programs.real("etcd"), directory.resolve("real"), real);
            makeCalls(Programs.ours(), directory.resolve("ours"), ours);
            SoftAssertions all = new SoftAssertions();
            calls().forEach((trace, call) -> {
                List<Collector.Seen> expected = real.await(trace, call.spans());
                List<Collector.Seen> actual = ours.await(trace, call.spans());
                all.assertThat(texts(actual)).isEqualTo(texts(expected));
                all.assertThat(shape(actual)).isEqualTo(shape(expected));
            });
            all.assertAll();
            // Nobody has asked for any other call to be sampled.
            assertThat(ours.all()).allMatch(each -> calls().containsKey(each.trace()));
            assertThat(ours.all().get(0).resource())
                    .isEqualTo(real.all().get(0).resource())
                    .containsEntry("service.name", "\"cluster\"")
                    .containsEntry("service.instance.id", "\"one\"");
        }
    }

    @Test
    void shouldTraceEveryCallWhenAskedToTheGatewaysToo(@TempDir Path directory) {
        try (Collector real = new Collector();
                Collector ours = new Collector()) {
            List<String> expected = gatewaySpans(Programs.real("etcd"), directory.resolve("real"), real);
            List<String> actual = gatewaySpans(Programs.ours(), directory.resolve("ours"), ours);
            assertThat(actual).isEqualTo(expected).isNotEmpty();
        }
    }

    /** The spans of one put through the gateway, of a server that traces everything. */
    private static List<String> gatewaySpans(Path server, Path directory, Collector collector) {
        try (ServerProcess process = ServerProcess.start(
                server,
                directory,
                "--enable-distributed-tracing",
                "--distributed-tracing-address=" + collector.address(),
                "--distributed-tracing-sampling-rate=1000000")) {
            Scrape.post(process.clientUrl() + "/v3/kv/put", "{\"key\":\"YQ==\",\"value\":\"MQ==\"}");
            await("spans of the gateway")
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> collector.all().stream()
                            .anyMatch(each -> each.span().getName().equals("etcdserverpb.KV/Put")));
            Collector.Seen put = collector.all().stream()
                    .filter(each -> each.span().getName().equals("etcdserverpb.KV/Put"))
                    .findFirst()
                    .orElseThrow();
            return texts(collector.await(put.trace(), 2));
        }
    }

    @Test
    void shouldServeAsEverWithoutACollector(@TempDir Path directory) {
        // Goal: a collector that is gone slows nobody. Method: far more spans than the queue holds, each call in its
        // usual time.
        String address;
        try (Collector gone = new Collector()) {
            address = gone.address();
        }
        try (ServerProcess server = ServerProcess.start(
                Programs.ours(),
                directory,
                "--enable-distributed-tracing",
                "--distributed-tracing-address=" + address,
                "--distributed-tracing-sampling-rate=1000000")) {
            ManagedChannel channel = NettyChannelBuilder.forTarget(server.target())
                    .usePlaintext()
                    .build();
            try {
                for (int i = 0; i < 5000; i++) {
                    var ignored = KVGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(2, TimeUnit.SECONDS)
                            .range(RangeRequest.newBuilder()
                                    .setKey(bytes("a"))
                                    .setSerializable(true)
                                    .build());
                }
            } finally {
                channel.shutdownNow();
            }
            long begun = System.nanoTime();
            server.terminate(Duration.ofSeconds(30));
            assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun))
                    .isLessThan(15);
        }
    }

    @Test
    void shouldLoadNothingWhileItIsOff(@TempDir Path directory) {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory)) {
            String jcmd =
                    Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
            String classes = Command.run(
                            List.of(jcmd, Long.toString(server.pid()), "VM.class_hierarchy"), Duration.ofSeconds(60))
                    .success();
            assertThat(classes).contains("dev.cairn.server.EtcdServer").doesNotContain("io.opentelemetry");
        }
    }

    private static void makeCalls(Path server, Path directory, Collector collector) {
        try (ServerProcess process = ServerProcess.start(
                server,
                directory,
                "--enable-distributed-tracing",
                "--distributed-tracing-address=" + collector.address(),
                "--distributed-tracing-service-name=cluster",
                "--distributed-tracing-instance-id=one")) {
            ManagedChannel channel = NettyChannelBuilder.forTarget(process.target())
                    .usePlaintext()
                    .build();
            try {
                calls().forEach((trace, call) -> call.call().accept(within(channel, trace)));
                // Not sampled: by the client's word, and by the default.
                var ignored = kv(within(channel, "0af7651916cd43dd8448eb211c80ffff", "00"))
                        .put(put("x", "1").build());
                ignored = kv(channel).put(put("x", "2").build());
            } finally {
                channel.shutdownNow();
            }
            calls().forEach((trace, call) -> collector.await(trace, call.spans()));
        }
    }

    private static Channel within(Channel channel, String trace) {
        return within(channel, trace, "01");
    }

    private static Channel within(Channel channel, String trace, String flags) {
        Metadata metadata = new Metadata();
        metadata.put(
                Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
                "00-" + trace + "-" + PARENT + "-" + flags);
        ClientInterceptor attach = MetadataUtils.newAttachHeadersInterceptor(metadata);
        return ClientInterceptors.intercept(channel, attach);
    }

    private static List<String> texts(List<Collector.Seen> spans) {
        return spans.stream()
                .map(each -> each.text().replaceAll("server.port=\\d+", "server.port=*"))
                .toList();
    }

    /** Which span hangs on which: the place of the parent among the spans, or the client's. */
    private static List<String> shape(List<Collector.Seen> spans) {
        List<ByteString> ids =
                spans.stream().map(each -> each.span().getSpanId()).toList();
        return spans.stream()
                .map(each -> each.span().getParentSpanId())
                .map(parent -> Collector.hex(parent).equals(PARENT) ? "client" : "" + ids.indexOf(parent))
                .toList();
    }

    private static Consumer<Channel> refused(Consumer<Channel> call) {
        return channel -> {
            try {
                call.accept(channel);
            } catch (StatusRuntimeException e) {
                return;
            }
            throw new AssertionError("was not refused");
        };
    }

    private static void renew(Channel channel) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        CompletableFuture<Void> renewed = new CompletableFuture<>();
        StreamObserver<LeaseKeepAliveRequest> requests = LeaseGrpc.newStub(channel)
                .leaseKeepAlive(new StreamObserver<>() {
                    @Override
                    public void onNext(LeaseKeepAliveResponse response) {
                        renewed.complete(null);
                    }

                    @Override
                    public void onError(Throwable cause) {
                        ended.completeExceptionally(cause);
                        renewed.completeExceptionally(cause);
                    }

                    @Override
                    public void onCompleted() {
                        ended.complete(null);
                    }
                });
        requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(LEASE).build());
        renewed.orTimeout(20, TimeUnit.SECONDS).join();
        requests.onCompleted();
        ended.orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** Two watchers, one of which is canceled before the stream is, and one that cannot be made. */
    private static void watch(Channel channel) {
        Watching watching = new Watching();
        StreamObserver<WatchRequest> requests = WatchGrpc.newStub(channel).watch(watching);
        requests.onNext(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(bytes("w"))
                        .setRangeEnd(bytes("\0"))
                        .setPrevKv(true))
                .build());
        requests.onNext(WatchRequest.newBuilder()
                .setCreateRequest(
                        WatchCreateRequest.newBuilder().setKey(bytes("x")).setRangeEnd(bytes("b")))
                .build());
        requests.onNext(WatchRequest.newBuilder()
                .setCreateRequest(
                        WatchCreateRequest.newBuilder().setKey(bytes("v")).setProgressNotify(true))
                .build());
        watching.await(3);
        requests.onNext(WatchRequest.newBuilder()
                .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(0))
                .build());
        watching.await(4);
        requests.onError(new RuntimeException("enough"));
    }

    private static final class Watching implements StreamObserver<WatchResponse> {
        private int count;

        @Override
        public synchronized void onNext(WatchResponse response) {
            count++;
            notifyAll();
        }

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {}

        synchronized void await(int wanted) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            try {
                while (count < wanted && System.nanoTime() < deadline) {
                    wait(100);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            assertThat(count).isGreaterThanOrEqualTo(wanted);
        }
    }

    private static KVGrpc.KVBlockingStub kv(Channel channel) {
        return KVGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static LeaseGrpc.LeaseBlockingStub lease(Channel channel) {
        return LeaseGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static PutRequest.Builder put(String key, String value) {
        return PutRequest.newBuilder().setKey(bytes(key)).setValue(bytes(value));
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
