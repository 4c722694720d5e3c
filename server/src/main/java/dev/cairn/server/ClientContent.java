package dev.cairn.server;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.gateway.Gateway;
import dev.cairn.server.http.HealthPages;
import dev.cairn.server.http.HealthSource;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpConnection;
import dev.cairn.server.http.Pages;
import dev.cairn.server.http.Router;
import dev.cairn.server.metrics.GrpcMetrics;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.profile.ProfilePages;
import dev.cairn.server.tls.PeerCertificate;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What the client port serves: the member's gRPC services, health and reflection, and the operational pages. */
final class ClientContent {
    private static final String COMMON_NAME_REFUSED =
            "CommonName of client sending a request against gateway will be ignored and not used as expected\n";

    /** Read to find out whether reads are served. */
    private static final RangeRequest HEALTH_KEY = RangeRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8("health"))
            .setLimit(1)
            .build();

    private final ServerConfig config;
    private final EtcdServer server;
    private final Metrics metrics;

    ClientContent(ServerConfig config, EtcdServer server, Metrics metrics) {
        this.config = config;
        this.server = server;
        this.metrics = metrics;
    }

    ClientPort.Content content() {
        List<ServerServiceDefinition> services = new ArrayList<>(server.services());
        services.add(new HealthStatusManager().getHealthService().bindService());
        services.add(ProtoReflectionServiceV1.newInstance().bindService());
        services.replaceAll(server.tracing()::traced);
        GrpcMetrics calls = metrics.grpc(services, config.extensiveMetrics());
        Router pages = pages(Router.guarded(config.corsOrigins(), config.hostWhitelist()));
        Pages.addVersion(pages, () -> PeerContent.versions(server.cluster()));
        Pages.addVariables(pages, new DebugVariables(server.raft(), commandLine())::read);
        if (config.servesProfiles()) {
            new ProfilePages(server.profiler(), commandLine()).addTo(pages);
        }
        if (config.enableGrpcGateway()) {
            addGateway(pages, services, calls);
        }
        OldApi old = server.oldApi();
        if (old != null) {
            old.addTo(pages);
        }
        return new ClientPort.Content(services, List.of(), calls, pages, pages(Router.plain()));
    }

    private void addGateway(Router router, List<ServerServiceDefinition> services, GrpcMetrics calls) {
        router.alias(Gateway.OLD_PREFIX, Gateway.PREFIX);
        router.under(Gateway.PREFIX, new Gateway(services, calls, ClientPort.messageBytesMax(config)));
        if (config.clientCertAuth()) {
            router.refuse(request ->
                    request.path().startsWith(Gateway.PREFIX) && server.authEnabled() && namesUser(request.connection())
                            ? HttpAnswer.plain(400, COMMON_NAME_REFUSED)
                            : null);
        }
    }

    /** Whether the client's certificate has a name that would count as a user's over gRPC. */
    private static boolean namesUser(@Nullable HttpConnection connection) {
        String name = connection == null ? null : PeerCertificate.commonName(connection.session());
        return name != null && !name.isEmpty();
    }

    private static List<String> commandLine() {
        try {
            // The process' own handle cuts long ones off.
            return List.of(Files.readString(Path.of("/proc/self/cmdline")).split("\0"));
        } catch (IOException e) {
            return ProcessHandle.current().info().commandLine().stream().toList();
        }
    }

    /** What the metrics URLs serve too. */
    private Router pages(Router router) {
        Pages.addMetrics(router, metrics::render);
        new HealthPages(new Health(), server.instruments()).addTo(router);
        return router;
    }

    private final class Health implements HealthSource {
        @Override
        public Set<Alarm> alarms() {
            return HealthPages.alarms(
                    server.alarms().isActive(AlarmType.NOSPACE), server.alarms().isActive(AlarmType.CORRUPT));
        }

        @Override
        public boolean hasLeader() {
            return server.status().hasLeader();
        }

        @Override
        public boolean isLearner() {
            return server.status().isLearner();
        }

        @Override
        public CompletionStage<?> read(boolean linearizable) {
            long begun = System.nanoTime();
            CompletableFuture<RangeResult> done = new CompletableFuture<>();
            done.whenComplete((result, failure) ->
                    server.instruments().rangeDone(failure == null, System.nanoTime() - begun, result != null));
            if (!linearizable) {
                readKey(done);
                return done;
            }
            server.reads().await(new Completion<Long>() {
                @Override
                public void complete(Long index) {
                    readKey(done);
                }

                @Override
                public void fail(EtcdError error) {
                    done.completeExceptionally(error.asException());
                }
            });
            return done;
        }

        /** Whether the key exists does not matter. */
        private void readKey(CompletableFuture<RangeResult> done) {
            try {
                done.complete(server.store().range(HEALTH_KEY));
            } catch (KvException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        }
    }
}
