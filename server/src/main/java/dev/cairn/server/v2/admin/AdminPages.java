package dev.cairn.server.v2.admin;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.password.PasswordHasher;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.http.Router;
import dev.cairn.server.loop.StatusBoard;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Reconfiguration;
import dev.cairn.server.peer.AppendTraffic;
import dev.cairn.server.v2.KeyOperations;
import dev.cairn.v2.Layout;
import java.time.Clock;
import java.util.concurrent.Executor;

/** All of the v2 API beside keys. Made by the thread that starts the member, then thread-safe. */
public final class AdminPages {
    /** What begins the keys in which v2 keeps its tree: the paths of permissions stand behind it. */
    static final ByteString KEY_PREFIX = Layout.file("");

    /** What the member knows of itself and of others. */
    public record Statistics(String name, AppendTraffic traffic, StoreCounters store) {}

    /**
     * What the member knows of users.
     *
     * @param passwords runs what hashes: bounded, refuses what is too much
     */
    public record Users(AuthStore store, Requesters requesters, PasswordHasher hasher, Executor passwords) {}

    private final MemberPages members;
    private final StatsPages stats;
    private final AuthPages auth;
    private final StoreCounters store;

    /** @param proposer proposes in nobody's name */
    public AdminPages(
            Cluster cluster,
            StatusBoard status,
            Reconfiguration reconfiguration,
            Statistics statistics,
            Users users,
            ReadGate reads,
            Proposer proposer,
            Clock clock) {
        PathPermissions permissions = new PathPermissions(KEY_PREFIX);
        store = statistics.store();
        members = new MemberPages(cluster, status::leader, reconfiguration, users.requesters());
        stats = new StatsPages(statistics.name(), cluster, status, statistics.traffic(), statistics.store(), clock);
        auth = new AuthPages(
                cluster.identity().clusterId(),
                users.requesters(),
                new UserChanges(users.store(), permissions, reads, proposer, users.passwords()),
                new UserPlans(users.hasher()),
                new RolePlans(permissions));
    }

    public void addTo(Router router) {
        members.addTo(router);
        stats.addTo(router);
        auth.addTo(router);
    }

    /** Hears of what is done to v2 keys. */
    public KeyOperations operations() {
        return store;
    }
}
