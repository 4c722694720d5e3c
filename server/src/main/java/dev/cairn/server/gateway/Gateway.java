package dev.cairn.server.gateway;

import com.google.protobuf.Message;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpConnection;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.HttpRequest;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * From requests below {@code /v3/} to calls, and back. Thread-safe; requests are handled on the event loops of their connections, and
 * their answers complete there.
 *
 * <p>Unary calls and calls with one request take the first JSON value of the body, an empty body is an empty message. Calls with many
 * requests take one value after the other; one that cannot be read ends the client's side of the call, as its end does. Answers in a
 * stream are lines; the head of the answer goes out with the first. A request to upgrade makes a web socket of any call.
 */
public final class Gateway implements HttpHandler {
    /** What stands below it is the gateway's. */
    public static final String PREFIX = "/v3/";

    /** An older name of the same. */
    public static final String OLD_PREFIX = "/v3beta/";

    private static final String FORM = "application/x-www-form-urlencoded";

    private final Map<String, ServerMethodDefinition<?, ?>> methods = new HashMap<>();
    private final ServerStreamTracer.Factory tracers;
    private final int messageBytesMax;
    private final MessageReader reader = new MessageReader();

    /**
     * @param services as the client port offers them, with all that stands around them
     * @param tracers told of every call
     * @param messageBytesMax how large a request may be in its binary form
     */
    public Gateway(List<ServerServiceDefinition> services, ServerStreamTracer.Factory tracers, int messageBytesMax) {
        this.tracers = tracers;
        this.messageBytesMax = messageBytesMax;
        for (ServerServiceDefinition service : services) {
            for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
                methods.put(method.getMethodDescriptor().getFullMethodName(), method);
            }
        }
        for (MethodDescriptor<?, ?> method : Routes.all().values()) {
            if (!methods.containsKey(method.getFullMethodName())) {
                throw new IllegalStateException("no service has " + method.getFullMethodName());
            }
        }
    }

    @Override
    public CompletionStage<HttpAnswer> handle(HttpRequest request) {
        if (WebSocketUpgrade.isWanted(request)) {
            HttpAnswer refused = WebSocketUpgrade.refusal(request);
            return CompletableFuture.completedFuture(refused != null ? refused : upgraded(request));
        }
        String override = request.header("x-http-method-override");
        boolean form = request.method().equals("POST") && FORM.equals(request.header("content-type"));
        String method =
                form && override != null && !override.isEmpty() ? override.toUpperCase(Locale.ROOT) : request.method();
        MethodDescriptor<?, ?> called = Routes.find(request.path());
        Status refusal = refusal(called, method);
        if (called == null || refusal != null) {
            return CompletableFuture.completedFuture(Answers.error(refusal == null ? Answers.NOT_FOUND : refusal));
        }
        CallHeaders headers;
        try {
            headers = CallHeaders.of(request.headers());
        } catch (BadJson e) {
            return CompletableFuture.completedFuture(Answers.error(invalid(e)));
        }
        // With an override etcd reads the body as a form first, and nothing is left of it.
        boolean read = form && override != null && !override.isEmpty();
        return call(called, headers, read ? new byte[0] : request.body(), connection(request));
    }

    private static @Nullable Status refusal(@Nullable MethodDescriptor<?, ?> called, String method) {
        if (called == null) {
            return Answers.NOT_FOUND;
        }
        return method.equals("POST") ? null : Answers.METHOD_NOT_ALLOWED;
    }

    private static HttpConnection connection(HttpRequest request) {
        HttpConnection connection = request.connection();
        if (connection == null) {
            throw new IllegalArgumentException("a request without a connection has nowhere to run");
        }
        return connection;
    }

    private <Q, R extends Message> CompletionStage<HttpAnswer> call(
            MethodDescriptor<Q, ?> called, CallHeaders headers, byte[] body, HttpConnection connection) {
        MethodDescriptor<Q, R> method = typed(called);
        JsonValues values = JsonValues.of(body);
        JsonRequests<Q> requests = new JsonRequests<>(values, reader, method);
        if (method.getType().clientSendsOneMessage()) {
            try {
                requests.takeOnly();
            } catch (BadJson e) {
                return CompletableFuture.completedFuture(Answers.error(invalid(e)));
            }
        }
        CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        if (method.getType().serverSendsOneMessage()) {
            open(method, headers, connection, requests, new Answers.One(answer)).start(headers);
        } else {
            Answers.Lines lines = new Answers.Lines(answer);
            GatewayCall<Q, ?> call = open(method, headers, connection, requests, lines);
            lines.whenWritable(call::onWritable);
            call.start(headers);
        }
        return answer;
    }

    private HttpAnswer upgraded(HttpRequest request) {
        MethodDescriptor<?, ?> called = Routes.find(request.path());
        if (called == null) {
            return WebSocketUpgrade.accepted(
                    request, new WebSocketTalk.LastWord(MessageWriter.error(Answers.NOT_FOUND)));
        }
        CallHeaders headers;
        try {
            headers = CallHeaders.of(WebSocketUpgrade.headers(request));
        } catch (BadJson e) {
            return WebSocketUpgrade.accepted(request, new WebSocketTalk.LastWord(MessageWriter.error(invalid(e))));
        }
        return WebSocketUpgrade.accepted(request, talk(called, headers, connection(request)));
    }

    private <Q, R extends Message> WebSocketTalk<Q> talk(
            MethodDescriptor<Q, ?> called, CallHeaders headers, HttpConnection connection) {
        MethodDescriptor<Q, R> method = typed(called);
        JsonRequests<Q> requests = new JsonRequests<>(JsonValues.arriving(), reader, method);
        return new WebSocketTalk<>(
                requests, method.getType(), (int) Math.min(Integer.MAX_VALUE, 2L * messageBytesMax), talk -> {
                    GatewayCall<Q, ?> call = open(method, headers, connection, requests, talk);
                    call.start(headers);
                    return call;
                });
    }

    private <Q, R extends Message> GatewayCall<Q, ?> open(
            MethodDescriptor<Q, R> method,
            CallHeaders headers,
            HttpConnection connection,
            GatewayCall.Requests<Q> requests,
            GatewayCall.Output output) {
        return open(definition(method), method, headers, connection, requests, output);
    }

    private <Q, S, R extends Message> GatewayCall<Q, S> open(
            ServerMethodDefinition<Q, S> definition,
            MethodDescriptor<Q, R> method,
            CallHeaders headers,
            HttpConnection connection,
            GatewayCall.Requests<Q> requests,
            GatewayCall.Output output) {
        ServerStreamTracer tracer = tracers.newServerStreamTracer(method.getFullMethodName(), headers.metadata());
        return new GatewayCall<>(definition, method, connection, tracer, requests, output, messageBytesMax);
    }

    @SuppressWarnings("unchecked") // The generated methods of etcd's services answer with messages.
    private static <Q, R extends Message> MethodDescriptor<Q, R> typed(MethodDescriptor<Q, ?> method) {
        return (MethodDescriptor<Q, R>) method;
    }

    @SuppressWarnings("unchecked") // By its name a method has the one request type that its contract gives it.
    private <Q> ServerMethodDefinition<Q, ?> definition(MethodDescriptor<Q, ?> method) {
        ServerMethodDefinition<?, ?> found = methods.get(method.getFullMethodName());
        if (found == null) {
            throw new IllegalStateException("checked when the gateway was made: " + method.getFullMethodName());
        }
        return (ServerMethodDefinition<Q, ?>) found;
    }

    private static Status invalid(BadJson mistake) {
        return Status.INVALID_ARGUMENT.withDescription(mistake.getMessage());
    }
}
