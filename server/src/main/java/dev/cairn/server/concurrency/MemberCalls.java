package dev.cairn.server.concurrency;

import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * The calls that one outer call makes of this member, with the rights of its own caller. Confined to the event loop of the
 * outer call: everything is called there and answered there, and never from inside the call that asks.
 */
public interface MemberCalls {
    /** Makes a call with one answer. There is no way to take it back: it may have been applied by the time one would. */
    <Q, R> void call(MethodDescriptor<Q, R> method, Q request, Reply<R> reply);

    /** Watches. The first response is wanted by {@link Watch#next}. */
    Watch watch(WatchCreateRequest request, WatchListener listener);

    /** Renews the lease again and again until the result is run. A renewal that fails is only followed by the next one. */
    Runnable keepAlive(long lease);

    /** A watch that is going on. */
    interface Watch {
        /** Wants one more response; what happens meanwhile waits in the hub, within the hub's bounds. */
        void next();

        /** Ends the watch; its listener hears nothing any more. Harmless when repeated. */
        void cancel();
    }

    /** Hears of a watch. */
    interface WatchListener {
        /** The answer to one {@link Watch#next}. */
        void onResponse(WatchResponse response);

        /** The member has ended the stream. */
        void onClosed(Status status);
    }
}
