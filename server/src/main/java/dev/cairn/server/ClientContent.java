package dev.cairn.server;

import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.EtcdVersion;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HealthPages;
import dev.cairn.server.http.HealthSource;
import dev.cairn.server.http.Pages;
import dev.cairn.server.http.Router;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.net.ClientPort;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What the client port serves: the member's gRPC services, health and reflection, and the operational pages. */
final class ClientContent {
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
        return new ClientPort.Content(
                services,
                List.of(),
                metrics.grpc(services, config.extensiveMetrics()),
                pages(Router.guarded(config.corsOrigins(), config.hostWhitelist())),
                pages(Router.plain()));
    }

    private Router pages(Router router) {
        Pages.addVersion(router, this::versions);
        Pages.addMetrics(router, metrics::render);
        new HealthPages(new Health(), server.instruments()).addTo(router);
        return router;
    }

    private Pages.Versions versions() {
        String cluster = server.cluster().view().version();
        return cluster == null
                ? new Pages.Versions(EtcdVersion.SERVER, "not_decided", "unknown")
                : new Pages.Versions(
                        EtcdVersion.SERVER, cluster, server.cluster().view().storageVersion());
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
            if (!linearizable) {
                return CompletableFuture.completedFuture(null);
            }
            CompletableFuture<Long> done = new CompletableFuture<>();
            server.reads().await(new Completion<Long>() {
                @Override
                public void complete(Long index) {
                    done.complete(index);
                }

                @Override
                public void fail(EtcdError error) {
                    done.completeExceptionally(error.asException());
                }
            });
            return done;
        }
    }
}
