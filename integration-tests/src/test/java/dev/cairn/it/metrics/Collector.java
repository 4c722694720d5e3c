package dev.cairn.it.metrics;

import com.google.protobuf.ByteString;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;

/** A collector of spans, as OTLP over gRPC has it, that keeps what comes. Thread-safe. */
final class Collector extends TraceServiceGrpc.TraceServiceImplBase implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Server server;
    private final List<Seen> seen = new CopyOnWriteArrayList<>();

    /** A span with where it comes from. */
    record Seen(Map<String, String> resource, String scope, Span span) {
        String trace() {
            return hex(span.getTraceId());
        }

        Map<String, String> attributes() {
            return texts(span.getAttributesList());
        }

        /** What the test compares: all but times and ids. */
        String text() {
            List<String> events =
                    span.getEventsList().stream().map(event -> event.getName()).toList();
            return scope
                    + ' '
                    + span.getName()
                    + ' '
                    + span.getKind()
                    + ' '
                    + attributes()
                    + ' '
                    + events
                    + ' '
                    + span.getStatus().getCode()
                    + ' '
                    + span.getStatus().getMessage();
        }
    }

    Collector() {
        try {
            server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .addService(this)
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void export(ExportTraceServiceRequest request, StreamObserver<ExportTraceServiceResponse> answer) {
        for (ResourceSpans resource : request.getResourceSpansList()) {
            Map<String, String> about = texts(resource.getResource().getAttributesList());
            for (ScopeSpans scope : resource.getScopeSpansList()) {
                scope.getSpansList()
                        .forEach(span ->
                                seen.add(new Seen(about, scope.getScope().getName(), span)));
            }
        }
        answer.onNext(ExportTraceServiceResponse.getDefaultInstance());
        answer.onCompleted();
    }

    /** Waits for so many spans of a trace; they come in the order of their starts, the outer ones first. */
    List<Seen> await(String trace, int count) {
        Awaitility.await("spans of " + trace)
                .atMost(LIMIT)
                .until(() -> of(trace).size() >= count);
        return of(trace);
    }

    List<Seen> of(String trace) {
        return seen.stream()
                .filter(each -> each.trace().equals(trace))
                .sorted(Comparator.comparing((Seen each) -> each.span().getKind() != Span.SpanKind.SPAN_KIND_SERVER)
                        .thenComparing(each -> each.span().getStartTimeUnixNano()))
                .toList();
    }

    List<Seen> all() {
        return List.copyOf(seen);
    }

    static String hex(ByteString bytes) {
        StringBuilder text = new StringBuilder();
        for (byte each : bytes) {
            text.append(String.format("%02x", each));
        }
        return text.toString();
    }

    private static Map<String, String> texts(List<KeyValue> attributes) {
        Map<String, String> texts = new TreeMap<>();
        attributes.forEach(each -> texts.put(
                each.getKey(),
                switch (each.getValue().getValueCase()) {
                    case STRING_VALUE -> '"' + each.getValue().getStringValue() + '"';
                    case INT_VALUE -> Long.toString(each.getValue().getIntValue());
                    case BOOL_VALUE -> Boolean.toString(each.getValue().getBoolValue());
                    default -> each.getValue().toString();
                }));
        return texts;
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
