package dev.cairn.server;

import dev.cairn.server.access.Access;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.rpc.KvService;
import dev.cairn.server.rpc.LeaseService;
import dev.cairn.server.rpc.WatchService;
import io.grpc.ServerServiceDefinition;
import java.util.concurrent.Executor;

/** The three services over the member's store, for callers of one kind. Thread-safe. */
record StoreServices(ServerServiceDefinition kv, ServerServiceDefinition watch, ServerServiceDefinition lease) {
    /**
     * @param access who the callers are, and what they may do
     * @param proposer proposes in their name
     * @param readers runs what reads long
     */
    static StoreServices of(
            ServerConfig config,
            MemberCore core,
            PeerLinks peers,
            Metrics metrics,
            Executor readers,
            Access access,
            Proposer proposer) {
        return new StoreServices(
                new KvService(
                                core.store,
                                proposer,
                                core.reads,
                                core.admission,
                                access,
                                core.headers,
                                readers,
                                config.maxTxnOps(),
                                config.maxRequestBytes())
                        .bind(),
                new WatchService(core.watches, access, metrics.server, metrics.network.serverStreamFailuresTotal)
                        .bind(),
                new LeaseService(
                                core.lessor,
                                peers.leases(core),
                                proposer,
                                core.reads,
                                core.admission,
                                core.headers,
                                access,
                                core.ids::next)
                        .bindService());
    }
}
