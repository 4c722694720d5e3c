package dev.cairn.server.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import org.junit.jupiter.api.Test;

class QuotaTest {
    private long inUse;

    @Test
    void shouldAdmitWhatStaysBelowTheLimit() {
        Quota quota = new Quota(1000, () -> inUse);
        InternalRaftRequest put = put(10);

        inUse = 1000 - 256 - 1 - 10 - 1;
        assertThat(quota.hasRoomFor(put)).isTrue();
        inUse++;
        assertThat(quota.hasRoomFor(put)).isFalse();
    }

    @Test
    void shouldCountTheDearerBranchOfATransaction() {
        Quota quota = new Quota(1000, () -> inUse);
        InternalRaftRequest txn = InternalRaftRequest.newBuilder()
                .setTxn(TxnRequest.newBuilder()
                        .addSuccess(RequestOp.newBuilder().setRequestPut(put(1).getPut()))
                        .addFailure(RequestOp.newBuilder().setRequestPut(put(600).getPut())))
                .build();

        inUse = 1000 - 256 - 1 - 600;
        assertThat(quota.hasRoomFor(txn)).isFalse();
        inUse--;
        assertThat(quota.hasRoomFor(txn)).isTrue();
    }

    @Test
    void shouldNeverStandInTheWayOfWhatFreesSpace() {
        Quota quota = new Quota(1000, () -> 5000);
        InternalRaftRequest delete = InternalRaftRequest.newBuilder()
                .setDeleteRange(DeleteRangeRequest.newBuilder().setKey(ByteString.copyFromUtf8("a")))
                .build();

        assertThat(quota.hasRoomFor(delete)).isTrue();
        assertThat(Quota.isLimited(delete)).isFalse();
        assertThat(quota.hasRoomFor(put(1))).isFalse();
        assertThat(quota.hasRoomFor(InternalRaftRequest.newBuilder()
                        .setLeaseGrant(LeaseGrantRequest.getDefaultInstance())
                        .build()))
                .isFalse();
    }

    @Test
    void shouldTakeZeroForTheDefaultAndANegativeValueForNoLimit() {
        assertThat(new Quota(0, () -> 0).limitBytes()).isEqualTo(2L << 30);
        assertThat(new Quota(-1, () -> Long.MAX_VALUE).hasRoomFor(put(1))).isTrue();
    }

    private static InternalRaftRequest put(int valueBytes) {
        return InternalRaftRequest.newBuilder()
                .setPut(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8("k"))
                        .setValue(ByteString.copyFrom(new byte[valueBytes])))
                .build();
    }
}
