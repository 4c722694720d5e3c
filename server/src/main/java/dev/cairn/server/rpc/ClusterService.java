package dev.cairn.server.rpc;

import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.MemberAddResponse;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberListResponse;
import dev.cairn.proto.etcdserverpb.MemberPromoteRequest;
import dev.cairn.proto.etcdserverpb.MemberPromoteResponse;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.MemberRemoveResponse;
import dev.cairn.proto.etcdserverpb.MemberUpdateRequest;
import dev.cairn.proto.etcdserverpb.MemberUpdateResponse;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.LeaderPromotion;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.Reconfiguration;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** {@code etcdserverpb.Cluster}: who the members are, and how they change. Thread-safe; no call blocks. */
public final class ClusterService extends ClusterGrpc.ClusterImplBase {
    private final Cluster cluster;
    private final Reconfiguration reconfiguration;
    private final LeaderPromotion leader;
    private final ReadGate reads;
    private final Headers headers;

    /** @param leader promotes where this member cannot, because it does not lead */
    public ClusterService(
            Cluster cluster, Reconfiguration reconfiguration, LeaderPromotion leader, ReadGate reads, Headers headers) {
        this.cluster = cluster;
        this.reconfiguration = reconfiguration;
        this.leader = leader;
        this.reads = reads;
        this.headers = headers;
    }

    @Override
    public void memberList(MemberListRequest request, StreamObserver<MemberListResponse> call) {
        if (request.getLinearizable()) {
            reads.await(Calls.<Long, MemberListResponse>answering(call, index -> members()));
        } else {
            Calls.answer(call, members());
        }
    }

    @Override
    public void memberAdd(MemberAddRequest request, StreamObserver<MemberAddResponse> call) {
        reconfiguration.add(
                request.getPeerURLsList(),
                request.getIsLearner(),
                Calls.<Reconfiguration.Added, MemberAddResponse>answering(
                        call,
                        added -> MemberAddResponse.newBuilder()
                                .setHeader(headers.withoutRevision())
                                .setMember(encode(added.member()))
                                .addAllMembers(encode(added.members()))
                                .build()));
    }

    @Override
    public void memberRemove(MemberRemoveRequest request, StreamObserver<MemberRemoveResponse> call) {
        reconfiguration.remove(
                request.getID(),
                Calls.<Cluster.View, MemberRemoveResponse>answering(
                        call,
                        members -> MemberRemoveResponse.newBuilder()
                                .setHeader(headers.withoutRevision())
                                .addAllMembers(encode(members))
                                .build()));
    }

    @Override
    public void memberUpdate(MemberUpdateRequest request, StreamObserver<MemberUpdateResponse> call) {
        reconfiguration.update(
                request.getID(),
                request.getPeerURLsList(),
                Calls.<Cluster.View, MemberUpdateResponse>answering(
                        call,
                        members -> MemberUpdateResponse.newBuilder()
                                .setHeader(headers.withoutRevision())
                                .addAllMembers(encode(members))
                                .build()));
    }

    @Override
    public void memberPromote(MemberPromoteRequest request, StreamObserver<MemberPromoteResponse> call) {
        String token = Caller.current().credentials().token();
        Completion<List<Member>> answer = Calls.<List<Member>, MemberPromoteResponse>answering(
                call,
                members -> MemberPromoteResponse.newBuilder()
                        .setHeader(headers.withoutRevision())
                        .addAllMembers(encode(members))
                        .build());
        reconfiguration.promote(request.getID(), new Completion<>() {
            @Override
            public void complete(Cluster.View members) {
                answer.complete(members.members());
            }

            @Override
            public void fail(EtcdError error) {
                if (error == EtcdError.NO_LEADER) {
                    leader.promote(request.getID(), token, answer);
                } else {
                    answer.fail(error);
                }
            }
        });
    }

    private MemberListResponse members() {
        return MemberListResponse.newBuilder()
                .setHeader(headers.withoutRevision())
                .addAllMembers(encode(cluster.view()))
                .build();
    }

    private static List<dev.cairn.proto.etcdserverpb.Member> encode(Cluster.View members) {
        return encode(members.members());
    }

    private static List<dev.cairn.proto.etcdserverpb.Member> encode(List<Member> members) {
        return members.stream().map(ClusterService::encode).toList();
    }

    private static dev.cairn.proto.etcdserverpb.Member encode(Member member) {
        return dev.cairn.proto.etcdserverpb.Member.newBuilder()
                .setID(member.id())
                .setName(member.name())
                .addAllPeerURLs(member.peerUrls())
                .addAllClientURLs(member.clientUrls())
                .setIsLearner(member.learner())
                .build();
    }
}
