package dev.cairn.server.tracing;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.api.EtcdError;
import dev.cairn.watch.EncodedResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of one sampled call: the spans within the call's own. Etcd checks a request before it makes the inner span; here that is
 * made when the call ends, with the time at which the request came, because only then it is known whether the checks let it pass.
 *
 * <p>Thread-safe: all state is under its monitor, which nothing is called with but the spans.
 */
final class CallTrace {
    /** Of the call that this thread is just carrying out. */
    static final Context.Key<CallTrace> CURRENT = Context.key("dev.cairn.trace");

    /** Watchers of one stream that are traced at a time; further ones leave no spans. */
    private static final int WATCHERS_MAX = 1000;

    private static final String SENT = "Send raft proposal";
    private static final String RECEIVED = "Receive raft result";
    private static final AttributeKey<String> EXCEPTION_TYPE = AttributeKey.stringKey("exception.type");
    private static final AttributeKey<String> EXCEPTION_MESSAGE = AttributeKey.stringKey("exception.message");

    private final Tracer tracer;
    private final Span call;
    private final boolean inParts;

    private @Nullable Object request;
    private Instant requestedAt = Instant.EPOCH;
    private long grantedLease;
    private boolean wentOn;
    private boolean ended;
    private final List<Mark> marks = new ArrayList<>();

    /** Asked for and not answered yet, in their order; and those that watch. */
    private final Deque<Span> creating = new ArrayDeque<>();

    private final Map<Long, Span> watching = new HashMap<>();
    private @Nullable Span renewing;

    /** Something that happened to the call. */
    record Mark(Instant at, String name, Attributes attributes) {}

    /** @param inParts whether a range is answered in several messages */
    CallTrace(Tracer tracer, Span call, boolean inParts) {
        this.tracer = tracer;
        this.call = call;
        this.inParts = inParts;
    }

    /** The trace of the call that this thread is just carrying out; null when there is none. */
    static @Nullable CallTrace current() {
        return CURRENT.get();
    }

    /** A request has come. */
    synchronized void requested(Object message) {
        Instant now = Instant.now();
        if (message instanceof WatchRequest watch) {
            if (watch.hasCreateRequest() && creating.size() + watching.size() < WATCHERS_MAX) {
                creating.add(start("watch", Operations.watch(watch.getCreateRequest()), now));
            }
        } else if (message instanceof LeaseKeepAliveRequest renewal) {
            renewing = start("lease_renew", Attributes.of(Operations.ID, renewal.getID()), now);
        } else {
            request = message;
            requestedAt = now;
        }
    }

    /** An answer leaves. */
    synchronized void answered(@Nullable Object message) {
        if (message instanceof EncodedResponse response && response.events() == 0) {
            watchAnswered(response);
        } else if (message instanceof LeaseGrantResponse granted) {
            grantedLease = granted.getID();
        }
        endRenewal();
    }

    private void watchAnswered(EncodedResponse encoded) {
        WatchResponse response;
        try {
            response = WatchResponse.parseFrom(encoded.toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a response that was made here", e);
        }
        if (response.getCreated()) {
            Span span = creating.poll();
            // What could not be created leaves no span, as in etcd.
            if (span != null && !response.getCanceled()) {
                watching.put(response.getWatchId(), span);
            }
        } else if (response.getCanceled()) {
            Span span = watching.remove(response.getWatchId());
            if (span != null) {
                span.end();
            }
        }
    }

    private void endRenewal() {
        Span span = renewing;
        if (span != null) {
            renewing = null;
            span.end();
        }
    }

    /**
     * The request goes into the log.
     *
     * @param lease the one that is to be granted
     */
    synchronized Mark proposed(long lease) {
        wentOn = true;
        grantedLease = lease;
        Mark mark = new Mark(Instant.now(), SENT, Attributes.empty());
        marks.add(mark);
        return mark;
    }

    /** It was refused before it came there. */
    synchronized void notProposed(Mark sent, EtcdError error) {
        marks.remove(sent);
        notApplied(error);
    }

    /** The log has answered. */
    synchronized void applied() {
        marks.add(new Mark(Instant.now(), RECEIVED, Attributes.empty()));
    }

    /** The log has not answered. */
    synchronized void notApplied(EtcdError error) {
        marks.add(new Mark(
                Instant.now(),
                "exception",
                Attributes.of(EXCEPTION_TYPE, error.name(), EXCEPTION_MESSAGE, error.message())));
    }

    /** The call is over, the span around it not yet. Harmless when repeated. */
    synchronized void end(Status status) {
        if (ended) {
            return;
        }
        ended = true;
        endRenewal();
        watching.values().forEach(Span::end);
        watching.clear();
        creating.clear();
        Operations.Operation operation = request == null ? null : Operations.of(request, inParts, grantedLease);
        // What is refused by its form alone, or for want of room, does not get as far as etcd's inner span.
        boolean inner = operation != null
                && (wentOn || (operation.reads() && status.getCode() != Status.Code.INVALID_ARGUMENT));
        if (operation == null || !inner) {
            marks.forEach(mark -> call.addEvent(mark.name(), mark.attributes(), mark.at()));
            return;
        }
        Span span = start(operation.name(), operation.attributes(), requestedAt);
        marks.forEach(mark -> span.addEvent(mark.name(), mark.attributes(), mark.at()));
        span.end();
    }

    private Span start(String name, Attributes attributes, Instant at) {
        return tracer.spanBuilder(name)
                .setParent(io.opentelemetry.context.Context.root().with(call))
                .setStartTimestamp(at)
                .setAllAttributes(attributes)
                .startSpan();
    }
}
