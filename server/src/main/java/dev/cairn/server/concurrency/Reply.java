package dev.cairn.server.concurrency;

import io.grpc.Status;

/** Where the one outcome of an inner call goes: one of the two is called, once, on the event loop of the outer call. */
public interface Reply<R> {
    void complete(R response);

    void fail(Status status);
}
