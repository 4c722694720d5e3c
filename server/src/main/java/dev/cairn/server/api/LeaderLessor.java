package dev.cairn.server.api;

import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveResponse;

/**
 * The lessor that measures time: the leader's, wherever it is. Thread-safe; never blocks. Everything fails with NO_LEADER or TIMEOUT
 * when the leader cannot be reached in time.
 */
public interface LeaderLessor {
    /** Renews a lease. Completes with its TTL in seconds; 0 when there is no such lease. */
    void renew(long lease, Completion<Long> completion);

    /** Asks how long a lease still lives. Completes with an answer without header; its TTL is -1 when there is no such lease. */
    void timeToLive(LeaseTimeToLiveRequest request, Completion<LeaseTimeToLiveResponse> completion);
}
