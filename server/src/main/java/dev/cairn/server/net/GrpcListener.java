package dev.cairn.server.net;

import java.net.SocketAddress;

/** A listener for gRPC, and for HTTP/1 where that is served on the same address. Driven by one thread, main's. */
interface GrpcListener {
    /** The address that was bound, with its real port. */
    SocketAddress address();

    /** Accepts nothing new; calls in work may end. */
    void drain();

    /** Waits until no connection is left, but no longer than so many nanoseconds. */
    boolean awaitNone(long nanos) throws InterruptedException;

    /** Ends what is left. */
    void cut();
}
