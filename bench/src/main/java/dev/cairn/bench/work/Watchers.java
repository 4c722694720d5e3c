package dev.cairn.bench.work;

import com.google.protobuf.ByteString;
import dev.cairn.bench.process.Channels;
import dev.cairn.bench.process.Waiting;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Watchers of one key, whose values begin with the moment of their put, as {@link System#nanoTime()} told it. Events are counted on the threads of
 * the connections; all else is confined to one thread.
 */
final class Watchers implements AutoCloseable {
    static final int PER_STREAM = 100;

    private static final long LIMIT_NANOS = TimeUnit.MINUTES.toNanos(2);
    private static final long LOOK_AGAIN_NANOS = 200_000;
    private static final int DIGITS = 3;

    private final ByteString key;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<Map<Long, AtomicLong>> seen = new ArrayList<>();
    private final AtomicLong created = new AtomicLong();
    private final AtomicLong events = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Histogram nanos = new ConcurrentHistogram(LIMIT_NANOS, DIGITS);
    private volatile boolean ended;

    Watchers(ByteString key) {
        this.key = key;
    }

    /**
     * Returns when all are created.
     *
     * @param reading whether they read their events; those that do not have streams of their own
     */
    void create(Channels to, int connections, int count, boolean reading) throws IOException {
        for (int i = 0; i < Math.min(connections, count); i++) {
            channels.add(to.open(i));
        }
        WatchRequest create = WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder().setKey(key))
                .build();
        int perStream = reading ? PER_STREAM : 1;
        for (int made = 0; made < count; made += perStream) {
            Stream stream = new Stream(reading);
            seen.add(stream.counts);
            // On the connections' threads: to hand each event over to another costs the machine more than to count it.
            StreamObserver<WatchRequest> requests = WatchGrpc.newStub(channels.get(seen.size() % channels.size()))
                    .withExecutor(Runnable::run)
                    .watch(stream);
            for (int i = made; i < Math.min(count, made + perStream); i++) {
                requests.onNext(create);
            }
        }
        await("watchers were created", created, count);
    }

    void forgetTimes() {
        nanos.reset();
    }

    /** How long after its put an event came. */
    double millis(double percentile) {
        return nanos.getValueAtPercentile(percentile) / 1e6;
    }

    /**
     * Returns when each has seen so many events since it was created.
     *
     * @throws IOException if one has not, or has seen more
     */
    void awaitAll(long each) throws IOException {
        await("events were seen", events, each * created.get());
        for (Map<Long, AtomicLong> stream : seen) {
            for (AtomicLong count : stream.values()) {
                if (count.get() != each) {
                    throw new IOException("a watcher has seen " + count + " events instead of " + each);
                }
            }
        }
    }

    private void await(String what, AtomicLong count, long wanted) throws IOException {
        long began = System.nanoTime();
        while (count.get() < wanted) {
            Throwable first = failure.get();
            if (first != null) {
                throw new IOException("a watcher failed", first);
            }
            if (System.nanoTime() - began > LIMIT_NANOS) {
                throw new IOException("only " + count + " of " + wanted + " " + what);
            }
            if (Thread.interrupted()) {
                throw Waiting.interrupted(new InterruptedException());
            }
            LockSupport.parkNanos(LOOK_AGAIN_NANOS);
        }
    }

    @Override
    public void close() {
        ended = true;
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private final class Stream implements ClientResponseObserver<WatchRequest, WatchResponse> {
        private final boolean reading;
        /** By watcher. */
        private final Map<Long, AtomicLong> counts = new ConcurrentHashMap<>();

        Stream(boolean reading) {
            this.reading = reading;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<WatchRequest> call) {
            if (!reading) {
                // That it was created, and nothing after it.
                call.disableAutoRequestWithInitial(1);
            }
        }

        @Override
        public void onNext(WatchResponse answer) {
            if (answer.getCanceled()) {
                onError(new IOException("cancelled: " + answer.getCancelReason()));
                return;
            }
            if (answer.getCreated()) {
                counts.put(answer.getWatchId(), new AtomicLong());
                created.incrementAndGet();
            }
            long now = System.nanoTime();
            for (Event event : answer.getEventsList()) {
                long put = event.getKv().getValue().asReadOnlyByteBuffer().getLong();
                nanos.recordValue(Math.min(LIMIT_NANOS, Math.max(0, now - put)));
            }
            AtomicLong count = counts.get(answer.getWatchId());
            if (count != null && answer.getEventsCount() > 0) {
                count.addAndGet(answer.getEventsCount());
                events.addAndGet(answer.getEventsCount());
            }
        }

        @Override
        public void onError(Throwable error) {
            if (!ended) {
                failure.compareAndSet(null, error);
            }
        }

        @Override
        public void onCompleted() {
            onError(new IOException("a stream was ended"));
        }
    }
}
