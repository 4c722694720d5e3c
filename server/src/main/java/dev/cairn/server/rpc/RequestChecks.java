package dev.cairn.server.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.server.api.EtcdError;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What can be said against a request without looking at the store, in the order in which etcd says it. Pure functions;
 * each answers null when there is nothing to say.
 */
final class RequestChecks {
    private RequestChecks() {}

    static @Nullable EtcdError range(RangeRequest request) {
        if (request.getKey().isEmpty()) {
            return EtcdError.EMPTY_KEY;
        }
        if (request.getSortOrder() == RangeRequest.SortOrder.UNRECOGNIZED
                || request.getSortTarget() == RangeRequest.SortTarget.UNRECOGNIZED) {
            return EtcdError.INVALID_SORT_OPTION;
        }
        return null;
    }

    static @Nullable EtcdError put(PutRequest request) {
        if (request.getKey().isEmpty()) {
            return EtcdError.EMPTY_KEY;
        }
        if (request.getIgnoreValue() && !request.getValue().isEmpty()) {
            return EtcdError.VALUE_PROVIDED;
        }
        if (request.getIgnoreLease() && request.getLease() != 0) {
            return EtcdError.LEASE_PROVIDED;
        }
        return null;
    }

    static @Nullable EtcdError deleteRange(DeleteRangeRequest request) {
        return request.getKey().isEmpty() ? EtcdError.EMPTY_KEY : null;
    }

    static @Nullable EtcdError txn(TxnRequest request, int operationsMax) {
        EtcdError error = shape(request, operationsMax);
        if (error == null) {
            error = Writes.of(request.getSuccessList()).error;
        }
        if (error == null) {
            error = Writes.of(request.getFailureList()).error;
        }
        return error;
    }

    /** Whether no operation of either branch can write. A nested transaction counts as one that can, as in etcd. */
    static boolean isReadOnly(TxnRequest request) {
        return request.getSuccessList().stream().allMatch(RequestOp::hasRequestRange)
                && request.getFailureList().stream().allMatch(RequestOp::hasRequestRange);
    }

    /** Whether a read-only transaction may be answered from local state. */
    static boolean isSerializable(TxnRequest request) {
        return request.getSuccessList().stream()
                        .allMatch(op -> op.getRequestRange().getSerializable())
                && request.getFailureList().stream()
                        .allMatch(op -> op.getRequestRange().getSerializable());
    }

    private static @Nullable EtcdError shape(TxnRequest request, int operationsLeft) {
        int operations =
                Math.max(request.getCompareCount(), Math.max(request.getSuccessCount(), request.getFailureCount()));
        if (operations > operationsLeft) {
            return EtcdError.TOO_MANY_OPERATIONS;
        }
        for (Compare compare : request.getCompareList()) {
            if (compare.getKey().isEmpty()) {
                return EtcdError.EMPTY_KEY;
            }
        }
        EtcdError error = operations(request.getSuccessList(), operationsLeft - operations);
        return error != null ? error : operations(request.getFailureList(), operationsLeft - operations);
    }

    private static @Nullable EtcdError operations(List<RequestOp> operations, int operationsLeft) {
        for (RequestOp operation : operations) {
            EtcdError error = switch (operation.getRequestCase()) {
                case REQUEST_RANGE -> range(operation.getRequestRange());
                case REQUEST_PUT -> put(operation.getRequestPut());
                case REQUEST_DELETE_RANGE -> deleteRange(operation.getRequestDeleteRange());
                case REQUEST_TXN -> shape(operation.getRequestTxn(), operationsLeft);
                case REQUEST_NOT_SET -> EtcdError.KEY_NOT_FOUND;
            };
            if (error != null) {
                return error;
            }
        }
        return null;
    }

    /**
     * The keys that one branch puts and the ranges that it deletes, those of its nested transactions included: a key may
     * be put only once, and not be deleted as well. Deletes may overlap each other.
     *
     * <p>The branches of one nested transaction exclude each other, so each of them is held against the rest, but not
     * against the other. What a nested transaction deletes is held against the puts of the level above and of the nested
     * ones behind it, but not of those before it: so it is in etcd.
     */
    private static final class Writes {
        private final TreeSet<ByteString> puts = new TreeSet<>(KeyRange.KEY_ORDER);
        private final List<KeyRange> deletes = new ArrayList<>();
        private @Nullable EtcdError error;

        static Writes of(List<RequestOp> branch) {
            Writes all = new Writes();
            for (RequestOp operation : branch) {
                if (operation.hasRequestDeleteRange()) {
                    DeleteRangeRequest delete = operation.getRequestDeleteRange();
                    all.deletes.add(deleted(delete));
                }
            }
            for (RequestOp operation : branch) {
                if (operation.hasRequestTxn()) {
                    TxnRequest nested = operation.getRequestTxn();
                    Writes success = of(nested.getSuccessList());
                    Writes failure = of(nested.getFailureList());
                    if (all.error == null) {
                        all.error = success.error != null ? success.error : failure.error;
                    }
                    all.merge(success, failure);
                }
            }
            for (RequestOp operation : branch) {
                if (operation.hasRequestPut()) {
                    ByteString key = operation.getRequestPut().getKey();
                    if (!all.puts.add(key) || all.isDeleted(key)) {
                        all.fail();
                    }
                }
            }
            return all;
        }

        /** An end of one zero byte is taken for just that here, as etcd does, and then holds no key. */
        private static KeyRange deleted(DeleteRangeRequest delete) {
            return delete.getRangeEnd().isEmpty()
                    ? KeyRange.single(delete.getKey())
                    : new KeyRange(delete.getKey(), delete.getRangeEnd());
        }

        private void merge(Writes success, Writes failure) {
            for (Writes nested : List.of(success, failure)) {
                for (ByteString key : nested.puts) {
                    if (puts.contains(key) || isDeleted(key)) {
                        fail();
                    }
                }
            }
            puts.addAll(success.puts);
            puts.addAll(failure.puts);
            deletes.addAll(success.deletes);
            deletes.addAll(failure.deletes);
        }

        private boolean isDeleted(ByteString key) {
            return deletes.stream().anyMatch(range -> range.contains(key));
        }

        private void fail() {
            if (error == null) {
                error = EtcdError.DUPLICATE_KEY;
            }
        }
    }
}
