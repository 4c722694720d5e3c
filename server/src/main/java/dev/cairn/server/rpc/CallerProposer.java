package dev.cairn.server.rpc;

import com.google.protobuf.MessageLite;
import dev.cairn.auth.Identity;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.access.Access;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;

/**
 * Notes in each request who asks for it, so that it is judged by that where it is applied. What is proposed on a thread that does
 * not carry out a call is in nobody's name, and is refused wherever a name matters. Thread-safe.
 */
public final class CallerProposer implements Proposer {
    private final Proposer proposer;
    private final Access access;

    public CallerProposer(Proposer proposer, Access access) {
        this.proposer = proposer;
        this.access = access;
    }

    @Override
    public void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
        Caller caller = access.isOn() ? Caller.currentOrNull() : null;
        if (caller == null) {
            proposer.propose(request, completion);
            return;
        }
        access.identify(caller.credentials(), new Completion<>() {
            @Override
            public void complete(Identity who) {
                if (!who.equals(Identity.NONE)) {
                    request.getHeaderBuilder().setUsername(who.username()).setAuthRevision(who.revision());
                }
                proposer.propose(request, completion);
            }

            @Override
            public void fail(EtcdError error) {
                completion.fail(error);
            }
        });
    }
}
