package dev.cairn.it.proxy;

import static dev.cairn.it.proxy.Wires.bytes;
import static dev.cairn.it.proxy.Wires.put;
import static dev.cairn.it.proxy.Wires.serializable;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGetRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserListRequest;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.MoveLeaderRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3electionpb.LeaderRequest;
import dev.cairn.proto.v3lockpb.LockGrpc;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.testing.Ports;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same calls through our proxy and through etcd's, each before a real etcd of its own. What is answered must be the same but for the
 * identities of cluster and members; of errors the text, because etcd's proxy turns the codes of most into Unknown.
 */
@Tag("oracle")
@Timeout(180)
class GrpcProxyCallsTest {
    private static final long LEASE = 77;

    @TempDir
    Path directory;

    private record Step(MethodDescriptor<?, ?> method, Message request) {}

    private static RequestOp range(RequestOp.Builder operation, String key) {
        return operation.setRequestRange(Wires.range(key)).build();
    }

    private static List<Step> calls() {
        List<Step> steps = new ArrayList<>();
        steps.add(new Step(KVGrpc.getPutMethod(), put("a", "1")));
        steps.add(new Step(KVGrpc.getPutMethod(), put("b", "2")));
        steps.add(new Step(KVGrpc.getRangeMethod(), Wires.range("a")));
        steps.add(new Step(KVGrpc.getRangeMethod(), serializable("a")));
        steps.add(new Step(KVGrpc.getRangeMethod(), serializable("a")));
        steps.add(new Step(
                KVGrpc.getPutMethod(), put("a", "3").toBuilder().setPrevKv(true).build()));
        steps.add(new Step(KVGrpc.getRangeMethod(), serializable("a")));
        steps.add(new Step(
                KVGrpc.getRangeMethod(),
                serializable("a").toBuilder().setRangeEnd(bytes("z")).build()));
        steps.add(new Step(KVGrpc.getPutMethod(), put("c", "4")));
        steps.add(new Step(
                KVGrpc.getRangeMethod(),
                serializable("a").toBuilder().setRangeEnd(bytes("z")).build()));
        steps.add(new Step(
                KVGrpc.getRangeMethod(),
                Wires.range("a").toBuilder().setRevision(2).build()));
        steps.add(new Step(
                KVGrpc.getRangeMethod(),
                Wires.range("a").toBuilder().setRevision(99).build()));
        steps.add(new Step(KVGrpc.getRangeMethod(), Wires.range("")));
        steps.add(new Step(KVGrpc.getPutMethod(), put("", "x")));
        steps.add(new Step(
                KVGrpc.getPutMethod(),
                PutRequest.newBuilder().setKey(bytes("z")).setIgnoreValue(true).build()));
        steps.add(new Step(
                KVGrpc.getPutMethod(),
                PutRequest.newBuilder().setKey(bytes("z")).setLease(5).build()));
        steps.add(new Step(
                KVGrpc.getTxnMethod(),
                TxnRequest.newBuilder()
                        .addCompare(Compare.newBuilder()
                                .setKey(bytes("a"))
                                .setTarget(Compare.CompareTarget.VALUE)
                                .setValue(bytes("3")))
                        .addSuccess(RequestOp.newBuilder().setRequestPut(put("a", "5")))
                        .addSuccess(range(RequestOp.newBuilder(), "a"))
                        .addSuccess(RequestOp.newBuilder()
                                .setRequestTxn(TxnRequest.newBuilder().addSuccess(range(RequestOp.newBuilder(), "b"))))
                        .addFailure(range(RequestOp.newBuilder(), "c"))
                        .build()));
        steps.add(new Step(
                KVGrpc.getTxnMethod(),
                TxnRequest.newBuilder()
                        .addSuccess(RequestOp.newBuilder().setRequestPut(put("a", "5")))
                        .addSuccess(RequestOp.newBuilder().setRequestPut(put("a", "6")))
                        .build()));
        steps.add(new Step(KVGrpc.getRangeMethod(), serializable("a")));
        steps.add(new Step(
                KVGrpc.getDeleteRangeMethod(),
                DeleteRangeRequest.newBuilder()
                        .setKey(bytes("b"))
                        .setRangeEnd(bytes("\0"))
                        .setPrevKv(true)
                        .build()));
        steps.add(new Step(KVGrpc.getRangeMethod(), serializable("b")));
        steps.add(new Step(
                KVGrpc.getCompactMethod(),
                CompactionRequest.newBuilder().setRevision(4).build()));
        steps.add(new Step(
                KVGrpc.getCompactMethod(),
                CompactionRequest.newBuilder().setRevision(4).build()));
        steps.add(new Step(
                KVGrpc.getRangeMethod(),
                serializable("a").toBuilder().setRevision(2).build()));
        steps.add(new Step(KVGrpc.getRangeStreamMethod(), Wires.range("a")));
        steps.add(new Step(
                LeaseGrpc.getLeaseGrantMethod(),
                LeaseGrantRequest.newBuilder().setID(LEASE).setTTL(600).build()));
        steps.add(new Step(
                LeaseGrpc.getLeaseGrantMethod(),
                LeaseGrantRequest.newBuilder().setID(LEASE).setTTL(600).build()));
        steps.add(new Step(
                KVGrpc.getPutMethod(),
                put("leased", "1").toBuilder().setLease(LEASE).build()));
        steps.add(new Step(
                LeaseGrpc.getLeaseTimeToLiveMethod(),
                LeaseTimeToLiveRequest.newBuilder().setID(LEASE).setKeys(true).build()));
        steps.add(new Step(
                LeaseGrpc.getLeaseTimeToLiveMethod(),
                LeaseTimeToLiveRequest.newBuilder().setID(78).build()));
        steps.add(new Step(LeaseGrpc.getLeaseLeasesMethod(), LeaseLeasesRequest.getDefaultInstance()));
        steps.add(new Step(
                LeaseGrpc.getLeaseKeepAliveMethod(),
                LeaseKeepAliveRequest.newBuilder().setID(LEASE).build()));
        steps.add(new Step(
                LeaseGrpc.getLeaseRevokeMethod(),
                LeaseRevokeRequest.newBuilder().setID(LEASE).build()));
        steps.add(new Step(
                LeaseGrpc.getLeaseRevokeMethod(),
                LeaseRevokeRequest.newBuilder().setID(LEASE).build()));
        steps.add(new Step(KVGrpc.getRangeMethod(), Wires.range("leased")));
        steps.add(new Step(
                ClusterGrpc.getMemberListMethod(),
                dev.cairn.proto.etcdserverpb.MemberListRequest.getDefaultInstance()));
        steps.add(new Step(
                ClusterGrpc.getMemberRemoveMethod(),
                MemberRemoveRequest.newBuilder().setID(1).build()));
        steps.add(new Step(MaintenanceGrpc.getHashKVMethod(), HashKVRequest.getDefaultInstance()));
        steps.add(new Step(
                MaintenanceGrpc.getMoveLeaderMethod(),
                MoveLeaderRequest.newBuilder().setTargetID(1).build()));
        steps.add(new Step(
                AuthGrpc.getUserAddMethod(),
                AuthUserAddRequest.newBuilder().setName("u").setPassword("p").build()));
        steps.add(new Step(
                AuthGrpc.getUserAddMethod(),
                AuthUserAddRequest.newBuilder().setName("u").setPassword("p").build()));
        steps.add(new Step(AuthGrpc.getUserListMethod(), AuthUserListRequest.getDefaultInstance()));
        steps.add(new Step(
                AuthGrpc.getRoleAddMethod(),
                AuthRoleAddRequest.newBuilder().setName("r").build()));
        steps.add(new Step(
                AuthGrpc.getRoleGetMethod(),
                AuthRoleGetRequest.newBuilder().setRole("none").build()));
        steps.add(new Step(
                AuthGrpc.getAuthenticateMethod(),
                AuthenticateRequest.newBuilder().setName("u").setPassword("p").build()));
        steps.add(new Step(
                LockGrpc.getLockMethod(),
                LockRequest.newBuilder().setName(bytes("l")).setLease(12345).build()));
        steps.add(new Step(
                ElectionGrpc.getLeaderMethod(),
                LeaderRequest.newBuilder().setName(bytes("e")).build()));
        return steps;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--namespace=some/where/", "--experimental-serializable-ordering"})
    void shouldAnswerAsEtcdsProxyDoes(String flag) throws InterruptedException {
        List<String> real = answers(Programs.real("etcd"), "real", flag);
        List<String> ours = answers(Programs.ours(), "ours", flag);

        assertThat(ours).isEqualTo(real);
    }

    private List<String> answers(Path proxyProgram, String name, String flag) throws InterruptedException {
        Path home = directory.resolve(name);
        try (ServerProcess server = ServerProcess.start(Programs.real("etcd"), home)) {
            int port = Ports.next();
            List<String> flags = new ArrayList<>(
                    List.of("--endpoints=" + server.target(), "--advertise-client-url=proxy.example:23790"));
            if (!flag.isEmpty()) {
                flags.add(flag);
            }
            try (ProxyProcess proxy =
                    ProxyProcess.start(proxyProgram, "grpc-proxy", home, port, flags.toArray(String[]::new))) {
                ManagedChannel channel = Wires.connect(proxy.target());
                try {
                    List<String> lines = new ArrayList<>();
                    for (Step step : calls()) {
                        lines.add(step.method().getFullMethodName() + " {" + Wires.text(step.request()) + "} "
                                + call(channel, step));
                    }
                    lines.addAll(watches(channel));
                    return lines;
                } finally {
                    channel.shutdownNow();
                }
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static String call(ManagedChannel channel, Step step) {
        MethodDescriptor<Message, Message> method = (MethodDescriptor<Message, Message>) step.method();
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
        CompletableFuture<Message> answer = new CompletableFuture<>();
        StreamObserver<Message> observer = new StreamObserver<>() {
            @Override
            public void onNext(Message message) {
                answer.complete(message);
            }

            @Override
            public void onError(Throwable error) {
                answer.completeExceptionally(error);
            }

            @Override
            public void onCompleted() {
                answer.completeExceptionally(
                        Status.UNKNOWN.withDescription("no answer").asRuntimeException());
            }
        };
        try {
            if (method.getType() == MethodDescriptor.MethodType.UNARY) {
                ClientCalls.asyncUnaryCall(channel.newCall(method, options), step.request(), observer);
            } else if (method.getType() == MethodDescriptor.MethodType.SERVER_STREAMING) {
                ClientCalls.asyncServerStreamingCall(channel.newCall(method, options), step.request(), observer);
            } else {
                ClientCalls.asyncBidiStreamingCall(channel.newCall(method, options), observer)
                        .onNext(step.request());
            }
            return shown(answer.join());
        } catch (CompletionException e) {
            return "error: " + Status.fromThrowable(e).getDescription();
        }
    }

    private static String shown(Message message) {
        return Wires.text(message)
                .replaceAll("cluster_id: -?[0-9]+ ?", "")
                .replaceAll("member_id: -?[0-9]+ ?", "")
                // A proxy makes up some headers and cannot know everything.
                .replaceAll("raft_term: [0-9]+ ?", "")
                .replaceAll("TTL: (59[0-9]|600)", "TTL: 600")
                .replaceAll("hash: -?[0-9]+", "hash");
    }

    private static List<String> watches(ManagedChannel channel) throws InterruptedException {
        List<String> seen = new ArrayList<>();
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(channel);
        try (Wires.Watching watching = new Wires.Watching(channel)) {
            watching.create(WatchCreateRequest.newBuilder().setKey(bytes("w")).setPrevKv(true));
            seen.add(shown(watching.next()));
            kv.put(put("w", "1"));
            seen.add(shown(watching.next()));
            kv.put(put("w", "2"));
            seen.add(shown(watching.next()));
            kv.deleteRange(DeleteRangeRequest.newBuilder().setKey(bytes("w")).build());
            seen.add(shown(watching.next()));
            // No range, and a revision that is gone.
            watching.create(WatchCreateRequest.newBuilder().setKey(bytes("b")).setRangeEnd(bytes("a")));
            seen.add(shown(watching.next()));
            watching.create(WatchCreateRequest.newBuilder().setKey(bytes("w")).setStartRevision(-1));
            seen.add(shown(watching.next()));
            watching.create(WatchCreateRequest.newBuilder().setKey(bytes("old")).setStartRevision(1));
            seen.add(shown(watching.next()));
            seen.add(shown(watching.next()));
            watching.send(WatchRequest.newBuilder()
                    .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(0))
                    .build());
            seen.add(shown(watching.next()));
        }
        try (Wires.Watching filtered = new Wires.Watching(channel)) {
            filtered.create(WatchCreateRequest.newBuilder()
                    .setKey(bytes("f"))
                    .setRangeEnd(bytes("g"))
                    .addFilters(WatchCreateRequest.FilterType.NOPUT));
            seen.add(shown(filtered.next()));
            kv.put(put("f1", "1"));
            kv.deleteRange(DeleteRangeRequest.newBuilder().setKey(bytes("f1")).build());
            seen.add(shown(filtered.next()));
        }
        return seen;
    }
}
