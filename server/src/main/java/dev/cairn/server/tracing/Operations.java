package dev.cairn.server.tracing;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The spans within calls: etcd's names and attributes. Pure functions. */
final class Operations {
    static final AttributeKey<Long> ID = AttributeKey.longKey("id");

    private static final AttributeKey<String> KEY = AttributeKey.stringKey("key");
    private static final AttributeKey<String> RANGE_BEGIN = AttributeKey.stringKey("range_begin");
    private static final AttributeKey<String> RANGE_END = AttributeKey.stringKey("range_end");
    private static final AttributeKey<Long> REVISION = AttributeKey.longKey("rev");
    private static final AttributeKey<Boolean> COUNT_ONLY = AttributeKey.booleanKey("count_only");
    private static final AttributeKey<Long> LIMIT = AttributeKey.longKey("limit");

    /** @param reads whether it does without the log */
    record Operation(String name, Attributes attributes, boolean reads) {}

    private Operations() {}

    /**
     * What a request is for; null for calls that have no span within.
     *
     * @param inParts whether a range is answered in several messages
     * @param grantedLease the lease that was or would have been granted
     */
    static @Nullable Operation of(Object request, boolean inParts, long grantedLease) {
        if (request instanceof RangeRequest range) {
            return new Operation(inParts ? "range_streaming" : "range", range(range, inParts), true);
        }
        if (request instanceof PutRequest put) {
            return new Operation("put", Attributes.of(KEY, text(put.getKey())), false);
        }
        if (request instanceof DeleteRangeRequest delete) {
            return new Operation(
                    "delete_range",
                    Attributes.of(RANGE_BEGIN, text(delete.getKey()), RANGE_END, text(delete.getRangeEnd())),
                    false);
        }
        if (request instanceof TxnRequest txn) {
            return new Operation("txn", txn(txn), reads(txn));
        }
        if (request instanceof CompactionRequest compaction) {
            return new Operation(
                    "compact",
                    Attributes.builder()
                            .put("is_physical", compaction.getPhysical())
                            .put(REVISION, compaction.getRevision())
                            .build(),
                    false);
        }
        if (request instanceof LeaseGrantRequest grant) {
            return new Operation(
                    "lease_grant",
                    Attributes.builder()
                            .put(ID, grant.getID() == 0 ? grantedLease : grant.getID())
                            .put("ttl", grant.getTTL())
                            .build(),
                    false);
        }
        if (request instanceof LeaseRevokeRequest revocation) {
            return new Operation("lease_revoke", Attributes.of(ID, revocation.getID()), false);
        }
        return null;
    }

    static Attributes watch(WatchCreateRequest create) {
        return Attributes.builder()
                .put(KEY, create.getKey().isEmpty() ? "\0" : text(create.getKey()))
                .put(RANGE_END, isOpen(create.getRangeEnd()) ? "" : text(create.getRangeEnd()))
                .put("start_rev", create.getStartRevision())
                .put("progress_notify", create.getProgressNotify())
                .put("prev_kv", create.getPrevKv())
                .put("fragment", create.getFragment())
                .build();
    }

    /** Whether the range goes on to the last key. */
    private static boolean isOpen(ByteString rangeEnd) {
        return rangeEnd.size() == 1 && rangeEnd.byteAt(0) == 0;
    }

    private static Attributes range(RangeRequest range, boolean inParts) {
        AttributesBuilder attributes = Attributes.builder()
                .put(RANGE_BEGIN, text(range.getKey()))
                .put(RANGE_END, text(range.getRangeEnd()))
                .put(REVISION, range.getRevision())
                .put(LIMIT, range.getLimit())
                .put(COUNT_ONLY, range.getCountOnly());
        if (!inParts) {
            attributes.put("keys_only", range.getKeysOnly());
        }
        return attributes.build();
    }

    private static Attributes txn(TxnRequest txn) {
        List<RequestOp> success = txn.getSuccessList();
        return Attributes.builder()
                .put(
                        "compare_first_key",
                        firstText(txn.getCompareList().stream()
                                .map(Compare::getKey)
                                .map(Operations::text)))
                .put("success_first_key", firstText(success.stream().map(Operations::keyOf)))
                .put("success_first_type", firstText(success.stream().map(Operations::typeOf)))
                .put("success_first_lease", firstLease(success))
                .put("compare_len", txn.getCompareCount())
                .put("success_len", txn.getSuccessCount())
                .put("failure_len", txn.getFailureCount())
                .put("read_only", reads(txn))
                .build();
    }

    private static String firstText(Stream<String> texts) {
        return texts.filter(text -> !text.isEmpty()).findFirst().orElse("");
    }

    private static long firstLease(List<RequestOp> operations) {
        return operations.stream()
                .filter(RequestOp::hasRequestPut)
                .mapToLong(op -> op.getRequestPut().getLease())
                .findFirst()
                .orElse(-1);
    }

    private static boolean reads(TxnRequest txn) {
        return txn.getSuccessList().stream().allMatch(RequestOp::hasRequestRange)
                && txn.getFailureList().stream().allMatch(RequestOp::hasRequestRange);
    }

    private static String keyOf(RequestOp op) {
        return switch (op.getRequestCase()) {
            case REQUEST_RANGE -> text(op.getRequestRange().getKey());
            case REQUEST_PUT -> text(op.getRequestPut().getKey());
            case REQUEST_DELETE_RANGE -> text(op.getRequestDeleteRange().getKey());
            default -> "";
        };
    }

    private static String typeOf(RequestOp op) {
        return switch (op.getRequestCase()) {
            case REQUEST_RANGE -> "range";
            case REQUEST_PUT -> "put";
            case REQUEST_DELETE_RANGE -> "delete_range";
            case REQUEST_TXN -> "txn";
            case REQUEST_NOT_SET -> "";
        };
    }

    private static String text(ByteString bytes) {
        return bytes.toStringUtf8();
    }
}
