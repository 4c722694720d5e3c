package dev.cairn.mvcc;

import dev.cairn.mvcc.KvException.Reason;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates one transaction in three passes, so that one which must fail fails before it has written.
 *
 * <ol>
 *   <li>Compares: which branch is taken, of nested transactions too. All see the state before the transaction.
 *   <li>Checks: every put and range of the branches taken, in order; of a put first what it keeps, then its lease.
 *   <li>Operations, in order; each sees the effects of those before it.
 * </ol>
 *
 * <p>An operation without a request is KEY_NOT_FOUND, as in etcd. Confined to the thread of the call. Recursion is as deep as transactions are nested, which the wire format bounds.
 */
final class TxnEvaluator {
    private final StoreState state;
    private final StoreMeter meter;
    private final LeaseAttachments leases;
    private final ReadView view;
    private final long current;
    private final @Nullable WriteScope scope;

    // The branch taken by each transaction of the request that is evaluated, in the order in which they begin.
    private final Queue<Boolean> branches = new ArrayDeque<>();

    /** Operations since the last transaction of etcd's would have begun. */
    private int metered;

    private TxnEvaluator(
            StoreState state,
            StoreMeter meter,
            LeaseAttachments leases,
            ReadView view,
            long current,
            @Nullable WriteScope scope) {
        this.state = state;
        this.meter = meter;
        this.leases = leases;
        this.view = view;
        this.current = current;
        this.scope = scope;
    }

    /** Evaluates on the apply loop. */
    static TxnResponse write(
            TxnRequest request, StoreState state, StoreMeter meter, LeaseAttachments leases, WriteScope scope)
            throws KvException {
        return new TxnEvaluator(state, meter, leases, scope.view(), state.current(), scope).evaluate(request);
    }

    /** Evaluates compares and ranges at the given revision. */
    static TxnResponse read(
            TxnRequest request,
            StoreState state,
            StoreMeter meter,
            LeaseAttachments leases,
            ReadView view,
            long current)
            throws KvException {
        return new TxnEvaluator(state, meter, leases, view, current, null).evaluate(request);
    }

    private TxnResponse evaluate(TxnRequest request) throws KvException {
        chooseBranches(request);
        List<RequestOp> taken = new ArrayList<>();
        collect(request, new ArrayDeque<>(branches), taken);
        for (RequestOp op : taken) {
            if (op.getRequestCase() == RequestOp.RequestCase.REQUEST_NOT_SET) {
                throw new KvException(Reason.KEY_NOT_FOUND);
            }
            if (op.hasRequestPut()) {
                checkLease(op.getRequestPut(), leases);
                checkKept(op.getRequestPut(), view);
            }
            if (op.hasRequestRange()) {
                checkRange(op.getRequestRange());
            }
        }
        if (scope != null) {
            // Etcd reads before it writes, each in a transaction of its own.
            meterTxn();
        }
        TxnResponse.Builder response = execute(request);
        meterTxn();
        return response.setHeader(header(revision())).build();
    }

    private void meterTxn() {
        if (metered > 1) {
            meter.onTxn();
        }
        metered = 0;
    }

    private void chooseBranches(TxnRequest request) {
        boolean succeeded = true;
        for (Compare compare : request.getCompareList()) {
            if (!holds(compare)) {
                succeeded = false;
                break;
            }
        }
        branches.add(succeeded);
        for (RequestOp op : branch(request, succeeded)) {
            if (op.hasRequestTxn()) {
                chooseBranches(op.getRequestTxn());
            }
        }
    }

    private static List<RequestOp> branch(TxnRequest request, boolean succeeded) {
        return succeeded ? request.getSuccessList() : request.getFailureList();
    }

    private static void collect(TxnRequest request, Queue<Boolean> taken, List<RequestOp> into) {
        for (RequestOp op : branch(request, taken.remove())) {
            if (op.hasRequestTxn()) {
                collect(op.getRequestTxn(), taken, into);
            } else {
                into.add(op);
            }
        }
    }

    // Compares.

    private boolean holds(Compare compare) {
        meter.onRange();
        metered++;
        KeyRange range = KeyRange.of(compare.getKey(), compare.getRangeEnd());
        RangeCursor cursor = view.range(range, current);
        if (!cursor.next()) {
            // A value that does not exist is neither equal nor unequal to anything.
            return compare.getTarget() != Compare.CompareTarget.VALUE && holds(compare, null);
        }
        do {
            if (!holds(compare, cursor)) {
                return false;
            }
        } while (cursor.next());
        return true;
    }

