package dev.cairn.server.rpc;

import dev.cairn.server.access.Credentials;
import dev.cairn.server.net.EventLoops;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Who makes a call, as far as the call itself says: the token in its metadata, the certificate of its connection, and the event loop of its connection, where
 * what belongs to the call can run and needs no lock. There is one for each call, kept in its {@link Context}; whoever goes on
 * with a call on another thread takes the caller along as a value. Immutable.
 */
public final class Caller {
    /** The token's key in the metadata of gRPC clients. */
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

    /** The token's key where the call comes from HTTP. */
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    /** The gateway's mark on the calls that it makes for others: its certificate is not theirs. */
    private static final Metadata.Key<String> GATEWAY =
            Metadata.Key.of("grpcgateway-accept", Metadata.ASCII_STRING_MARSHALLER);

    private static final String BEARER = "Bearer ";

    private static final Context.Key<Caller> CURRENT = Context.key("dev.cairn.caller");

    private final Credentials credentials;

    Caller(Credentials credentials) {
        this.credentials = credentials;
    }

    /** The caller of the call that this thread is just carrying out. */
    public static Caller current() {
        Caller caller = currentOrNull();
        if (caller == null) {
            throw new IllegalStateException("the call came in past the interceptor that knows its caller");
        }
        return caller;
    }

    /** The same; null when this thread does not carry out a call. */
    static @Nullable Caller currentOrNull() {
        return CURRENT.get();
    }

    /** Where inner calls of something that is no call itself are made, with what it shows of who makes them. */
    public static Context inContext(Credentials credentials) {
        return Context.ROOT.withValue(CURRENT, new Caller(credentials));
    }

    /** The event loop of the connection that the call came in on. */
    public Executor eventLoop() {
        return credentials.executor();
    }

    /** What the call shows of who makes it. */
    Credentials credentials() {
        return credentials;
    }

    /** Notes who makes each call. Thread-safe. */
    public static final class Interceptor implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
            SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
            Caller caller = new Caller(new Credentials(
                    tokenIn(metadata),
                    session == null || metadata.containsKey(GATEWAY) ? null : session,
                    call.getAttributes().get(EventLoops.OF_CONNECTION)));
            return Contexts.interceptCall(Context.current().withValue(CURRENT, caller), call, metadata, next);
        }

        private static @Nullable String tokenIn(Metadata metadata) {
            String token = metadata.get(TOKEN);
            if (token == null) {
                token = metadata.get(AUTHORIZATION);
            }
            return token != null && token.startsWith(BEARER) ? token.substring(BEARER.length()) : token;
        }
    }
}
