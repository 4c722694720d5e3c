package dev.cairn.server.peer;

import dev.cairn.auth.Identity;
import dev.cairn.auth.Operation;
import dev.cairn.proto.etcdserverpb.MemberPromoteRequest;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.Credentials;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.Reconfiguration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Promotions that a client asked of another member, judged by that client's token. Thread-safe; never blocks. */
public final class MemberPromotion implements Promotion {
    private final Reconfiguration reconfiguration;
    private final Access access;

    public MemberPromotion(Reconfiguration reconfiguration, Access access) {
        this.reconfiguration = reconfiguration;
        this.access = access;
    }

    @Override
    public CompletionStage<List<Member>> promote(long memberId, @Nullable String token) {
        CompletableFuture<List<Member>> members = new CompletableFuture<>();
        MemberPromoteRequest request =
                MemberPromoteRequest.newBuilder().setID(memberId).build();
        access.check(
                Operation.MEMBER_PROMOTE,
                request,
                new Credentials(token, null, Runnable::run),
                new Forwarding<Identity>(members) {
                    @Override
                    public void complete(Identity who) {
                        reconfiguration.promote(memberId, new Forwarding<Cluster.View>(members) {
                            @Override
                            public void complete(Cluster.View view) {
                                members.complete(view.members());
                            }
                        });
                    }
                });
        return members;
    }

    private abstract static class Forwarding<V> implements Completion<V> {
        private final CompletableFuture<?> to;

        Forwarding(CompletableFuture<?> to) {
            this.to = to;
        }

        @Override
        public void fail(EtcdError error) {
            to.completeExceptionally(error.asException());
        }
    }
}
