package dev.cairn.server.tracing;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Makes the span of each call, within the one that the client names in {@code traceparent}. A call that is not sampled costs one
 * look at its metadata. Thread-safe.
 */
final class TraceInterceptor implements ServerInterceptor {
    /** The instrumentations that etcd's spans name as their source: whoever filters by them finds ours. */
    private static final String CALLS_SCOPE =
            "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc";

    private static final String MEMBER_SCOPE = "go.etcd.io/etcd";

    private final Tracer calls;
    private final Tracer member;

    TraceInterceptor(TracerProvider provider) {
        this.calls = provider.get(CALLS_SCOPE);
        this.member = provider.get(MEMBER_SCOPE);
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
        var parent = W3CTraceContextPropagator.getInstance()
                .extract(io.opentelemetry.context.Context.root(), metadata, MetadataGetter.INSTANCE);
        String method = call.getMethodDescriptor().getFullMethodName();
        SpanBuilder builder = calls.spanBuilder(method)
                .setParent(parent)
                .setSpanKind(SpanKind.SERVER)
                .setAttribute("rpc.method", method)
                .setAttribute("rpc.system.name", "grpc");
        Span span = builder.startSpan();
        if (!span.isRecording()) {
            return next.startCall(call, metadata);
        }
        addressOf(call.getAttributes().get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR), span);
        CallTrace trace = new CallTrace(
                member, span, call.getMethodDescriptor().getType() == MethodDescriptor.MethodType.SERVER_STREAMING);
        Traced<Q, R> traced = new Traced<>(call, trace, span);
        ServerCall.Listener<Q> listener =
                Contexts.interceptCall(Context.current().withValue(CallTrace.CURRENT, trace), traced, metadata, next);
        return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(listener) {
            @Override
            public void onMessage(Q message) {
                trace.requested(message);
                super.onMessage(message);
            }

            @Override
            public void onCancel() {
                traced.end(Status.CANCELLED);
                super.onCancel();
            }
        };
    }

    private static void addressOf(@Nullable SocketAddress local, Span span) {
        if (local instanceof InetSocketAddress address) {
            span.setAttribute(
                    "server.address",
                    address.getAddress() == null
                            ? address.getHostString()
                            : address.getAddress().getHostAddress());
            span.setAttribute("server.port", address.getPort());
        } else if (local != null) {
            span.setAttribute("server.address", local.toString());
        }
    }

    /** Hears what the call answers and how it ends. */
    private static final class Traced<Q, R> extends ForwardingServerCall.SimpleForwardingServerCall<Q, R> {
        private final CallTrace trace;
        private final Span span;

        Traced(ServerCall<Q, R> call, CallTrace trace, Span span) {
            super(call);
            this.trace = trace;
            this.span = span;
        }

        @Override
        public void sendMessage(R message) {
            trace.answered(message);
            super.sendMessage(message);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            end(status);
            super.close(status, trailers);
        }

        /** Harmless when repeated: a span ends once. */
        void end(Status status) {
            trace.end(status);
            if (isServersFault(status.getCode())) {
                span.setStatus(StatusCode.ERROR, status.getDescription() == null ? "" : status.getDescription());
            }
            span.setAttribute("rpc.response.status_code", status.getCode().name());
            span.end();
        }

        private static boolean isServersFault(Status.Code code) {
            return switch (code) {
                case UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS -> true;
                default -> false;
            };
        }
    }

    /** Reads metadata as the propagators want it. */
    private enum MetadataGetter implements TextMapGetter<Metadata> {
        INSTANCE;

        @Override
        public Iterable<String> keys(Metadata metadata) {
            return metadata.keys();
        }

        @Override
        public @Nullable String get(@Nullable Metadata metadata, String key) {
            return metadata == null ? null : metadata.get(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER));
        }
    }
}
