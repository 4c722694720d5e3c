package dev.cairn.server;

import dev.cairn.server.access.Access;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.backup.SnapshotStreams;
import dev.cairn.server.concurrency.ElectionService;
import dev.cairn.server.concurrency.LocalCalls;
import dev.cairn.server.concurrency.LockService;
import dev.cairn.server.concurrency.Renewals;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.membership.LeadershipTransfer;
import dev.cairn.server.membership.Reconfiguration;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.peer.MemberPromotion;
import dev.cairn.server.peer.Promotion;
import dev.cairn.server.rpc.CallMeter;
import dev.cairn.server.rpc.Caller;
import dev.cairn.server.rpc.ClientMetadata;
import dev.cairn.server.rpc.ClusterService;
import dev.cairn.server.rpc.Guard;
import dev.cairn.server.rpc.LeaderWatch;
import dev.cairn.server.rpc.LearnerInterceptor;
import dev.cairn.server.rpc.MaintenanceService;
import dev.cairn.server.tracing.Tracing;
import dev.cairn.server.version.Downgrades;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;

/** What a member offers to clients, made of the member's core. Made by one thread; what it hands out is thread-safe. */
final class ClientServices {
    private final Access access;
    private final Reconfiguration reconfiguration;
    private final LeaderWatch leaderWatch;
    private final Renewals renewals = new Renewals();
    private final List<ServerInterceptor> interceptors;
    private final List<ServerServiceDefinition> all;

    ClientServices(
            ServerConfig config,
            MemberCore core,
            PeerLinks peers,
            Metrics metrics,
            Instruments instruments,
            Tracing tracing,
            ExecutorService readers,
            Executor slow,
            ExecutorService backups) {
        access = core.authentication.access();
        Proposer proposer = tracing.traced(core.authentication.callerProposer());
        reconfiguration = new Reconfiguration(
                core.cluster, core.control, config.strictReconfigCheck(), core.peers, Clock.systemUTC(), instruments);
        StoreServices store = StoreServices.of(config, core, peers, metrics, readers, access, proposer);
        ServerServiceDefinition kv = guarded(store.kv());
        ServerServiceDefinition watch = guarded(store.watch());
        ServerServiceDefinition lease = guarded(store.lease());
        LocalCalls.Services local = new LocalCalls.Services(List.of(kv, watch, lease), renewals);
        leaderWatch = new LeaderWatch(core.status);
        interceptors = List.of(
                new Caller.Interceptor(),
                new ClientMetadata(core.status, leaderWatch, metrics.server.clientRequestsTotal),
                new CallMeter(metrics.server, config.warningUnaryRequestDuration(), config.warningApplyDuration()),
                new LearnerInterceptor(core.status));
        all = List.of(
                intercepted(kv),
                intercepted(watch),
                intercepted(lease),
                intercepted(guarded(core.authentication
                        .service(core.reads, core.headers, tracing::traced)
                        .bindService())),
                intercepted(new LockService(local::ofCurrentCaller).bindService()),
                intercepted(new ElectionService(local::ofCurrentCaller).bindService()),
                intercepted(guarded(new ClusterService(
                                core.cluster, reconfiguration, peers.promotion(core), core.reads, core.headers)
                        .bindService())),
                intercepted(guarded(new MaintenanceService(
                                core.store,
                                proposer,
                                core.status,
                                core.alarms,
                                core.quota,
                                core.cluster,
                                new LeadershipTransfer(core.cluster, core.status, core.control),
                                new Downgrades(core.cluster, core.reads, core.own),
                                core.headers,
                                slow,
                                new SnapshotStreams(
                                        core.store,
                                        () -> core.cluster.view().storageVersion(),
                                        backups,
                                        instruments::snapshotSent))
                        .bindService())));
    }

    /** What the client port offers. */
    List<ServerServiceDefinition> all() {
        return all;
    }

    /** Ends streams when there is no leader; somebody has to look. */
    LeaderWatch leaderWatch() {
        return leaderWatch;
    }

    /** Of the leases of waiting calls; a duty. */
    Renewals renewals() {
        return renewals;
    }

    /** What other members ask for on behalf of their clients. */
    Promotion promotion() {
        return new MemberPromotion(reconfiguration, access);
    }

    /** Adds, removes and updates members. */
    Reconfiguration reconfiguration() {
        return reconfiguration;
    }

    private ServerServiceDefinition intercepted(ServerServiceDefinition service) {
        return ServerInterceptors.interceptForward(service, interceptors);
    }

    /** The service as its callers may use it. */
    private ServerServiceDefinition guarded(ServerServiceDefinition service) {
        return Guard.of(service, access);
    }
}
