package dev.cairn.server;

import dev.cairn.mvcc.KeyRange;
import dev.cairn.mvcc.KvException;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.Credentials;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.concurrency.LocalCalls;
import dev.cairn.server.concurrency.MemberCalls;
import dev.cairn.server.concurrency.Renewals;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.Router;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.rpc.Caller;
import dev.cairn.server.tracing.Tracing;
import dev.cairn.server.v2.KeyPages;
import dev.cairn.server.v2.MemberV3;
import dev.cairn.server.v2.Sweeper;
import dev.cairn.server.v2.admin.AdminPages;
import dev.cairn.v2.Layout;
import dev.cairn.v2.V3;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * etcd's old API on this member. Requests for keys become calls of the same services that clients call, made in root's name behind a
 * judgement of their own, since the keys that v2's nodes lie in are no matter of its clients. Made by one thread; what it hands out is
 * thread-safe.
 */
final class OldApi {
    /** Any would do, see {@link dev.cairn.server.access.RootTokens}. */
    private static final String ROOT_TOKEN = "v2";

    private static final KeyRange EXPIRING = new KeyRange(Layout.expiringBegin(), Layout.expiringEnd());

    private final MemberCore core;
    private final Executor readers;
    private final LocalCalls.Services services;
    private final KeyPages pages;
    private final AdminPages admin;
    private final Sweeper sweeper;

    OldApi(
            ServerConfig config,
            MemberCore core,
            PeerLinks peers,
            Metrics metrics,
            Tracing tracing,
            Executor readers,
            Renewals renewals,
            AdminPages admin) {
        this.core = core;
        this.admin = admin;
        this.readers = readers;
        Access asRoot = core.authentication.rootAccess();
        Proposer proposer = tracing.traced(core.authentication.rootCallerProposer(asRoot));
        StoreServices store = StoreServices.of(config, core, peers, metrics, readers, asRoot, proposer);
        services = new LocalCalls.Services(List.of(store.kv(), store.watch(), store.lease()), renewals);
        pages = new KeyPages(
                Long.toHexString(core.headers.clusterId()),
                core.authentication.keyAccess(),
                admin.operations(),
                this::v3);
        sweeper = new Sweeper(this::mayHaveToSweep, () -> v3(readers));
    }

    void addTo(Router router) {
        pages.addTo(router);
        admin.addTo(router);
    }

    /** Begins a round of sweeping if there may be something to sweep. Housekeeping thread, every half second. */
    void sweep() {
        sweeper.sweep(System.nanoTime());
    }

    private boolean mayHaveToSweep() {
        try {
            return core.status.leader() == core.cluster.identity().memberId() && core.store.holdsAny(EXPIRING);
        } catch (KvException e) {
            // Compacted in this moment; the next look comes soon.
            return false;
        }
    }

    /** The store for one request, which goes on where the executor runs it. */
    private V3 v3(Executor executor) {
        Credentials root = new Credentials(ROOT_TOKEN, null, executor);
        MemberCalls[] calls = new MemberCalls[1];
        Caller.inContext(root).run(() -> calls[0] = services.ofCurrentCaller());
        return new MemberV3(calls[0], core.status, executor, readers);
    }
}
