package dev.cairn.server.concurrency;

import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.v3electionpb.CampaignRequest;
import dev.cairn.proto.v3electionpb.CampaignResponse;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3electionpb.LeaderKey;
import dev.cairn.proto.v3electionpb.LeaderRequest;
import dev.cairn.proto.v3electionpb.LeaderResponse;
import dev.cairn.proto.v3electionpb.ProclaimRequest;
import dev.cairn.proto.v3electionpb.ProclaimResponse;
import dev.cairn.proto.v3electionpb.ResignRequest;
import dev.cairn.proto.v3electionpb.ResignResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/** {@code v3electionpb.Election}. Thread-safe; no call blocks a thread, however long it waits. */
public final class ElectionService extends ElectionGrpc.ElectionImplBase {
    private final Supplier<MemberCalls> calls;

    /** @param calls inner calls for the caller of the moment */
    public ElectionService(Supplier<MemberCalls> calls) {
        this.calls = calls;
    }

    @Override
    public void campaign(CampaignRequest request, StreamObserver<CampaignResponse> call) {
        OuterCalls.start(call, new CampaignCall(calls.get(), request, OuterCalls.answering(call, Function.identity())));
    }

    @Override
    public void proclaim(ProclaimRequest request, StreamObserver<ProclaimResponse> call) {
        if (!request.hasLeader()) {
            OuterCalls.refuse(call, EtcdError.ELECTION_LEADER_MISSING.status());
            return;
        }
        LeaderKey leader = request.getLeader();
        transact(
                leader,
                lease -> Elections.proclaiming(leader.getKey(), leader.getRev(), request.getValue(), lease),
                new Reply<>() {
                    @Override
                    public void complete(TxnResponse response) {
                        if (!response.getSucceeded()) {
                            fail(EtcdError.ELECTION_NOT_LEADER.status());
                        } else if (!OuterCalls.isCancelled(call)) {
                            call.onNext(ProclaimResponse.newBuilder()
                                    .setHeader(response.getHeader())
                                    .build());
                            call.onCompleted();
                        }
                    }

                    @Override
                    public void fail(Status status) {
                        OuterCalls.refuse(call, Refusals.ofInner(status));
                    }
                });
    }

    @Override
    public void leader(LeaderRequest request, StreamObserver<LeaderResponse> call) {
        calls.get().call(KVGrpc.getRangeMethod(), Keys.first(request.getName()), new Reply<RangeResponse>() {
            @Override
            public void complete(RangeResponse response) {
                if (response.getKvsCount() == 0) {
                    fail(EtcdError.ELECTION_NO_LEADER.status());
                } else if (!OuterCalls.isCancelled(call)) {
                    call.onNext(LeaderResponse.newBuilder()
                            .setHeader(response.getHeader())
                            .setKv(response.getKvs(0))
                            .build());
                    call.onCompleted();
                }
            }

            @Override
            public void fail(Status status) {
                OuterCalls.refuse(call, Refusals.ofInner(status));
            }
        });
    }

    @Override
    public void observe(LeaderRequest request, StreamObserver<LeaderResponse> observer) {
        var call = (ServerCallStreamObserver<LeaderResponse>) observer;
        ObserveCall observation = new ObserveCall(calls.get(), request.getName(), new ObserveCall.Output() {
            @Override
            public boolean isReady() {
                return call.isReady();
            }

            @Override
            public void send(LeaderResponse response) {
                if (!call.isCancelled()) {
                    call.onNext(response);
                }
            }

            @Override
            public void end(Status status) {
                if (!status.isOk()) {
                    OuterCalls.refuse(call, status);
                } else if (!call.isCancelled()) {
                    call.onCompleted();
                }
            }
        });
        call.setOnReadyHandler(observation::onReady);
        call.setOnCancelHandler(observation::cancel);
        observation.start();
    }

    /** A leader that has gone already has nothing to resign from: that is no error. */
    @Override
    public void resign(ResignRequest request, StreamObserver<ResignResponse> call) {
        if (!request.hasLeader()) {
            OuterCalls.refuse(call, EtcdError.ELECTION_LEADER_MISSING.status());
            return;
        }
        LeaderKey leader = request.getLeader();
        transact(
                leader,
                lease -> Elections.resigning(leader.getKey(), leader.getRev()),
                OuterCalls.answering(
                        call,
                        response -> ResignResponse.newBuilder()
                                .setHeader(response.getHeader())
                                .build()));
    }

    /** A leader without a lease gets a new one even for leaving, as in etcd. */
    private void transact(LeaderKey leader, LongFunction<TxnRequest> request, Reply<TxnResponse> reply) {
        MemberCalls inner = calls.get();
        new Session(inner, leader.getLease())
                .open(lease -> inner.call(KVGrpc.getTxnMethod(), request.apply(lease), reply), reply::fail);
    }
}