    private static boolean holds(Compare compare, @Nullable RangeCursor key) {
        int order = switch (compare.getTarget()) {
            case VALUE ->
                key == null ? 0 : KeyRange.KEY_ORDER.compare(key.decoded().getValue(), compare.getValue());
            case CREATE -> Long.compare(key == null ? 0 : key.create(), compare.getCreateRevision());
            case MOD -> Long.compare(key == null ? 0 : key.revision().main(), compare.getModRevision());
            case VERSION -> Long.compare(key == null ? 0 : key.versionNumber(), compare.getVersion());
            case LEASE -> Long.compare(key == null ? 0 : key.lease(), compare.getLease());
            // etcd lets an unknown target pass as equal, and an unknown result as true.
            case UNRECOGNIZED -> 0;
        };
        return switch (compare.getResult()) {
            case EQUAL -> order == 0;
            case NOT_EQUAL -> order != 0;
            case GREATER -> order > 0;
            case LESS -> order < 0;
            case UNRECOGNIZED -> true;
        };
    }

    // Checks.

    /** What a put keeps of its key's old value must be there. */
    static void checkKept(PutRequest put, ReadView view) throws KvException {
        if (put.getIgnoreValue() || put.getIgnoreLease()) {
            KeyState old = view.newest(put.getKey());
            if (old == null || old.tombstone()) {
                throw new KvException(Reason.KEY_NOT_FOUND);
            }
        }
    }

    static void checkLease(PutRequest put, LeaseAttachments leases) throws KvException {
        if (put.getLease() != 0 && !leases.exists(put.getLease())) {
            throw new KvException(Reason.LEASE_NOT_FOUND);
        }
    }

    private void checkRange(RangeRequest range) throws KvException {
        if (range.getRevision() != 0) {
            state.checkReadable(range.getRevision(), current);
        }
    }

    // Operations.

    private TxnResponse.Builder execute(TxnRequest request) throws KvException {
        boolean succeeded = branches.remove();
        TxnResponse.Builder response = TxnResponse.newBuilder().setSucceeded(succeeded);
        for (RequestOp op : branch(request, succeeded)) {
            response.addResponses(execute(op));
        }
        return response;
    }

    private ResponseOp execute(RequestOp op) throws KvException {
        ResponseOp.Builder response = ResponseOp.newBuilder();
        switch (op.getRequestCase()) {
            case REQUEST_RANGE ->
                response.setResponseRange(range(op.getRequestRange()).toResponse());
            case REQUEST_PUT -> {
                metered += meterPut(meter, op.getRequestPut());
                response.setResponsePut(writer().put(op.getRequestPut()));
            }
            case REQUEST_DELETE_RANGE -> {
                metered += meterDelete(meter, op.getRequestDeleteRange());
                response.setResponseDeleteRange(writer().deleteRange(op.getRequestDeleteRange()));
            }
            case REQUEST_TXN ->
                response.setResponseTxn(execute(op.getRequestTxn()).setHeader(ResponseHeader.getDefaultInstance()));
            case REQUEST_NOT_SET -> throw new IllegalArgumentException("an operation without a request");
        }
        return response.build();
    }

    /** Counts a put, and what is read for it; how many operations that is. */
    static int meterPut(StoreMeter meter, PutRequest put) {
        meter.onPut((long) put.getKey().size() + put.getValue().size());
        if (put.getPrevKv() || put.getIgnoreValue() || put.getIgnoreLease()) {
            meter.onRange();
            return 2;
        }
        return 1;
    }

    /** Counts a deletion, and what is read for it; how many operations that is. */
    static int meterDelete(StoreMeter meter, DeleteRangeRequest delete) {
        meter.onDelete();
        if (delete.getPrevKv()) {
            meter.onRange();
            return 2;
        }
        return 1;
    }

    private RangeResult range(RangeRequest request) throws KvException {
        meter.onRange();
        metered++;
        long main = request.getRevision() > 0 ? request.getRevision() : revision();
        return new RangeQuery(request).evaluate(view, main, revision());
    }

    private WriteScope writer() {
        if (scope == null) {
            throw new IllegalArgumentException("a write in a transaction that only reads");
        }
        return scope;
    }

    private long revision() {
        return scope == null ? current : scope.revision();
    }

    private static ResponseHeader header(long revision) {
        return ResponseHeader.newBuilder().setRevision(revision).build();
    }
}
