package dev.cairn.bench.process;

import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The servers of one run, on new directories, which go with them: one, or three that are members of one cluster. */
public final class Members implements Channels, AutoCloseable {
    private static final int LARGEST_ANSWER_BYTES = 512 << 20;
    private static final int STATUS_LIMIT_SECONDS = 2;

    private final Setting setting;
    private final Path fixtures;
    private final Path directory;
    private final List<Server> all = new ArrayList<>();
    private final @Nullable SslContext tls;
    private double startMillis;

    private Members(Setting setting, Path fixtures, Path directory) throws IOException {
        this.setting = setting;
        this.fixtures = fixtures;
        this.directory = directory;
        tls = setting != Setting.TLS
                ? null
                : GrpcSslContexts.forClient().trustManager(authority().toFile()).build();
    }

    /**
     * Returns when they serve.
     *
     * @param fixtures the directory of etcd's certificates for tests
     * @param scratch where their directories are made
     */
    public static Members start(Setting setting, Path binary, Path fixtures, Path scratch) throws IOException {
        Members members = new Members(setting, fixtures, Files.createTempDirectory(scratch, "members-"));
        try {
            members.start(binary);
        } catch (IOException | RuntimeException e) {
            members.close();
            throw e;
        }
        return members;
    }

    private void start(Path binary) throws IOException {
        List<Ports> ports = Ports.free(setting.members());
        StringBuilder cluster = new StringBuilder();
        for (int i = 0; i < ports.size(); i++) {
            cluster.append(i == 0 ? "" : ",")
                    .append("m")
                    .append(i)
                    .append('=')
                    .append(ports.get(i).peerUrl());
        }
        List<String> further = setting != Setting.TLS
                ? List.of()
                : List.of(
                        "--cert-file=" + fixtures.resolve("server.crt"),
                        "--key-file=" + fixtures.resolve("server.key.insecure"));
        for (int i = 0; i < ports.size(); i++) {
            String name = "m" + i;
            all.add(new Server(
                    setting, binary, directory.resolve(name), name, ports.get(i), cluster.toString(), further));
        }
        for (Server server : all) {
            server.launch();
        }
        for (Server server : all) {
            startMillis = Math.max(startMillis, server.awaitReady());
        }
        if (all.size() > 1) {
            awaitAgreement();
        }
    }

    private Path authority() {
        return fixtures.resolve("ca.crt");
    }

    public List<Server> all() {
        return List.copyOf(all);
    }

    /** The only one, or one of three. */
    public Server first() {
        return all.get(0);
    }

    /** From the start of the process until it serves; of three, the last. */
    public double startMillis() {
        return startMillis;
    }

    /** How etcd's tools are told to reach them. */
    public List<String> reach() {
        String scheme = tls == null ? "" : "https://";
        List<String> arguments = new ArrayList<>();
        arguments.add("--endpoints="
                + all.stream().map(server -> scheme + server.target()).collect(Collectors.joining(",")));
        if (tls != null) {
            arguments.add("--cacert=" + authority());
        }
        return arguments;
    }

    @Override
    public ManagedChannel open(int number) {
        return open(all.get(number % all.size()));
    }

    /** A new channel to this one; whoever opens it has to shut it down. */
    public ManagedChannel open(Server server) {
        return builder(server).build();
    }

    /** Connections on which a stream takes no more than so many bytes that nobody reads. */
    public Channels withWindow(int bytes) {
        return number ->
                builder(all.get(number % all.size())).flowControlWindow(bytes).build();
    }

    private NettyChannelBuilder builder(Server server) {
        NettyChannelBuilder builder =
                NettyChannelBuilder.forTarget(server.target()).maxInboundMessageSize(LARGEST_ANSWER_BYTES);
        return tls == null ? builder.usePlaintext() : builder.sslContext(tls);
    }

    /** Of all together, as are the others. */
    public double cpuSeconds() throws IOException {
        return sum(Usage::cpuSeconds);
    }

    /** By anybody, to the disk that they have in common; NaN where it is none. */
    public double bytesWritten() throws IOException {
        return Disk.of(directory).bytesWritten();
    }

    public double residentMebibytes() throws IOException {
        return sum(Usage::residentMebibytes);
    }

    public double ownMebibytes() throws IOException {
        return sum(Usage::ownMebibytes);
    }

    private interface Amount {
        double of(Usage usage) throws IOException;
    }

    private double sum(Amount amount) throws IOException {
        double sum = 0;
        for (Server server : all) {
            sum += amount.of(server.usage());
        }
        return sum;
    }

    /** The one that leads; all must agree on it. */
    public Server leader() throws IOException {
        for (Server server : all) {
            StatusResponse status = status(server);
            if (status.getHeader().getMemberId() == status.getLeader()) {
                return server;
            }
        }
        throw new IOException("no member says that it leads");
    }

    /** Returns when every member knows the same leader and has applied what any has written. */
    public void awaitAgreement() throws IOException {
        Waiting.until("all members agree", this::agree);
    }

    private boolean agree() {
        long leader = 0;
        long applied = Long.MAX_VALUE;
        long written = 0;
        for (Server server : all) {
            try {
                StatusResponse status = status(server);
                if (status.getLeader() == 0 || leader != 0 && status.getLeader() != leader) {
                    return false;
                }
                leader = status.getLeader();
                applied = Math.min(applied, status.getRaftAppliedIndex());
                written = Math.max(written, status.getRaftIndex());
            } catch (StatusRuntimeException notYet) {
                return false;
            }
        }
        return applied >= written;
    }

    /** @throws StatusRuntimeException if it does not answer */
    public StatusResponse status(Server server) {
        ManagedChannel channel = open(server);
        try {
            return MaintenanceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(STATUS_LIMIT_SECONDS, TimeUnit.SECONDS)
                    .status(StatusRequest.getDefaultInstance());
        } finally {
            channel.shutdownNow();
        }
    }

    @Override
    public void close() throws IOException {
        all.forEach(Server::close);
        Directories.remove(directory);
    }
}
