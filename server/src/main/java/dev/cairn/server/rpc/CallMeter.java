package dev.cairn.server.rpc;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.server.api.RequestText;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.metrics.Histogram;
import dev.cairn.server.metrics.ServerMetrics;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures unary calls and says which were slow, in etcd's words and with its fields. What a call costs is two small objects and two
 * looks at the clock; text and sizes are made for slow ones alone. Thread-safe.
 */
public final class CallMeter implements ServerInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(CallMeter.class);

    private final Duration expectedRead;
    private final long expectedReadNanos;
    private final long slowNanos;
    private final ServerMetrics metrics;
    private final Outcomes ranges;
    private final Outcomes readTxns;
    private final Outcomes rangeExecutions;

    /** The two series of one kind, each of which appears with its first call, as in etcd. Thread-safe. */
    private static final class Outcomes {
        private final Function<String, Histogram> series;
        private volatile @Nullable Histogram succeeded;
        private volatile @Nullable Histogram failed;

        /** @param series by whether the call succeeded; always the same for the same text */
        Outcomes(Function<String, Histogram> series) {
            this.series = series;
        }

        void observe(boolean success, long nanos) {
            Histogram known = success ? succeeded : failed;
            if (known == null) {
                known = series.apply(Boolean.toString(success));
                if (success) {
                    succeeded = known;
                } else {
                    failed = known;
                }
            }
            known.observeNanos(nanos);
        }
    }

    /**
     * @param slow calls that take longer are logged
     * @param expectedRead reads that take longer are logged as well
     */
    public CallMeter(ServerMetrics metrics, Duration slow, Duration expectedRead) {
        this.metrics = metrics;
        this.slowNanos = slow.toNanos();
        this.expectedRead = expectedRead;
        this.expectedReadNanos = expectedRead.toNanos();
        this.ranges = outcomes("Range");
        this.readTxns = outcomes("ReadonlyTxn");
        this.rangeExecutions = new Outcomes(metrics.rangeDurationSeconds::with);
    }

    private Outcomes outcomes(String type) {
        return new Outcomes(success -> metrics.requestDurationSeconds.with(success, type));
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
        if (call.getMethodDescriptor().getType() != MethodDescriptor.MethodType.UNARY) {
            return next.startCall(call, metadata);
        }
        Timed<Q, R> timed = new Timed<>(call);
        return new Noting<>(timed, next.startCall(timed, metadata));
    }

    /** Notes the request. */
    private static final class Noting<Q> extends ForwardingServerCallListener.SimpleForwardingServerCallListener<Q> {
        private final Timed<Q, ?> timed;

        Noting(Timed<Q, ?> timed, ServerCall.Listener<Q> listener) {
            super(listener);
            this.timed = timed;
        }

        @Override
        public void onMessage(Q message) {
            timed.request = message;
            timed.startNanos = System.nanoTime();
            super.onMessage(message);
        }
    }

    /** Notes the response. Fields are handed from the event loop to whoever answers by the same means as the call itself. */
    private final class Timed<Q, R> extends ForwardingServerCall.SimpleForwardingServerCall<Q, R> {
        private @Nullable Q request;
        private @Nullable R response;
        private long startNanos;

        Timed(ServerCall<Q, R> call) {
            super(call);
        }

        @Override
        public void sendMessage(R message) {
            response = message;
            super.sendMessage(message);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            super.close(status, trailers);
            if (request instanceof MessageLite message) {
                finished(this, message, status, System.nanoTime() - startNanos);
            }
        }
    }

    private void finished(Timed<?, ?> call, MessageLite request, Status status, long nanos) {
        String method = call.getMethodDescriptor().getFullMethodName();
        // What is refused by its form alone was not carried out.
        boolean carriedOut = status.getCode() != Status.Code.INVALID_ARGUMENT;
        if (carriedOut && method.equals(KVGrpc.getRangeMethod().getFullMethodName())) {
            ranges.observe(status.isOk(), nanos);
            rangeExecutions.observe(status.isOk(), nanos);
            slowRead("read-only range ", request, call.response, status, nanos);
        } else if (carriedOut && request instanceof TxnRequest txn && RequestChecks.isReadOnly(txn)) {
            readTxns.observe(status.isOk(), nanos);
            slowRead("read-only txn ", request, call.response, status, nanos);
        }
        boolean slow = nanos > slowNanos;
        if (slow || LOG.isDebugEnabled()) {
            Stats stats = Stats.of(request, call.response);
            Object remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
            (slow && !LOG.isDebugEnabled() ? LOG.atWarn() : LOG.atDebug())
                    .setMessage("request stats")
                    .addKeyValue("start time", Instant.now().minusNanos(nanos).toString())
                    .addKeyValue("time spent", ServerConfig.format(Duration.ofNanos(nanos)))
                    .addKeyValue("remote", String.valueOf(remote).replaceFirst("^/", ""))
                    .addKeyValue("response type", "/" + method)
                    .addKeyValue("request count", stats.requestCount())
                    .addKeyValue("request size", stats.requestSize())
                    .addKeyValue("response count", stats.responseCount())
                    .addKeyValue("response size", stats.responseSize())
                    .addKeyValue("request content", stats.content())
                    .log();
        }
    }

    private void slowRead(String prefix, MessageLite request, @Nullable Object response, Status status, long nanos) {
        if (nanos <= expectedReadNanos) {
            return;
        }
        metrics.slowApplyTotal.increment();
        var line = LOG.atWarn()
                .setMessage("apply request took too long")
                .addKeyValue("took", ServerConfig.format(Duration.ofNanos(nanos)))
                .addKeyValue("expected-duration", ServerConfig.format(expectedRead))
                .addKeyValue("prefix", prefix)
                .addKeyValue("request", RequestText.of(request))
                .addKeyValue("response", readResponse(response));
        (status.isOk() ? line : line.addKeyValue("error", String.valueOf(status.getDescription()))).log();
    }

    private static String readResponse(@Nullable Object response) {
        if (response instanceof RangeAnswer range) {
            return "range_response_count:" + range.result().keyValuesInAll() + " size:" + range.encodedSize();
        }
        if (response instanceof TxnResponse txn) {
            List<String> counts = txn.getResponsesList().stream()
                    .map(op -> "range_response_count:" + op.getResponseRange().getKvsCount())
                    .toList();
            return "responses:<" + String.join(" ", counts) + "> size:" + txn.getSerializedSize();
        }
        return "";
    }

    /** What etcd tells of a slow call; -1 where it does not look. */
    private record Stats(long requestCount, long requestSize, long responseCount, long responseSize, String content) {
        static Stats of(MessageLite request, @Nullable Object response) {
            String content = RequestText.of(request);
            long size = response instanceof MessageLite message ? message.getSerializedSize() : 0;
            return switch (request.getClass().getSimpleName()) {
                case "RangeRequest" ->
                    response instanceof RangeAnswer range
                            ? new Stats(
                                    0,
                                    request.getSerializedSize(),
                                    range.result().count(),
                                    range.encodedSize(),
                                    content)
                            : new Stats(0, request.getSerializedSize(), 0, 0, content);
                case "PutRequest" -> new Stats(1, request.getSerializedSize(), 0, size, content);
                case "DeleteRangeRequest" ->
                    new Stats(
                            0,
                            request.getSerializedSize(),
                            response instanceof DeleteRangeResponse deleted ? deleted.getDeleted() : 0,
                            size,
                            content);
                case "TxnRequest" -> ofTxn((TxnRequest) request, response, size, content);
                // Others may hold passwords.
                default -> new Stats(-1, -1, -1, -1, "");
            };
        }

        private static Stats ofTxn(TxnRequest request, @Nullable Object response, long size, String content) {
            if (!(response instanceof TxnResponse answer)) {
                return new Stats(0, 0, 0, 0, content);
            }
            List<RequestOp> taken = answer.getSucceeded() ? request.getSuccessList() : request.getFailureList();
            long bytes = taken.stream().mapToLong(RequestOp::getSerializedSize).sum();
            return new Stats(taken.size(), bytes, 0, size, content);
        }
    }
}
