package dev.cairn.server.metrics;

import static dev.cairn.server.metrics.Histogram.bounds;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. Counts calls by method and code, messages, and bytes of both directions. It hangs on the streams rather than around
 * the calls, because there the sizes are known and no call has to be wrapped.
 *
 * <p>The series of every method and code exist from the start, as in etcd; those of locks and elections from their first call on, because
 * etcd adds these services behind its metrics. Calls of methods that are not served are not counted.
 */
public final class GrpcMetrics extends ServerStreamTracer.Factory {
    private static final double[] SECONDS = bounds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10);
    /** What the RPC library says of streams whose connection has ended. */
    private static final String GONE = "connection terminated for unknown reason";

    /** Services that etcd adds behind its metrics. */
    private static final Set<String> SHOWN_WHEN_CALLED = Set.of("v3lockpb.Lock", "v3electionpb.Election");

    private static final List<String> CODES = List.of(
            "OK",
            "Canceled",
            "Unknown",
            "InvalidArgument",
            "DeadlineExceeded",
            "NotFound",
            "AlreadyExists",
            "PermissionDenied",
            "ResourceExhausted",
            "FailedPrecondition",
            "Aborted",
            "OutOfRange",
            "Unimplemented",
            "Internal",
            "Unavailable",
            "DataLoss",
            "Unauthenticated");

    private final Counter receivedBytes;
    private final Counter sentBytes;
    private final Map<String, Method> methods = new HashMap<>();
    private final Map<String, Supplier<Method>> later = new ConcurrentHashMap<>();
    private final Map<String, Method> called = new ConcurrentHashMap<>();
    private final ServerStreamTracer unserved = new ServerStreamTracer() {};

    /** The series of one method by code. Thread-safe. */
    private static final class Codes {
        private final IntFunction<Counter> series;
        private final AtomicReferenceArray<@Nullable Counter> byCode = new AtomicReferenceArray<>(CODES.size());

        /** @param series by code; always the same for the same one */
        Codes(IntFunction<Counter> series, boolean fromStart) {
            this.series = series;
            for (int code = 0; fromStart && code < CODES.size(); code++) {
                byCode.set(code, series.apply(code));
            }
        }

        Counter of(int code) {
            Counter known = byCode.get(code);
            if (known == null) {
                known = series.apply(code);
                byCode.set(code, known);
            }
            return known;
        }
    }

    /** The series of one method. */
    private record Method(
            Counter started,
            Counter received,
            Counter sent,
            Codes handled,
            boolean isUnary,
            boolean isTalk,
            @Nullable Histogram seconds) {}

    /** Registers the series of the services; with extensive metrics also the latencies. */
    GrpcMetrics(Registry registry, NetworkMetrics network, List<ServerServiceDefinition> services, boolean extensive) {
        this.receivedBytes = network.clientGrpcReceivedBytesTotal;
        this.sentBytes = network.clientGrpcSentBytesTotal;
        String[] labels = {"grpc_method", "grpc_service", "grpc_type"};
        Family<Counter> started = registry.counters("grpc_server_started_total", "Calls started.", labels);
        Family<Counter> received =
                registry.counters("grpc_server_msg_received_total", "Messages received on streams.", labels);
        Family<Counter> sent = registry.counters("grpc_server_msg_sent_total", "Messages sent on streams.", labels);
        Family<Counter> handled = registry.counters(
                "grpc_server_handled_total",
                "Calls finished, by code.",
                "grpc_code",
                "grpc_method",
                "grpc_service",
                "grpc_type");
        Family<Histogram> seconds = extensive
                ? registry.histograms("grpc_server_handling_seconds", "Time of calls.", SECONDS, labels)
                : null;
        for (ServerServiceDefinition service : services) {
            String serviceName = service.getServiceDescriptor().getName();
            for (ServerMethodDefinition<?, ?> definition : service.getMethods()) {
                MethodDescriptor<?, ?> method = definition.getMethodDescriptor();
                String name = String.valueOf(method.getBareMethodName());
                String type = type(method.getType());
                Supplier<Method> series = () -> {
                    boolean fromStart = !SHOWN_WHEN_CALLED.contains(serviceName);
                    Codes byCode = new Codes(code -> handled.with(CODES.get(code), name, serviceName, type), fromStart);
                    return new Method(
                            started.with(name, serviceName, type),
                            received.with(name, serviceName, type),
                            sent.with(name, serviceName, type),
                            byCode,
                            method.getType() == MethodDescriptor.MethodType.UNARY,
                            method.getType() == MethodDescriptor.MethodType.BIDI_STREAMING,
                            seconds == null ? null : seconds.with(name, serviceName, type));
                };
                if (SHOWN_WHEN_CALLED.contains(serviceName)) {
                    later.put(method.getFullMethodName(), series);
                } else {
                    methods.put(method.getFullMethodName(), series.get());
                }
            }
        }
    }

    private static String type(MethodDescriptor.MethodType type) {
        return switch (type) {
            case CLIENT_STREAMING -> "client_stream";
            case SERVER_STREAMING -> "server_stream";
            case BIDI_STREAMING -> "bidi_stream";
            default -> "unary";
        };
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        Method method = methods.get(fullMethodName);
        if (method == null && later.containsKey(fullMethodName)) {
            method = called.computeIfAbsent(
                    fullMethodName,
                    name -> Objects.requireNonNull(later.get(name)).get());
        }
        return method == null ? unserved : new CallTracer(method);
    }

    /** Confined to the stream's event loop. */
    private final class CallTracer extends ServerStreamTracer {
        private final Method method;
        private final long startNanos;
        private boolean requested;
        private boolean answered;

        CallTracer(Method method) {
            this.method = method;
            this.startNanos = method.seconds == null ? 0 : System.nanoTime();
            method.started.increment();
        }

        @Override
        public void inboundMessage(int sequence) {
            requested = true;
            method.received.increment();
        }

        @Override
        public void outboundMessage(int sequence) {
            answered = true;
            method.sent.increment();
        }

        @Override
        public void inboundUncompressedSize(long bytes) {
            receivedBytes.add(bytes);
        }

        @Override
        public void outboundUncompressedSize(long bytes) {
            sentBytes.add(bytes);
        }

        @Override
        public void streamClosed(Status status) {
            // A client that has gone has given its calls up; for the library here the connection was not available.
            boolean gone = status.getCode() == Status.Code.UNAVAILABLE && GONE.equals(status.getDescription());
            method.handled
                    .of((gone ? Status.Code.CANCELLED : status.getCode()).value())
                    .increment();
            // As in etcd, where the end of a stream counts as received, and an error as sent.
            if (method.isTalk) {
                method.received.increment();
            } else if (method.isUnary && requested && !answered) {
                method.sent.increment();
            }
            if (method.seconds != null) {
                method.seconds.observeNanos(System.nanoTime() - startNanos);
            }
        }
    }
}
