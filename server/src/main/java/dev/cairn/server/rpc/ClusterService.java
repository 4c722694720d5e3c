package dev.cairn.server.rpc;

import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberListResponse;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Member;
import io.grpc.stub.StreamObserver;

/** {@code etcdserverpb.Cluster}: who the members are. Thread-safe; no call blocks. */
public final class ClusterService extends ClusterGrpc.ClusterImplBase {
    private final Cluster cluster;
    private final ReadGate reads;
    private final Headers headers;

    public ClusterService(Cluster cluster, ReadGate reads, Headers headers) {
        this.cluster = cluster;
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

    private MemberListResponse members() {
        MemberListResponse.Builder response = MemberListResponse.newBuilder().setHeader(headers.withoutRevision());
        for (Member member : cluster.view().members()) {
            response.addMembers(encode(member));
        }
        return response.build();
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
