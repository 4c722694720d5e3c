package dev.cairn.server.apply;

import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequestOrBuilder;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * How much the store may hold. Sizes are bytes of live pages, so space that was freed counts as room at once. Thread-safe.
 */
public final class Quota {
    /** What etcd means by no limit given. */
    public static final long DEFAULT_BYTES = 2L << 30;

    /** What a put and a lease cost beside their own bytes, as etcd estimates it. */
    private static final long PUT_OVERHEAD_BYTES = 256;

    private static final long LEASE_BYTES = 64;

    private final long limitBytes;
    private final LongSupplier bytesInUse;
    private final AtomicBoolean exceeded = new AtomicBoolean();

    /** @param flagBytes the value of the flag: 0 means the default, a negative one no limit */
    public Quota(long flagBytes, LongSupplier bytesInUse) {
        this.limitBytes = flagBytes == 0 ? DEFAULT_BYTES : flagBytes;
        this.bytesInUse = bytesInUse;
    }

    /** The limit as the status call shows it; negative when there is none. */
    public long limitBytes() {
        return limitBytes;
    }

    /** What counts against the limit at this moment. */
    public long bytesInUse() {
        return bytesInUse.getAsLong();
    }

    /** Whether the store has room for what the request may write. */
    public boolean hasRoomFor(InternalRaftRequestOrBuilder request) {
        if (limitBytes < 0) {
            return true;
        }
        long cost;
        if (request.hasPut()) {
            cost = cost(request.getPut());
        } else if (request.hasTxn()) {
            cost = cost(request.getTxn());
        } else if (request.hasLeaseGrant()) {
            cost = LEASE_BYTES;
        } else {
            return true;
        }
        if (cost == 0 || bytesInUse.getAsLong() + cost < limitBytes) {
            return true;
        }
        exceeded.set(true);
        return false;
    }

    /** Whether anything was refused for want of room since this was last asked. */
    boolean takeExceeded() {
        return exceeded.getAndSet(false);
    }

    /** Whether the request is one that an exceeded quota forbids. */
    static boolean isLimited(InternalRaftRequest request) {
        return request.hasPut() || request.hasLeaseGrant() || (request.hasTxn() && hasPut(request.getTxn()));
    }

    private static long cost(PutRequest put) {
        return PUT_OVERHEAD_BYTES + put.getKey().size() + put.getValue().size();
    }

    /** A transaction costs what its dearer branch does. */
    private static long cost(TxnRequest txn) {
        return Math.max(cost(txn.getSuccessList()), cost(txn.getFailureList()));
    }

    private static long cost(List<RequestOp> branch) {
        long sum = 0;
        for (RequestOp operation : branch) {
            if (operation.hasRequestPut()) {
                sum += cost(operation.getRequestPut());
            } else if (operation.hasRequestTxn()) {
                sum += cost(operation.getRequestTxn());
            }
        }
        return sum;
    }

    private static boolean hasPut(TxnRequest txn) {
        return hasPut(txn.getSuccessList()) || hasPut(txn.getFailureList());
    }

    private static boolean hasPut(List<RequestOp> branch) {
        return branch.stream().anyMatch(op -> op.hasRequestPut() || (op.hasRequestTxn() && hasPut(op.getRequestTxn())));
    }
}
