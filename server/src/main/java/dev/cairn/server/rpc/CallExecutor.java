package dev.cairn.server.rpc;

import dev.cairn.server.net.EventLoops;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.concurrent.Executor;

/**
 * Lets a service find the event loop of the connection that a call came in on, so that what belongs to the call can run
 * there and needs no lock. Thread-safe.
 */
public final class CallExecutor implements ServerInterceptor {
    private static final Context.Key<Executor> CURRENT = Context.key("dev.cairn.event-loop");

    /** The event loop of the call that is being started on this thread. */
    static Executor current() {
        Executor executor = CURRENT.get();
        if (executor == null) {
            throw new IllegalStateException("the call came in past the interceptor that knows its event loop");
        }
        return executor;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        return Contexts.interceptCall(
                Context.current().withValue(CURRENT, call.getAttributes().get(EventLoops.OF_CONNECTION)),
                call,
                headers,
                next);
    }
}
