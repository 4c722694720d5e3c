package dev.cairn.server.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.config.TracingConfig;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OpenTelemetryTracingTest {
    private static final TracingConfig EVERY_CALL = new TracingConfig("127.0.0.1:1", "etcd", "", 1_000_000);
    private static final TracingConfig BY_PARENT = new TracingConfig("127.0.0.1:1", "etcd", "", 0);
    private static final String SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private static final int QUEUED_MAX = 2048;
    private static final int BATCH_MAX = 512;

    @Test
    void shouldDropWhatACollectorDoesNotTakeAndWaitForNothing() throws InterruptedException {
        // Goal: the queue is bounded, and calls do not notice. Method: an exporter that never answers, and far more
        // calls than fit.
        Exporter exporter = new Exporter(false);
        try (OpenTelemetryTracing tracing = OpenTelemetryTracing.to(EVERY_CALL, exporter, Duration.ofMillis(10))) {
            for (int i = 0; i < 3 * QUEUED_MAX; i++) {
                call(
                        tracing,
                        new Metadata(),
                        Status.OK,
                        completion -> completion.complete(PutResponse.getDefaultInstance()));
            }
            exporter.awaitFirst();
            assertThat(exporter.spans).hasSizeLessThanOrEqualTo(BATCH_MAX);
            exporter.answer();
        }
        // Two spans a call; what was taken is what the queue holds, and what had left it before it was full.
        assertThat(exporter.spans).hasSizeBetween(QUEUED_MAX, QUEUED_MAX + 2 * BATCH_MAX);
    }

    @Test
    void shouldNoteTheWayThroughTheLog() {
        List<SpanData> spans = spansOf(Status.OK, completion -> completion.complete(PutResponse.getDefaultInstance()));
        assertThat(spans).extracting(SpanData::getName).containsExactly("put", "etcdserverpb.KV/Put");
        assertThat(spans.get(0).getEvents())
                .extracting(EventData::getName)
                .containsExactly("Send raft proposal", "Receive raft result");
        assertThat(spans.get(0).getParentSpanId()).isEqualTo(spans.get(1).getSpanId());
    }

    @ParameterizedTest
    @EnumSource(
            value = EtcdError.class,
            names = {"TIMEOUT", "STOPPED", "PROPOSAL_DROPPED"})
    void shouldNoteThatTheLogDidNotAnswer(EtcdError error) {
        List<SpanData> spans = spansOf(Status.UNAVAILABLE, completion -> completion.fail(error));
        assertThat(spans.get(0).getEvents())
                .extracting(EventData::getName)
                .containsExactly("Send raft proposal", "exception");
    }

    @ParameterizedTest
    @EnumSource(
            value = EtcdError.class,
            names = {"TOO_MANY_REQUESTS", "REQUEST_TOO_LARGE"})
    void shouldNotNoteAProposalThatWasRefused(EtcdError error) {
        List<SpanData> spans = spansOf(Status.RESOURCE_EXHAUSTED, completion -> completion.fail(error));
        assertThat(spans.get(0).getEvents()).extracting(EventData::getName).containsExactly("exception");
    }

    @Test
    void shouldLeaveNoSpanWithinACallThatWasRefusedByItsForm() {
        List<SpanData> spans = spansOf(Status.INVALID_ARGUMENT, null);
        assertThat(spans).extracting(SpanData::getName).containsExactly("etcdserverpb.KV/Put");
    }

    @Test
    void shouldFollowTheClientWhenItSamples() {
        Exporter exporter = new Exporter(true);
        try (OpenTelemetryTracing tracing = OpenTelemetryTracing.to(BY_PARENT, exporter, Duration.ofMillis(10))) {
            call(
                    tracing,
                    new Metadata(),
                    Status.OK,
                    completion -> completion.complete(PutResponse.getDefaultInstance()));
            Metadata sampled = new Metadata();
            sampled.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), SAMPLED);
            call(tracing, sampled, Status.OK, completion -> completion.complete(PutResponse.getDefaultInstance()));
        }
        assertThat(exporter.spans)
                .hasSize(2)
                .extracting(SpanData::getTraceId)
                .containsOnly("0af7651916cd43dd8448eb211c80319c");
        assertThat(exporter.spans.get(1).getParentSpanId()).isEqualTo("b7ad6b7169203331");
    }

    /** What becomes of a proposal. */
    private interface Log {
        void propose(Completion<MessageLite> completion);
    }

    private static List<SpanData> spansOf(Status status, @Nullable Log log) {
        Exporter exporter = new Exporter(true);
        try (OpenTelemetryTracing tracing = OpenTelemetryTracing.to(EVERY_CALL, exporter, Duration.ofMillis(10))) {
            call(tracing, new Metadata(), status, log);
        }
        return exporter.spans;
    }

    /** A call that proposes, unless there is no log, and ends with the status. */
    private static void call(OpenTelemetryTracing tracing, Metadata metadata, Status status, @Nullable Log log) {
        ServerServiceDefinition service = tracing.traced(
                new KVGrpc.KVImplBase() {
                    @Override
                    public void put(PutRequest request, StreamObserver<PutResponse> answer) {
                        if (log != null) {
                            tracing.traced((proposal, completion) -> log.propose(completion))
                                    .propose(InternalRaftRequest.newBuilder().setPut(request), new Completion<>() {
                                        @Override
                                        public void complete(MessageLite value) {}

                                        @Override
                                        public void fail(EtcdError error) {}
                                    });
                        }
                        if (status.isOk()) {
                            answer.onNext(PutResponse.getDefaultInstance());
                            answer.onCompleted();
                        } else {
                            answer.onError(status.asRuntimeException());
                        }
                    }
                }.bindService());
        @SuppressWarnings("unchecked") // The method takes such requests.
        var method = (ServerMethodDefinition<PutRequest, PutResponse>)
                service.getMethod(KVGrpc.getPutMethod().getFullMethodName());
        ServerCall.Listener<PutRequest> listener =
                Objects.requireNonNull(method).getServerCallHandler().startCall(new Answered(), metadata);
        listener.onMessage(PutRequest.getDefaultInstance());
        listener.onHalfClose();
    }

    /** A transport that takes everything. */
    private static final class Answered extends ServerCall<PutRequest, PutResponse> {
        @Override
        public void request(int count) {}

        @Override
        public void sendHeaders(Metadata headers) {}

        @Override
        public void sendMessage(PutResponse message) {}

        @Override
        public void close(Status status, Metadata trailers) {}

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public MethodDescriptor<PutRequest, PutResponse> getMethodDescriptor() {
            return KVGrpc.getPutMethod();
        }
    }

    /** Keeps what it gets, and answers at once or when it is told to. */
    private static final class Exporter implements SpanExporter {
        private final List<SpanData> spans = new CopyOnWriteArrayList<>();
        private final List<CompletableResultCode> waiting = new CopyOnWriteArrayList<>();
        private final CountDownLatch first = new CountDownLatch(1);
        private volatile boolean answers;

        Exporter(boolean answers) {
            this.answers = answers;
        }

        void awaitFirst() throws InterruptedException {
            assertThat(first.await(20, TimeUnit.SECONDS)).isTrue();
        }

        void answer() {
            answers = true;
            waiting.forEach(CompletableResultCode::succeed);
        }

        @Override
        public CompletableResultCode export(Collection<SpanData> batch) {
            spans.addAll(batch);
            CompletableResultCode result = new CompletableResultCode();
            waiting.add(result);
            first.countDown();
            return answers ? CompletableResultCode.ofSuccess() : result;
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }
}
