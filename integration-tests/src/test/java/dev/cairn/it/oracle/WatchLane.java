package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchProgressRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * One watch stream to one server, and what came on it, in order, for each watch id. Confined to the run's thread; gRPC's
 * threads only fill the queue.
 *
 * <p>How a server packs events into responses depends on timing, so what is kept are the events themselves and, between
 * them, the responses that say something else (created, canceled). Answers to progress requests are used as barriers.
 */
final class WatchLane implements AutoCloseable {
    private static final long WAIT_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long PROGRESS_RETRY_MILLIS = 50;
    private static final long PROGRESS_WATCH_ID = -1;

    private final String name;
    private final UnaryOperator<Message> translation;
    private final StreamObserver<WatchRequest> out;
    /** A response, or the Throwable that ended the stream. */
    private final BlockingQueue<Object> in = new LinkedBlockingQueue<>();

    private final Map<Long, List<Message>> history = new TreeMap<>();
    private final List<WatchResponse> packets = new ArrayList<>();

    WatchLane(String name, Channel channel, UnaryOperator<Message> translation) {
        this.name = name;
        this.translation = translation;
        this.out = WatchGrpc.newStub(channel).watch(new StreamObserver<>() {
            @Override
            public void onNext(WatchResponse response) {
                in.add(response);
            }

            @Override
            public void onError(Throwable failure) {
                in.add(failure);
            }

            @Override
            public void onCompleted() {
                in.add(new IllegalStateException("the server ended the stream"));
            }
        });
    }

    /** Creates a watcher and returns the response that says so. */
    WatchResponse create(WatchCreateRequest request) {
        out.onNext(WatchRequest.newBuilder().setCreateRequest(request).build());
        return await("created", WatchResponse::getCreated);
    }

    /** Cancels a live watcher and returns the response that says so. */
    WatchResponse cancel(long watchId) {
        cancelBlindly(watchId);
        return awaitCanceled(watchId);
    }

    /** Sends a cancel for which no answer is due. */
    void cancelBlindly(long watchId) {
        out.onNext(WatchRequest.newBuilder()
                .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(watchId))
                .build());
    }

    WatchResponse awaitCanceled(long watchId) {
        return await(
                "canceled " + watchId, response -> response.getCanceled() && response.getWatchId() == watchId);
    }

    /**
     * Returns when the server has said that all events up to the revision were delivered. Asks again and again, because a
     * request that comes while a watcher is behind is never answered.
     */
    void barrier(long revision) {
        long deadline = System.nanoTime() + WAIT_LIMIT_NANOS;
        while (true) {
            out.onNext(WatchRequest.newBuilder()
                    .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                    .build());
            long retry = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PROGRESS_RETRY_MILLIS);
            while (System.nanoTime() < retry) {
                WatchResponse response = next(retry);
                if (response != null
                        && isProgress(response)
                        && response.getHeader().getRevision() >= revision) {
                    return;
                }
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError(name + ": no progress answer at revision " + revision + " or above");
            }
        }
    }

    /** What each watch id got, oldest first: events, and responses of other kinds. */
    Map<Long, List<Message>> history() {
        return history;
    }

    /** All responses with events as they came, for scenarios where the packing is determined. */
    List<WatchResponse> packets() {
        return packets;
    }

    /** Reads until the condition holds for a response. */
    WatchResponse await(String what, Predicate<WatchResponse> condition) {
        long deadline = System.nanoTime() + WAIT_LIMIT_NANOS;
        while (true) {
            WatchResponse response = next(deadline);
            if (response == null) {
                throw new AssertionError(name + ": no watch response: " + what);
            }
            if (condition.test(response)) {
                return response;
            }
        }
    }

    @Override
    public void close() {
        out.onError(new java.util.concurrent.CancellationException("end of the run"));
    }

    private @org.jspecify.annotations.Nullable WatchResponse next(long deadline) {
        Object item;
        try {
            item = in.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while reading a watch", e);
        }
        if (item == null) {
            return null;
        }
        if (item instanceof Throwable failure) {
            throw new AssertionError(name + ": the watch stream broke", failure);
        }
        WatchResponse response = (WatchResponse) translation.apply((WatchResponse) item);
        record(response);
        return response;
    }

    private void record(WatchResponse response) {
        if (isProgress(response)) {
            return;
        }
        List<Message> entries = history.computeIfAbsent(response.getWatchId(), id -> new ArrayList<>());
        if (response.getEventsCount() == 0) {
            entries.add(Comparison.withoutIdentity(response));
            return;
        }
        packets.add(response);
        for (Event event : response.getEventsList()) {
            if (event.getKv().getModRevision() > response.getHeader().getRevision()) {
                throw new AssertionError(name + ": the header is older than its events: " + response);
            }
            entries.add(event);
        }
        if (response.getCreated() || response.getCanceled() || response.getCompactRevision() != 0) {
            throw new AssertionError(name + ": events beside another message: " + response);
        }
    }

    private static boolean isProgress(WatchResponse response) {
        return response.getWatchId() == PROGRESS_WATCH_ID
                && response.getEventsCount() == 0
                && !response.getCreated()
                && !response.getCanceled();
    }
}
