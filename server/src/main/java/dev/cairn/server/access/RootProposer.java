package dev.cairn.server.access;

import com.google.protobuf.MessageLite;
import dev.cairn.auth.AuthSnapshot;
import dev.cairn.auth.AuthStore;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.Proposer;

/** Proposes in the name of root what the member itself has to have done, such as revoking expired leases. Thread-safe. */
public final class RootProposer implements Proposer {
    private final Proposer proposer;
    private final AuthStore store;

    public RootProposer(Proposer proposer, AuthStore store) {
        this.proposer = proposer;
        this.store = store;
    }

    @Override
    public void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
        AuthSnapshot now = store.snapshot();
        if (now.isEnabled()) {
            request.getHeaderBuilder().setUsername(AuthSnapshot.ROOT).setAuthRevision(now.revision());
        }
        proposer.propose(request, completion);
    }
}
