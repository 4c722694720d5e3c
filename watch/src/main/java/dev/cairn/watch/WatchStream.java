package dev.cairn.watch;

import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;

/**
 * All watchers of one client's stream. Confined to the executor of its {@link WatchOutput}: every public method is called
 * there, one at a time.
 */
public final class WatchStream {
    WatchStream() {}

    /** Creates, cancels or asks for progress; the server has checked permissions. A request without content is ignored. */
    public void onRequest(WatchRequest request) {
        throw new UnsupportedOperationException();
    }

    /**
     * Answers a create request that the server does not permit: no watcher, one response with watch id -1, created and
     * canceled. A negative start revision keeps its own reason, which etcd checks before permissions.
     */
    public void refuse(WatchCreateRequest request, String cancelReason) {
        throw new UnsupportedOperationException();
    }

    /**
     * Whether there is room for the answer to one more request. The server asks the transport for the next request only
     * then; having been told no, it asks again after {@link #onReady}.
     */
    public boolean acceptsRequests() {
        throw new UnsupportedOperationException();
    }

    /** The transport takes responses again. */
    public void onReady() {
        throw new UnsupportedOperationException();
    }

    /** The client is gone, or the server ended the call: releases everything at once. Harmless when repeated. */
    public void close() {
        throw new UnsupportedOperationException();
    }
}
