package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.Member;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberListResponse;
import io.grpc.Channel;
import io.grpc.ServerMethodDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The list of members that clients find each other's servers by: the proxies, so that clients stay with them. Thread-safe. Where proxies write
 * down where they are, all of those; otherwise this one; the members themselves where it has no address to advertise.
 */
final class MemberList {
    private final ClusterGrpc.ClusterStub members;
    private final String advertised;
    private final @Nullable OtherProxies proxies;

    /**
     * @param advertised empty for none
     * @param proxies null where they do not write down where they are
     */
    MemberList(Channel channel, String advertised, @Nullable OtherProxies proxies) {
        this.members = ClusterGrpc.newStub(channel);
        this.advertised = advertised;
        this.proxies = proxies;
    }

    ServerMethodDefinition<MemberListRequest, MemberListResponse> method() {
        return ServerMethodDefinition.create(
                ClusterGrpc.getMemberListMethod(), ServerCalls.asyncUnaryCall(this::answer));
    }

    private void answer(MemberListRequest request, StreamObserver<MemberListResponse> answer) {
        if (advertised.isEmpty()) {
            members.memberList(request, answer);
            return;
        }
        List<ProxyNames.Place> known = proxies == null ? List.of() : proxies.all();
        MemberListResponse.Builder list = MemberListResponse.newBuilder();
        for (ProxyNames.Place place :
                known.isEmpty() ? List.of(new ProxyNames.Place(advertised, ProxyNames.host())) : known) {
            list.addMembers(Member.newBuilder().setName(place.host()).addClientURLs(place.address()));
        }
        answer.onNext(list.build());
        answer.onCompleted();
    }
}
