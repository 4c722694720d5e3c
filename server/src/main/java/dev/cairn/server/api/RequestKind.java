package dev.cairn.server.api;

import dev.cairn.proto.etcdserverpb.InternalRaftRequestOrBuilder;

/** What etcd's metrics call the requests that go through the log. Stateless. */
public final class RequestKind {
    private RequestKind() {}

    /** The most frequent ones are asked for first. */
    public static String of(InternalRaftRequestOrBuilder request) {
        if (request.hasPut()) {
            return "Put";
        } else if (request.hasTxn()) {
            return "Txn";
        } else if (request.hasDeleteRange()) {
            return "DeleteRange";
        } else if (request.hasRange()) {
            return "Range";
        } else if (request.hasCompaction()) {
            return "Compaction";
        } else if (request.hasLeaseGrant()) {
            return "LeaseGrant";
        } else if (request.hasLeaseRevoke()) {
            return "LeaseRevoke";
        } else if (request.hasLeaseCheckpoint()) {
            return "LeaseCheckpoint";
        } else if (request.hasAlarm()) {
            return "Alarm";
        } else if (request.hasAuthenticate()) {
            return "Authenticate";
        }
        return ofAdministration(request);
    }

    private static String ofAdministration(InternalRaftRequestOrBuilder request) {
        if (request.hasAuthEnable()) {
            return "AuthEnable";
        } else if (request.hasAuthDisable()) {
            return "AuthDisable";
        } else if (request.hasAuthStatus()) {
            return "AuthStatus";
        } else if (request.hasAuthUserAdd()) {
            return "AuthUserAdd";
        } else if (request.hasAuthUserDelete()) {
            return "AuthUserDelete";
        } else if (request.hasAuthUserChangePassword()) {
            return "AuthUserChangePassword";
        } else if (request.hasAuthUserGrantRole()) {
            return "AuthUserGrantRole";
        } else if (request.hasAuthUserGet()) {
            return "AuthUserGet";
        } else if (request.hasAuthUserRevokeRole()) {
            return "AuthUserRevokeRole";
        } else if (request.hasAuthRoleAdd()) {
            return "AuthRoleAdd";
        } else if (request.hasAuthRoleGrantPermission()) {
            return "AuthRoleGrantPermission";
        } else if (request.hasAuthRoleGet()) {
            return "AuthRoleGet";
        } else if (request.hasAuthRoleRevokePermission()) {
            return "AuthRoleRevokePermission";
        } else if (request.hasAuthRoleDelete()) {
            return "AuthRoleDelete";
        } else if (request.hasAuthUserList()) {
            return "AuthUserList";
        } else if (request.hasAuthRoleList()) {
            return "AuthRoleList";
        } else if (request.hasClusterVersionSet()) {
            return "ClusterVersionSet";
        } else if (request.hasClusterMemberAttrSet()) {
            return "ClusterMemberAttrSet";
        }
        return request.hasDowngradeInfoSet() ? "DowngradeInfoSet" : "Unknown";
    }
}
