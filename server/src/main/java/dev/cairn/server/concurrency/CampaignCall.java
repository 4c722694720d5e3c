package dev.cairn.server.concurrency;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.v3electionpb.CampaignRequest;
import dev.cairn.proto.v3electionpb.CampaignResponse;
import dev.cairn.proto.v3electionpb.LeaderKey;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;

/**
 * {@code Campaign}: a candidate who has entered before goes on with its key, and its new value is put into it at once.
 * Confined to the event loop of the call.
 */
final class CampaignCall extends Contender<CampaignResponse> {
    private final ByteString value;

    /** The header of the entry, which the answer carries however long the wait was. */
    private ResponseHeader header = ResponseHeader.getDefaultInstance();

    CampaignCall(MemberCalls calls, CampaignRequest request, Reply<CampaignResponse> reply) {
        super(calls, request.getName(), request.getLease(), reply);
        this.value = request.getValue();
    }

    @Override
    TxnRequest entering() {
        return TxnRequest.newBuilder()
                .addCompare(Keys.createdAt(key, 0))
                .addSuccess(Keys.put(key, value, lease))
                .addFailure(Keys.range(Keys.only(key)))
                .build();
    }

    @Override
    void entered(TxnResponse response) {
        header = response.getHeader();
        if (response.getSucceeded()
                || response.getResponses(0)
                        .getResponseRange()
                        .getKvs(0)
                        .getValue()
                        .equals(value)) {
            await();
            return;
        }
        TxnRequest proclamation = Elections.proclaiming(key, revision, value, lease);
        calls.call(KVGrpc.getTxnMethod(), proclamation, whileGoingOn(this::proclaimed, this::resign));
    }

    private void proclaimed(TxnResponse response) {
        if (response.getSucceeded()) {
            await();
        } else {
            resign(EtcdError.ELECTION_NOT_LEADER.status());
        }
    }

    private void resign(Status reason) {
        leave(() -> fail(reason));
    }

    @Override
    void leave(Runnable then) {
        calls.call(KVGrpc.getTxnMethod(), Elections.resigning(key, revision), new Reply<TxnResponse>() {
            @Override
            public void complete(TxnResponse response) {
                then.run();
            }

            @Override
            public void fail(Status status) {
                // The key ends with its lease.
                then.run();
            }
        });
    }

    @Override
    CampaignResponse won(RangeResponse ownKey) {
        LeaderKey leader = LeaderKey.newBuilder()
                .setName(name)
                .setKey(key)
                .setRev(revision)
                .setLease(lease)
                .build();
        return CampaignResponse.newBuilder().setHeader(header).setLeader(leader).build();
    }

    @Override
    EtcdError lost() {
        return EtcdError.ELECTION_NOT_LEADER;
    }
}
