package dev.cairn.proxy.rpc;

import dev.cairn.server.net.EventLoops;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. Who makes a call, as far as members must know: every call to a member that is made while a client's call is carried out
 * shows what the client has shown.
 *
 * @param token empty where the client showed none
 * @param requiresLeader whether only a member with a leader may serve
 * @param eventLoop of the client's connection; null for the proxy itself
 */
record Caller(
        String token, boolean requiresLeader, @Nullable Executor eventLoop) {
    /** The proxy itself. */
    static final Caller NOBODY = new Caller("", false, null);

    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> REQUIRE_LEADER =
            Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> VERSION =
            Metadata.Key.of("client-api-version", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<Caller> CURRENT = Context.key("dev.cairn.proxy.caller");

    /** Whose call this thread is carrying out. */
    static Caller current() {
        Caller caller = CURRENT.get();
        return caller == null ? NOBODY : caller;
    }

    /** Runs something for this caller that does not end with the call that this thread is carrying out. */
    void runApart(Runnable task) {
        Context.ROOT.withValue(CURRENT, this).run(task);
    }

    /** The caller of calls that many share: it has nothing to do with one client's connection. */
    Caller shared() {
        return new Caller(token, false, null);
    }

    /** Runs a task on the event loop of the client. */
    void execute(Runnable task) {
        Executor loop = eventLoop;
        if (loop == null) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    /** Notes who makes each call that comes in. */
    static final class Noting implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            String token = headers.get(TOKEN);
            Caller caller = new Caller(
                    token == null ? "" : token,
                    "true".equals(headers.get(REQUIRE_LEADER)),
                    call.getAttributes().get(EventLoops.OF_CONNECTION));
            return Contexts.interceptCall(Context.current().withValue(CURRENT, caller), call, headers, next);
        }
    }

    /** Shows members who makes each call that goes out. */
    static final class Showing implements ClientInterceptor {
        private final String version;

        /** @param version of the API that is spoken */
        Showing(String version) {
            this.version = version;
        }

        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            Caller caller = current();
            return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    headers.put(VERSION, version);
                    if (!caller.token().isEmpty()) {
                        headers.put(TOKEN, caller.token());
                    }
                    if (caller.requiresLeader()) {
                        headers.put(REQUIRE_LEADER, "true");
                    }
                    super.start(listener, headers);
                }
            };
        }
    }
}
