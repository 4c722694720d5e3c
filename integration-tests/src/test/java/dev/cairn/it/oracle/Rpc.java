package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
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
    HASH_KV(MaintenanceGrpc.getHashKVMethod());

    private final MethodDescriptor<? extends Message, ? extends Message> method;

    Rpc(MethodDescriptor<? extends Message, ? extends Message> method) {
        this.method = method;
    }

    @SuppressWarnings("unchecked") // Every method above takes and returns messages; the call supplies the right one.
    MethodDescriptor<Message, Message> method() {
        return (MethodDescriptor<Message, Message>) method;
    }
}
