package dev.cairn.server.concurrency;

import static dev.cairn.server.concurrency.FakeCalls.deletion;
import static dev.cairn.server.concurrency.FakeCalls.events;
import static dev.cairn.server.concurrency.FakeCalls.kv;
import static dev.cairn.server.concurrency.FakeCalls.put;
import static dev.cairn.server.concurrency.FakeCalls.range;
import static dev.cairn.server.concurrency.FakeCalls.txn;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.v3electionpb.CampaignRequest;
import dev.cairn.proto.v3electionpb.CampaignResponse;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.proto.v3lockpb.LockResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The steps of Lock and Campaign, with a member that the test plays. */
class ContenderTest {
    private final FakeCalls member = new FakeCalls();
    private final List<String> outcomes = new ArrayList<>();

    private <R> Reply<R> reply() {
        return new Reply<>() {
            @Override
            public void complete(R response) {
                outcomes.add(
                        response instanceof LockResponse lock
                                ? lock.getHeader().getRevision() + " "
                                        + lock.getKey().toStringUtf8()
                                : ((CampaignResponse) response).getLeader().getRev() + " "
                                        + ((CampaignResponse) response)
                                                .getLeader()
                                                .getKey()
                                                .toStringUtf8());
            }

            @Override
            public void fail(Status status) {
                outcomes.add(status.getCode() + ": " + status.getDescription());
            }
        };
    }

    private LockCall lock(long lease) {
        LockRequest request = LockRequest.newBuilder()
                .setName(ByteString.copyFromUtf8("l"))
                .setLease(lease)
                .build();
        LockCall call = new LockCall(member, request, reply());
        call.start();
        return call;
    }

    private CampaignCall campaign(long lease, String value) {
        CampaignRequest request = CampaignRequest.newBuilder()
                .setName(ByteString.copyFromUtf8("e"))
                .setLease(lease)
                .setValue(ByteString.copyFromUtf8(value))
                .build();
        CampaignCall call = new CampaignCall(member, request, reply());
        call.start();
        return call;
    }

    /** A lock with lease 10 that waits for l/1, which was created at revision 5; its own key at 9. */
    private LockCall waitingLock() {
        LockCall call = lock(16);
        member.next("Txn").answer(txn(9, true, range(9, kv("l/1", 5, 5, ""))));
        member.next("Range").answer(range(11, kv("l/1", 5, 5, "")));
        return call;
    }

    @Test
    void shouldTakeAFreeLockWithOneTransaction() {
        lock(-255);
        FakeCalls.Asked entry = member.next("Txn");
        TxnRequest txn = (TxnRequest) entry.request();
        assertThat(txn.getSuccess(0).getRequestPut().getKey().toStringUtf8()).isEqualTo("l/-ff");
        assertThat(txn.getSuccess(0).getRequestPut().getLease()).isEqualTo(-255);
        entry.answer(txn(9, true, range(9, kv("l/-ff", 9, 9, ""))));
        assertThat(outcomes).containsExactly("9 l/-ff");
        assertThat(member.asked).isEmpty();
        assertThat(member.watches).isEmpty();
    }

    @Test
    void shouldWatchTheOneBeforeAndLookAgain() {
        waitingLock();
        FakeCalls.FakeWatch first = member.watch();
        assertThat(first.request.getKey().toStringUtf8()).isEqualTo("l/1");
        assertThat(first.request.getStartRevision()).isEqualTo(11);
        first.respond(WatchResponse.newBuilder().setCreated(true).build());
        first.respond(events(12, put(kv("l/1", 5, 12, "x"))));
        assertThat(member.asked).isEmpty();
        first.respond(events(13, deletion("l/1")));
        assertThat(first.cancelled).isTrue();
        FakeCalls.Asked look = member.next("Range");
        RangeRequest request = (RangeRequest) look.request();
        assertThat(request.getMaxCreateRevision()).isEqualTo(8);
        assertThat(request.getLimit()).isEqualTo(1);
        // Another one before it gave up its watch; it is waited for as well.
        look.answer(range(13, kv("l/0", 4, 4, "")));
        member.watch().respond(events(14, deletion("l/0")));
        member.next("Range").answer(range(14));
        member.next("Range").answer(range(15, kv("l/10", 9, 9, "")));
        assertThat(outcomes).containsExactly("15 l/10");
        assertThat(member.watches).hasSize(2).allMatch(watch -> watch.cancelled);
    }

    @Test
    void shouldLookAgainWhenCompactionOvertookTheWatch() {
        waitingLock();
        member.watch()
                .respond(WatchResponse.newBuilder()
                        .setCanceled(true)
                        .setCompactRevision(20)
                        .build());
        member.next("Range").answer(range(21));
        member.next("Range").answer(range(21, kv("l/10", 9, 9, "")));
        assertThat(outcomes).containsExactly("21 l/10");
    }

    @Test
    void shouldKnowWhetherItsKeyOutlivedTheWait() {
        waitingLock();
        member.watch().respond(events(13, deletion("l/1")));
        member.next("Range").answer(range(13));
        // The key is there again, created by somebody else.
        member.next("Range").answer(range(15, kv("l/10", 14, 14, "")));
        assertThat(outcomes).containsExactly("UNKNOWN: mutex: session is expired");
        assertThat(member.asked).as("it is not this call's to delete").isEmpty();
    }

