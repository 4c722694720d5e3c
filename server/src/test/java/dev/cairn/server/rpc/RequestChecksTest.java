package dev.cairn.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.server.api.EtcdError;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RequestChecksTest {
    private static final int MAX = 128;

    @Test
    void shouldRefuseEmptyKeysAndUnknownSortOptions() {
        assertThat(RequestChecks.range(RangeRequest.getDefaultInstance())).isEqualTo(EtcdError.EMPTY_KEY);
        assertThat(RequestChecks.range(RangeRequest.newBuilder()
                        .setKey(text("a"))
                        .setSortOrderValue(3)
                        .build()))
                .isEqualTo(EtcdError.INVALID_SORT_OPTION);
        assertThat(RequestChecks.range(RangeRequest.newBuilder()
                        .setKey(text("a"))
                        .setSortTargetValue(9)
                        .build()))
                .isEqualTo(EtcdError.INVALID_SORT_OPTION);
        assertThat(RequestChecks.put(PutRequest.getDefaultInstance())).isEqualTo(EtcdError.EMPTY_KEY);
        assertThat(RequestChecks.deleteRange(DeleteRangeRequest.getDefaultInstance()))
                .isEqualTo(EtcdError.EMPTY_KEY);
    }

    @Test
    void shouldRefuseWhatIsToBeIgnoredAndGivenAllTheSame() {
        assertThat(RequestChecks.put(PutRequest.newBuilder()
                        .setKey(text("a"))
                        .setValue(text("v"))
                        .setIgnoreValue(true)
                        .build()))
                .isEqualTo(EtcdError.VALUE_PROVIDED);
        assertThat(RequestChecks.put(PutRequest.newBuilder()
                        .setKey(text("a"))
                        .setLease(1)
                        .setIgnoreLease(true)
                        .build()))
                .isEqualTo(EtcdError.LEASE_PROVIDED);
    }

    @Test
    void shouldLimitTheOperationsOfTheLargestPartAndOfWhatIsNested() {
        TxnRequest.Builder full = TxnRequest.newBuilder();
        for (int i = 0; i < MAX; i++) {
            full.addFailure(put("k" + i));
        }
        assertThat(RequestChecks.txn(full.build(), MAX)).isNull();
        assertThat(RequestChecks.txn(full.addFailure(put("x")).build(), MAX)).isEqualTo(EtcdError.TOO_MANY_OPERATIONS);

        TxnRequest inner = TxnRequest.newBuilder()
                .addSuccess(put("a"))
                .addSuccess(put("b"))
                .build();
        TxnRequest outer = TxnRequest.newBuilder().addSuccess(nested(inner)).build();
        assertThat(RequestChecks.txn(outer, 3)).isNull();
        assertThat(RequestChecks.txn(outer, 2)).isEqualTo(EtcdError.TOO_MANY_OPERATIONS);
    }

    @Test
    void shouldRefuseOperationsWithoutRequestAndComparesWithoutKey() {
        assertThat(RequestChecks.txn(
                        TxnRequest.newBuilder()
                                .addSuccess(RequestOp.getDefaultInstance())
                                .build(),
                        MAX))
                .isEqualTo(EtcdError.KEY_NOT_FOUND);
        assertThat(RequestChecks.txn(
                        TxnRequest.newBuilder()
                                .addCompare(Compare.getDefaultInstance())
                                .build(),
                        MAX))
                .isEqualTo(EtcdError.EMPTY_KEY);
    }

    @Test
    void shouldRefuseKeysThatOneBranchWritesTwice() {
        assertThat(branch(put("a"), put("a"))).isEqualTo(EtcdError.DUPLICATE_KEY);
        assertThat(branch(put("b"), delete("a", "c"))).isEqualTo(EtcdError.DUPLICATE_KEY);
        assertThat(branch(delete("a", ""), put("a"))).isEqualTo(EtcdError.DUPLICATE_KEY);
        assertThat(branch(
                        put("a"),
                        nested(TxnRequest.newBuilder().addFailure(put("a")).build())))
                .isEqualTo(EtcdError.DUPLICATE_KEY);
        assertThat(branch(
                        put("a"),
                        nested(TxnRequest.newBuilder()
                                .addSuccess(delete("a", "b"))
                                .build())))
                .isEqualTo(EtcdError.DUPLICATE_KEY);
    }

    @Test
    void shouldAllowOverlappingDeletesAndTheSameKeyInBranchesThatExcludeEachOther() {
        assertThat(branch(delete("a", "c"), delete("b", "d"))).isNull();
        assertThat(branch(put("c"), delete("a", "c"))).isNull();
        assertThat(RequestChecks.txn(
                        TxnRequest.newBuilder()
                                .addSuccess(put("a"))
                                .addFailure(put("a"))
                                .build(),
                        MAX))
                .isNull();
        assertThat(branch(nested(TxnRequest.newBuilder()
                        .addSuccess(put("a"))
                        .addFailure(put("a"))
                        .build())))
                .isNull();
    }

    private static @Nullable EtcdError branch(RequestOp... operations) {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        for (RequestOp operation : operations) {
            txn.addSuccess(operation);
        }
        return RequestChecks.txn(txn.build(), MAX);
    }

    private static RequestOp put(String key) {
        return RequestOp.newBuilder()
                .setRequestPut(PutRequest.newBuilder().setKey(text(key)))
                .build();
    }

    private static RequestOp delete(String key, String end) {
        return RequestOp.newBuilder()
                .setRequestDeleteRange(
                        DeleteRangeRequest.newBuilder().setKey(text(key)).setRangeEnd(text(end)))
                .build();
    }

    private static RequestOp nested(TxnRequest txn) {
        return RequestOp.newBuilder().setRequestTxn(txn).build();
    }

    private static ByteString text(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
