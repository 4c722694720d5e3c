package dev.cairn.auth;

import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be asked for, over RPC or through the log, and who may ask: the table of authorisation. It has a row for
 * each RPC and each kind of log entry.
 *
 * <p>The two columns answer different questions. The first is for the member that serves the RPC, right before it answers from
 * its own state or proposes. The second is for a log entry where it is applied, under the users and permissions of that
 * moment, so that all members judge alike. What is judged there is not judged before: a member that lags behind would refuse
 * what another has just permitted.
 */
public enum Operation {
    // KV
    RANGE("etcdserverpb.KV/Range", Rule.KEYS, Rule.KEYS),
    RANGE_STREAM("etcdserverpb.KV/RangeStream", Rule.KEYS, Rule.OPEN),
    PUT("etcdserverpb.KV/Put", Rule.OPEN, Rule.KEYS),
    DELETE_RANGE("etcdserverpb.KV/DeleteRange", Rule.OPEN, Rule.KEYS),
    /** One that only reads does not go through the log; who serves it asks as if it did. */
    TXN("etcdserverpb.KV/Txn", Rule.OPEN, Rule.KEYS),
    COMPACT("etcdserverpb.KV/Compact", Rule.ADMIN, Rule.OPEN),

    // Watch: the stream is open, each creation on it is judged.
    WATCH("etcdserverpb.Watch/Watch", Rule.KEYS, Rule.OPEN),

    // Lease
    LEASE_GRANT("etcdserverpb.Lease/LeaseGrant", Rule.ANYBODY, Rule.OPEN),
    LEASE_REVOKE("etcdserverpb.Lease/LeaseRevoke", Rule.ANYBODY, Rule.KEYS),
    LEASE_KEEP_ALIVE("etcdserverpb.Lease/LeaseKeepAlive", Rule.KEYS, Rule.OPEN),
    LEASE_TIME_TO_LIVE("etcdserverpb.Lease/LeaseTimeToLive", Rule.KEYS, Rule.OPEN),
    LEASE_LEASES("etcdserverpb.Lease/LeaseLeases", Rule.KEYS, Rule.OPEN),
    LEASE_CHECKPOINT(null, Rule.OPEN, Rule.OPEN),

    // Cluster
    MEMBER_ADD("etcdserverpb.Cluster/MemberAdd", Rule.ADMIN, Rule.OPEN),
    MEMBER_REMOVE("etcdserverpb.Cluster/MemberRemove", Rule.ADMIN, Rule.OPEN),
    MEMBER_UPDATE("etcdserverpb.Cluster/MemberUpdate", Rule.ADMIN, Rule.OPEN),
    MEMBER_LIST("etcdserverpb.Cluster/MemberList", Rule.ANYBODY, Rule.OPEN),
    MEMBER_PROMOTE("etcdserverpb.Cluster/MemberPromote", Rule.ADMIN, Rule.OPEN),

    // Maintenance
    ALARM("etcdserverpb.Maintenance/Alarm", Rule.ALARM, Rule.OPEN),
    STATUS("etcdserverpb.Maintenance/Status", Rule.ANYBODY, Rule.OPEN),
    DEFRAGMENT("etcdserverpb.Maintenance/Defragment", Rule.ADMIN, Rule.OPEN),
    HASH("etcdserverpb.Maintenance/Hash", Rule.ADMIN, Rule.OPEN),
    HASH_KV("etcdserverpb.Maintenance/HashKV", Rule.ADMIN, Rule.OPEN),
    SNAPSHOT("etcdserverpb.Maintenance/Snapshot", Rule.ADMIN, Rule.OPEN),
    MOVE_LEADER("etcdserverpb.Maintenance/MoveLeader", Rule.ADMIN, Rule.OPEN),
    DOWNGRADE("etcdserverpb.Maintenance/Downgrade", Rule.ADMIN, Rule.OPEN),

    // Auth
    AUTH_ENABLE("etcdserverpb.Auth/AuthEnable", Rule.OPEN, Rule.ADMIN),
    AUTH_DISABLE("etcdserverpb.Auth/AuthDisable", Rule.OPEN, Rule.ADMIN),
    AUTH_STATUS("etcdserverpb.Auth/AuthStatus", Rule.OPEN, Rule.OPEN),
    AUTHENTICATE("etcdserverpb.Auth/Authenticate", Rule.OPEN, Rule.OPEN),
    USER_ADD("etcdserverpb.Auth/UserAdd", Rule.OPEN, Rule.ADMIN),
    USER_GET("etcdserverpb.Auth/UserGet", Rule.OPEN, Rule.OWN_USER),
    USER_LIST("etcdserverpb.Auth/UserList", Rule.OPEN, Rule.ADMIN),
    USER_DELETE("etcdserverpb.Auth/UserDelete", Rule.OPEN, Rule.ADMIN),
    USER_CHANGE_PASSWORD("etcdserverpb.Auth/UserChangePassword", Rule.OPEN, Rule.ADMIN),
    USER_GRANT_ROLE("etcdserverpb.Auth/UserGrantRole", Rule.OPEN, Rule.ADMIN),
    USER_REVOKE_ROLE("etcdserverpb.Auth/UserRevokeRole", Rule.OPEN, Rule.ADMIN),
    ROLE_ADD("etcdserverpb.Auth/RoleAdd", Rule.OPEN, Rule.ADMIN),
    ROLE_GET("etcdserverpb.Auth/RoleGet", Rule.OPEN, Rule.OWN_ROLE),
    ROLE_LIST("etcdserverpb.Auth/RoleList", Rule.OPEN, Rule.ADMIN),
    ROLE_DELETE("etcdserverpb.Auth/RoleDelete", Rule.OPEN, Rule.ADMIN),
    ROLE_GRANT_PERMISSION("etcdserverpb.Auth/RoleGrantPermission", Rule.OPEN, Rule.ADMIN),
    ROLE_REVOKE_PERMISSION("etcdserverpb.Auth/RoleRevokePermission", Rule.OPEN, Rule.ADMIN),