    @Test
    void shouldTakeItsKeyAwayWhenCancelled() {
        LockCall call = waitingLock();
        call.cancel();
        assertThat(member.watch().cancelled).isTrue();
        DeleteRangeRequest deletion =
                (DeleteRangeRequest) member.next("DeleteRange").request();
        assertThat(deletion.getKey().toStringUtf8()).isEqualTo("l/10");
        assertThat(member.asked).isEmpty();
        assertThat(outcomes).isEmpty();
    }

    @Test
    void shouldLeaveAKeyThatItMayShareWhenCancelledOnItsWay() {
        LockCall call = lock(16);
        call.cancel();
        member.next("Txn").answer(txn(9, true, range(9, kv("l/1", 5, 5, ""))));
        assertThat(member.asked).isEmpty();
        assertThat(outcomes).isEmpty();
    }

    @Test
    void shouldTakeAwayAKeyThatNobodyElseCanShareWhenCancelledOnItsWay() {
        LockCall call = lock(0);
        member.next("LeaseGrant")
                .answer(LeaseGrantResponse.newBuilder().setID(16).build());
        call.cancel();
        member.next("Txn").answer(txn(9, true, range(9, kv("l/10", 9, 9, ""))));
        assertThat(((DeleteRangeRequest) member.next("DeleteRange").request())
                        .getKey()
                        .toStringUtf8())
                .isEqualTo("l/10");
        assertThat(outcomes).isEmpty();
    }

    @Test
    void shouldNotEnterWhenCancelledBeforeItsLeaseIsThere() {
        LockCall call = lock(0);
        call.cancel();
        member.next("LeaseGrant")
                .answer(LeaseGrantResponse.newBuilder().setID(16).build());
        assertThat(member.asked).isEmpty();
    }

    @Test
    void shouldKeepAGrantedLeaseAliveWhileItWaits() {
        lock(0);
        FakeCalls.Asked grant = member.next("LeaseGrant");
        assertThat(((LeaseGrantRequest) grant.request()).getTTL()).isEqualTo(60);
        grant.answer(LeaseGrantResponse.newBuilder().setID(16).build());
        assertThat(member.kept).isEmpty();
        member.next("Txn").answer(txn(9, true, range(9, kv("l/1", 5, 5, ""))));
        assertThat(member.kept).containsExactly(16L);
        member.next("Range").answer(range(11));
        member.next("Range").answer(range(11, kv("l/10", 9, 9, "")));
        assertThat(outcomes).containsExactly("11 l/10");
        assertThat(member.kept).isEmpty();
    }

    @Test
    void shouldNotKeepAClientsLeaseAlive() {
        waitingLock();
        assertThat(member.kept).isEmpty();
    }

    @Test
    void shouldFailOnceItsKeyIsGone() {
        waitingLock();
        member.watch().close(EtcdError.STOPPED.status());
        FakeCalls.Asked leaving = member.next("DeleteRange");
        assertThat(outcomes).isEmpty();
        leaving.answer(DeleteRangeResponse.getDefaultInstance());
        assertThat(outcomes).containsExactly("UNAVAILABLE: etcdserver: server stopped");
    }

    @Test
    void shouldTellErrorsByTheirTextAlone() {
        lock(77);
        member.next("Txn").reply().fail(EtcdError.LEASE_NOT_FOUND.status());
        assertThat(outcomes).containsExactly("UNKNOWN: etcdserver: requested lease not found");
        waitingLock();
        member.watch()
                .respond(WatchResponse.newBuilder()
                        .setCreated(true)
                        .setCanceled(true)
                        .setWatchId(-1)
                        .setCancelReason("rpc error: code = PermissionDenied desc = etcdserver: permission denied")
                        .build());
        member.next("DeleteRange").reply().fail(EtcdError.PERMISSION_DENIED.status());
        assertThat(outcomes.get(1)).isEqualTo("UNKNOWN: etcdserver: permission denied");
    }

    @Test
    void shouldPutTheNewValueOfACandidateWhoIsThere() {
        campaign(16, "new");
        member.next("Txn").answer(txn(12, false, range(12, kv("e/10", 9, 9, "old"))));
        TxnRequest proclamation = (TxnRequest) member.next("Txn").request();
        assertThat(proclamation.getCompare(0).getCreateRevision()).isEqualTo(9);
        assertThat(proclamation.getSuccess(0).getRequestPut().getValue().toStringUtf8())
                .isEqualTo("new");
    }

    @Test
    void shouldNotDeposeALeaderByACancelledSecondCampaign() {
        CampaignCall call = campaign(16, "same");
        member.next("Txn").answer(txn(12, false, range(12, kv("e/10", 9, 9, "same"))));
        call.cancel();
        assertThat(member.next("Range").method()).isEqualTo("Range");
        assertThat(member.asked).as("nobody was before it: it may lead already").isEmpty();
    }

    @Test
    void shouldResignOnlyWithItsOwnRevisionWhenCancelled() {
        CampaignCall call = campaign(16, "v");
        member.next("Txn").answer(txn(9, true));
        member.next("Range").answer(range(9, kv("e/1", 5, 5, "")));
        call.cancel();
        TxnRequest resignation = (TxnRequest) member.next("Txn").request();
        assertThat(resignation.getCompare(0).getCreateRevision()).isEqualTo(9);
        assertThat(resignation.getSuccess(0).getRequestDeleteRange().getKey().toStringUtf8())
                .isEqualTo("e/10");
    }

    @Test
    void shouldNotElectACandidateWhoseKeyHasGone() {
        campaign(16, "v");
        member.next("Txn").answer(txn(9, true));
        member.next("Range").answer(range(9));
        member.next("Range").answer(range(12));
        assertThat(outcomes).containsExactly("UNKNOWN: election: not leader");
    }
}
