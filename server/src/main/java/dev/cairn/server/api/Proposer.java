package dev.cairn.server.api;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;

/** Where requests enter the log. Thread-safe; never blocks. */
public interface Proposer {
    /**
     * Proposes the request, whose header gets its ID here; who asks is noted there already where that matters. The completion hears what applying it answered: the response message
     * without the header's IDs and term, or an error. It fails with TOO_MANY_REQUESTS when too much is under way,
     * REQUEST_TOO_LARGE, TIMEOUT when no quorum has taken the request in time (it may still come to be applied), and
     * STOPPED.
     */
    void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion);
}
