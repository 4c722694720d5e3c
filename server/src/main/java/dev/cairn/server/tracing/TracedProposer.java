package dev.cairn.server.tracing;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;

/** Notes in the spans of calls when they go into the log and when they come out. Thread-safe. */
final class TracedProposer implements Proposer {
    private final Proposer proposer;

    TracedProposer(Proposer proposer) {
        this.proposer = proposer;
    }

    @Override
    public void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
        CallTrace trace = CallTrace.current();
        if (trace == null) {
            proposer.propose(request, completion);
            return;
        }
        long lease = request.getLeaseGrant().getID();
        CallTrace.Mark sent = trace.proposed(lease);
        proposer.propose(request, new Completion<>() {
            @Override
            public void complete(MessageLite value) {
                trace.applied();
                completion.complete(value);
            }

            @Override
            public void fail(EtcdError error) {
                switch (error) {
                    // Never came into the log.
                    case TOO_MANY_REQUESTS,
                            REQUEST_TOO_LARGE,
                            INVALID_AUTH_TOKEN,
                            USER_EMPTY,
                            AUTH_OLD_REVISION,
                            PERMISSION_DENIED -> trace.notProposed(sent, error);
                    case TIMEOUT,
                            TIMEOUT_LEADER_FAILURE,
                            TIMEOUT_CONNECTION_LOST,
                            DEADLINE_EXCEEDED,
                            REQUEST_CANCELED,
                            PROPOSAL_DROPPED,
                            STOPPED -> trace.notApplied(error);
                    // An answer as well.
                    default -> trace.applied();
                }
                completion.fail(error);
            }

            @Override
            public boolean isAbandoned() {
                return completion.isAbandoned();
            }
        });
    }
}
