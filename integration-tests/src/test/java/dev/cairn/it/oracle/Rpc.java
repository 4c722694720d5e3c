package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3lockpb.LockGrpc;
import io.grpc.MethodDescriptor;

/** The RPCs that a differential run calls one at a time; watches have {@link WatchLane}. Immutable. */
enum Rpc {
    RANGE(KVGrpc.getRangeMethod()),
    RANGE_STREAM(KVGrpc.getRangeStreamMethod()),
    PUT(KVGrpc.getPutMethod()),
    DELETE_RANGE(KVGrpc.getDeleteRangeMethod()),
    TXN(KVGrpc.getTxnMethod()),
    COMPACT(KVGrpc.getCompactMethod()),
    LEASE_GRANT(LeaseGrpc.getLeaseGrantMethod()),
    LEASE_REVOKE(LeaseGrpc.getLeaseRevokeMethod()),
    LEASE_KEEP_ALIVE(LeaseGrpc.getLeaseKeepAliveMethod()),
    LEASE_TIME_TO_LIVE(LeaseGrpc.getLeaseTimeToLiveMethod()),
    LEASE_LEASES(LeaseGrpc.getLeaseLeasesMethod()),
    HASH_KV(MaintenanceGrpc.getHashKVMethod()),
    STATUS(MaintenanceGrpc.getStatusMethod()),
    ALARM(MaintenanceGrpc.getAlarmMethod()),
    DEFRAGMENT(MaintenanceGrpc.getDefragmentMethod()),
    MOVE_LEADER(MaintenanceGrpc.getMoveLeaderMethod()),
    DOWNGRADE(MaintenanceGrpc.getDowngradeMethod()),
    MEMBER_LIST(ClusterGrpc.getMemberListMethod()),
    MEMBER_ADD(ClusterGrpc.getMemberAddMethod()),
    MEMBER_REMOVE(ClusterGrpc.getMemberRemoveMethod()),
    MEMBER_UPDATE(ClusterGrpc.getMemberUpdateMethod()),
    MEMBER_PROMOTE(ClusterGrpc.getMemberPromoteMethod()),
    AUTHENTICATE(AuthGrpc.getAuthenticateMethod()),
    AUTH_ENABLE(AuthGrpc.getAuthEnableMethod()),
    AUTH_DISABLE(AuthGrpc.getAuthDisableMethod()),
    AUTH_STATUS(AuthGrpc.getAuthStatusMethod()),
    USER_ADD(AuthGrpc.getUserAddMethod()),
    USER_GET(AuthGrpc.getUserGetMethod()),
    USER_LIST(AuthGrpc.getUserListMethod()),
    USER_DELETE(AuthGrpc.getUserDeleteMethod()),
    USER_CHANGE_PASSWORD(AuthGrpc.getUserChangePasswordMethod()),
    USER_GRANT_ROLE(AuthGrpc.getUserGrantRoleMethod()),
    USER_REVOKE_ROLE(AuthGrpc.getUserRevokeRoleMethod()),
    ROLE_ADD(AuthGrpc.getRoleAddMethod()),
    ROLE_GET(AuthGrpc.getRoleGetMethod()),
    ROLE_LIST(AuthGrpc.getRoleListMethod()),
    ROLE_DELETE(AuthGrpc.getRoleDeleteMethod()),
    ROLE_GRANT_PERMISSION(AuthGrpc.getRoleGrantPermissionMethod()),
    ROLE_REVOKE_PERMISSION(AuthGrpc.getRoleRevokePermissionMethod()),
    LOCK(LockGrpc.getLockMethod()),
    UNLOCK(LockGrpc.getUnlockMethod()),
    CAMPAIGN(ElectionGrpc.getCampaignMethod()),
    PROCLAIM(ElectionGrpc.getProclaimMethod()),
    LEADER(ElectionGrpc.getLeaderMethod()),
    RESIGN(ElectionGrpc.getResignMethod());

    private final MethodDescriptor<? extends Message, ? extends Message> method;

    Rpc(MethodDescriptor<? extends Message, ? extends Message> method) {
        this.method = method;
    }

    @SuppressWarnings("unchecked") // Every method above takes and returns messages; the call supplies the right one.
    MethodDescriptor<Message, Message> method() {
        return (MethodDescriptor<Message, Message>) method;
    }
}
