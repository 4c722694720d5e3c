package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.server.api.StartException;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.tls.PeerTls;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/** One member of its own cluster inside the test's process, behind a real client port. Confined to the test's thread. */
final class RunningMember implements AutoCloseable {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    private static final long START_SECONDS = 30;

    private final EventLoops loops;
    private final ClientPort port;
    private final EtcdServer server;
    private final Metrics metrics = new Metrics();
    private final ManagedChannel channel;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    RunningMember(Path dataDirectory, String... flags) throws IOException, StartException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of(
                "--data-dir=" + dataDirectory,
                "--listen-client-urls=http://127.0.0.1:0",
                "--advertise-client-urls=http://127.0.0.1:1",
                "--listen-peer-urls=http://127.0.0.1:0",
                "--initial-advertise-peer-urls=http://127.0.0.1:2",
                "--initial-cluster=default=http://127.0.0.1:2"));
        arguments.addAll(List.of(flags));
        Outcome outcome = CommandLine.read(arguments, Map.of());
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        ServerConfig config = ((Outcome.Start) outcome).config();
        loops = EventLoops.open();
        server = new EtcdServer(
                config, metrics, loops, PeerTls.of(config), (thread, cause) -> failure.compareAndSet(null, cause));
        CompletableFuture<ClientPort.Content> content =
                CompletableFuture.completedFuture(new ClientContent(config, server, metrics).content());
        port = ClientPort.bind(config, loops, content::join);
        assertThat(server.published()).succeedsWithin(Duration.ofSeconds(START_SECONDS));
        port.serve();
        int number = ((InetSocketAddress) port.addresses().get(0)).getPort();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", number)
                .usePlaintext()
                .build();
    }

    /** Where its clients find it. */
    int clientPort() {
        return ((InetSocketAddress) port.addresses().get(0)).getPort();
    }

    EtcdServer server() {
        return server;
    }

    String metrics() {
        return metrics.render().toString();
    }

    /** A channel in nobody's name. */
    Channel anonymous() {
        return channel;
    }

    /** A channel that shows the token. */
    Channel with(String token) {
        Metadata metadata = new Metadata();
        metadata.put(TOKEN, token);
        return ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    }

    String login(String name, String password) {
        return AuthGrpc.newBlockingStub(channel)
                .authenticate(AuthenticateRequest.newBuilder()
                        .setName(name)
                        .setPassword(password)
                        .build())
                .getToken();
    }

    /** A channel in the name of a user. */
    Channel as(String name, String password) {
        return with(login(name, password));
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.endStreams();
        port.stop(Duration.ofSeconds(1));
        server.close();
        loops.close();
        assertThat(failure.get()).as("why the member could not go on").isNull();
    }
}
