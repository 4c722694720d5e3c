package dev.cairn.v2;

import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The store, as one request sees it. Everything is answered later and on one thread at a time, never from inside the call that asks. What
 * fails completes with a {@link V3Failure}.
 */
public interface V3 {
    /** Where Raft stands, as far as this member knows. */
    record RaftPosition(long index, long term) {}

    CompletionStage<RangeResponse> range(RangeRequest request);

    CompletionStage<TxnResponse> txn(TxnRequest request);

    CompletionStage<LeaseGrantResponse> grant(LeaseGrantRequest request);

    /** Ends a lease that nothing hangs on any more. Nobody waits for it, and if it fails the lease ends by its time. */
    void revoke(long lease);

    Watch watch(WatchCreateRequest request, WatchListener listener);

    RaftPosition position();

    /** Does what may take long where it holds up nothing else; its outcome is heard where everything is. */
    <T> CompletionStage<T> aside(Supplier<T> work);

    /** A watch that is going on. */
    interface Watch {
        /** Wants one more response; what happens meanwhile waits in the store, within its bounds. */
        void next();

        /** Its listener hears nothing any more. Harmless when repeated. */
        void cancel();
    }

    /** Hears of a watch. */
    interface WatchListener {
        /** The answer to one {@link Watch#next}. */
        void onResponse(WatchResponse response);

        /** Nothing comes any more. */
        void onClosed();
    }
}