    // What members tell each other through the log.
    CLUSTER_VERSION_SET(null, Rule.OPEN, Rule.OPEN),
    CLUSTER_MEMBER_ATTRIBUTES_SET(null, Rule.OPEN, Rule.OPEN),
    DOWNGRADE_INFO_SET(null, Rule.OPEN, Rule.OPEN),
    DOWNGRADE_VERSION_TEST(null, Rule.OPEN, Rule.OPEN);

    /** Who may. */
    enum Rule {
        /** Nothing is judged here. */
        OPEN,
        /** Whoever says who they are. */
        ANYBODY,
        /** Who has role root. */
        ADMIN,
        /** Who has role root, and the user that is asked for. */
        OWN_USER,
        /** Who has role root, and who has the role that is asked for. */
        OWN_ROLE,
        /** Anybody to list alarms, who has role root to change them. */
        ALARM,
        /** Who may read and write the keys that the request names, or that hang on the leases it names. */
        KEYS,
    }

    private static final Map<String, Operation> BY_RPC = new HashMap<>();

    static {
        for (Operation operation : values()) {
            if (operation.rpc != null) {
                BY_RPC.put(operation.rpc, operation);
            }
        }
    }

    private final @Nullable String rpc;
    private final Rule onServe;
    private final Rule onApply;

    Operation(@Nullable String rpc, Rule onServe, Rule onApply) {
        this.rpc = rpc;
        this.onServe = onServe;
        this.onApply = onApply;
    }

    Rule onServe() {
        return onServe;
    }

    Rule onApply() {
        return onApply;
    }

    /**
     * Whether a call can be judged as soon as its request has come. Calls that cannot name keys, which whoever serves them
     * has to judge when they have waited for their turn.
     */
    public boolean isJudgedOnArrival() {
        return onServe != Rule.OPEN && onServe != Rule.KEYS;
    }

    /** The operation of a gRPC method by its full name, service/method; null for one of another contract. */
    public static @Nullable Operation ofRpc(String fullMethodName) {
        return BY_RPC.get(fullMethodName);
    }

    /** What a log entry asks for; null for one that carries nothing known. The commonest come first. */
    public static @Nullable Operation of(InternalRaftRequest request) {
        if (request.hasPut()) {
            return PUT;
        }
        if (request.hasTxn()) {
            return TXN;
        }
        if (request.hasDeleteRange()) {
            return DELETE_RANGE;
        }
        if (request.hasRange()) {
            return RANGE;
        }
        if (request.hasLeaseGrant()) {
            return LEASE_GRANT;
        }
        if (request.hasLeaseRevoke()) {
            return LEASE_REVOKE;
        }
        if (request.hasLeaseCheckpoint()) {
            return LEASE_CHECKPOINT;
        }
        if (request.hasCompaction()) {
            return COMPACT;
        }
        if (request.hasAlarm()) {
            return ALARM;
        }
        if (request.hasClusterVersionSet()) {
            return CLUSTER_VERSION_SET;
        }
        if (request.hasClusterMemberAttrSet()) {
            return CLUSTER_MEMBER_ATTRIBUTES_SET;
        }
        if (request.hasDowngradeInfoSet()) {
            return DOWNGRADE_INFO_SET;
        }
        if (request.hasDowngradeVersionTest()) {
            return DOWNGRADE_VERSION_TEST;
        }
        return ofAuth(request);
    }

    private static @Nullable Operation ofAuth(InternalRaftRequest request) {
        if (request.hasAuthenticate()) {
            return AUTHENTICATE;
        }
        if (request.hasAuthEnable()) {
            return AUTH_ENABLE;
        }
        if (request.hasAuthDisable()) {
            return AUTH_DISABLE;
        }
        if (request.hasAuthStatus()) {
            return AUTH_STATUS;
        }
        if (request.hasAuthUserAdd()) {
            return USER_ADD;
        }
        if (request.hasAuthUserDelete()) {
            return USER_DELETE;
        }
        if (request.hasAuthUserGet()) {
            return USER_GET;
        }
        if (request.hasAuthUserChangePassword()) {
            return USER_CHANGE_PASSWORD;
        }
        if (request.hasAuthUserGrantRole()) {
            return USER_GRANT_ROLE;
        }
        if (request.hasAuthUserRevokeRole()) {
            return USER_REVOKE_ROLE;
        }
        if (request.hasAuthUserList()) {
            return USER_LIST;
        }
        if (request.hasAuthRoleList()) {
            return ROLE_LIST;
        }
        if (request.hasAuthRoleAdd()) {
            return ROLE_ADD;
        }
        if (request.hasAuthRoleDelete()) {
            return ROLE_DELETE;
        }
        if (request.hasAuthRoleGet()) {
            return ROLE_GET;
        }
        if (request.hasAuthRoleGrantPermission()) {
            return ROLE_GRANT_PERMISSION;
        }
        return request.hasAuthRoleRevokePermission() ? ROLE_REVOKE_PERMISSION : null;
    }
}
