package dev.cairn.server.gateway;

import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3lockpb.LockGrpc;
import io.grpc.MethodDescriptor;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which call stands below which path: etcd's own table, old names of some calls included. Immutable. */
final class Routes {
    private static final Map<String, MethodDescriptor<?, ?>> BY_PATH = new HashMap<>();

    static {
        BY_PATH.put("/v3/kv/range", KVGrpc.getRangeMethod());
        BY_PATH.put("/v3/kv/put", KVGrpc.getPutMethod());
        BY_PATH.put("/v3/kv/deleterange", KVGrpc.getDeleteRangeMethod());
        BY_PATH.put("/v3/kv/txn", KVGrpc.getTxnMethod());
        BY_PATH.put("/v3/kv/compaction", KVGrpc.getCompactMethod());
        BY_PATH.put("/v3/watch", WatchGrpc.getWatchMethod());
        BY_PATH.put("/v3/lease/grant", LeaseGrpc.getLeaseGrantMethod());
        BY_PATH.put("/v3/lease/revoke", LeaseGrpc.getLeaseRevokeMethod());
        BY_PATH.put("/v3/kv/lease/revoke", LeaseGrpc.getLeaseRevokeMethod());
        BY_PATH.put("/v3/lease/keepalive", LeaseGrpc.getLeaseKeepAliveMethod());
        BY_PATH.put("/v3/lease/timetolive", LeaseGrpc.getLeaseTimeToLiveMethod());
        BY_PATH.put("/v3/kv/lease/timetolive", LeaseGrpc.getLeaseTimeToLiveMethod());
        BY_PATH.put("/v3/lease/leases", LeaseGrpc.getLeaseLeasesMethod());
        BY_PATH.put("/v3/kv/lease/leases", LeaseGrpc.getLeaseLeasesMethod());
        BY_PATH.put("/v3/cluster/member/add", ClusterGrpc.getMemberAddMethod());
        BY_PATH.put("/v3/cluster/member/remove", ClusterGrpc.getMemberRemoveMethod());
        BY_PATH.put("/v3/cluster/member/update", ClusterGrpc.getMemberUpdateMethod());
        BY_PATH.put("/v3/cluster/member/list", ClusterGrpc.getMemberListMethod());
        BY_PATH.put("/v3/cluster/member/promote", ClusterGrpc.getMemberPromoteMethod());
        BY_PATH.put("/v3/maintenance/alarm", MaintenanceGrpc.getAlarmMethod());
        BY_PATH.put("/v3/maintenance/status", MaintenanceGrpc.getStatusMethod());
        BY_PATH.put("/v3/maintenance/defragment", MaintenanceGrpc.getDefragmentMethod());
        BY_PATH.put("/v3/maintenance/hash", MaintenanceGrpc.getHashMethod());
        BY_PATH.put("/v3/maintenance/hashkv", MaintenanceGrpc.getHashKVMethod());
        BY_PATH.put("/v3/maintenance/snapshot", MaintenanceGrpc.getSnapshotMethod());
        BY_PATH.put("/v3/maintenance/transfer-leadership", MaintenanceGrpc.getMoveLeaderMethod());
        BY_PATH.put("/v3/maintenance/downgrade", MaintenanceGrpc.getDowngradeMethod());
        BY_PATH.put("/v3/auth/enable", AuthGrpc.getAuthEnableMethod());
        BY_PATH.put("/v3/auth/disable", AuthGrpc.getAuthDisableMethod());
        BY_PATH.put("/v3/auth/status", AuthGrpc.getAuthStatusMethod());
        BY_PATH.put("/v3/auth/authenticate", AuthGrpc.getAuthenticateMethod());
        BY_PATH.put("/v3/auth/user/add", AuthGrpc.getUserAddMethod());
        BY_PATH.put("/v3/auth/user/get", AuthGrpc.getUserGetMethod());
        BY_PATH.put("/v3/auth/user/list", AuthGrpc.getUserListMethod());
        BY_PATH.put("/v3/auth/user/delete", AuthGrpc.getUserDeleteMethod());
        BY_PATH.put("/v3/auth/user/changepw", AuthGrpc.getUserChangePasswordMethod());
        BY_PATH.put("/v3/auth/user/grant", AuthGrpc.getUserGrantRoleMethod());
        BY_PATH.put("/v3/auth/user/revoke", AuthGrpc.getUserRevokeRoleMethod());
        BY_PATH.put("/v3/auth/role/add", AuthGrpc.getRoleAddMethod());
        BY_PATH.put("/v3/auth/role/get", AuthGrpc.getRoleGetMethod());
        BY_PATH.put("/v3/auth/role/list", AuthGrpc.getRoleListMethod());
        BY_PATH.put("/v3/auth/role/delete", AuthGrpc.getRoleDeleteMethod());
        BY_PATH.put("/v3/auth/role/grant", AuthGrpc.getRoleGrantPermissionMethod());
        BY_PATH.put("/v3/auth/role/revoke", AuthGrpc.getRoleRevokePermissionMethod());
        BY_PATH.put("/v3/election/campaign", ElectionGrpc.getCampaignMethod());
        BY_PATH.put("/v3/election/proclaim", ElectionGrpc.getProclaimMethod());
        BY_PATH.put("/v3/election/leader", ElectionGrpc.getLeaderMethod());
        BY_PATH.put("/v3/election/observe", ElectionGrpc.getObserveMethod());
        BY_PATH.put("/v3/election/resign", ElectionGrpc.getResignMethod());
        BY_PATH.put("/v3/lock/lock", LockGrpc.getLockMethod());
        BY_PATH.put("/v3/lock/unlock", LockGrpc.getUnlockMethod());
    }

    private Routes() {}

    /** The call of a path; null for a path that has none. */
    static @Nullable MethodDescriptor<?, ?> find(String path) {
        return BY_PATH.get(path);
    }

    /** All paths and their calls. */
    static Map<String, MethodDescriptor<?, ?>> all() {
        return Map.copyOf(BY_PATH);
    }
}
