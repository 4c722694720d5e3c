package dev.cairn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: tools that know nothing of etcd find every service and its description. Method: gRPC's own reflection client. */
@Tag("client")
@Timeout(60)
class ReflectionTest {
    private static final long WAIT_SECONDS = 20;

    @TempDir
    Path directory;

    @Test
    void shouldTellOfEveryServiceAndDescribeIt() throws Exception {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory)) {
            ManagedChannel channel = NettyChannelBuilder.forTarget(server.target())
                    .usePlaintext()
                    .build();
            try {
                List<String> services = ask(
                                channel,
                                ServerReflectionRequest.newBuilder()
                                        .setListServices("*")
                                        .build())
                        .getListServicesResponse()
                        .getServiceList()
                        .stream()
                        .map(ServiceResponse::getName)
                        .toList();
                assertThat(services)
                        .containsExactlyInAnyOrder(
                                "etcdserverpb.KV",
                                "etcdserverpb.Watch",
                                "etcdserverpb.Lease",
                                "etcdserverpb.Cluster",
                                "etcdserverpb.Maintenance",
                                "etcdserverpb.Auth",
                                "v3lockpb.Lock",
                                "v3electionpb.Election",
                                "grpc.health.v1.Health",
                                "grpc.reflection.v1.ServerReflection");
                for (String service : services) {
                    assertThat(described(channel, service)).as(service).contains(service);
                }
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /** The services in the file that the server gives for a service. */
    private static List<String> described(ManagedChannel channel, String service) throws Exception {
        ByteString file = ask(
                        channel,
                        ServerReflectionRequest.newBuilder()
                                .setFileContainingSymbol(service)
                                .build())
                .getFileDescriptorResponse()
                .getFileDescriptorProto(0);
        FileDescriptorProto description = FileDescriptorProto.parseFrom(file);
        return description.getServiceList().stream()
                .map(ServiceDescriptorProto::getName)
                .map(name -> description.getPackage() + "." + name)
                .toList();
    }

    private static ServerReflectionResponse ask(ManagedChannel channel, ServerReflectionRequest question)
            throws Exception {
        CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
        StreamObserver<ServerReflectionRequest> questions = ServerReflectionGrpc.newStub(channel)
                .serverReflectionInfo(new StreamObserver<>() {
                    @Override
                    public void onNext(ServerReflectionResponse response) {
                        answer.complete(response);
                    }

                    @Override
                    public void onError(Throwable cause) {
                        answer.completeExceptionally(cause);
                    }

                    @Override
                    public void onCompleted() {
                        answer.completeExceptionally(new AssertionError("no answer"));
                    }
                });
        questions.onNext(question);
        ServerReflectionResponse response = answer.get(WAIT_SECONDS, TimeUnit.SECONDS);
        questions.onCompleted();
        return response;
    }
}
