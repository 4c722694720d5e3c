package dev.cairn.bench;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Requests that are due at a steady rate, whether the ones before are answered or not. The time of each counts from the moment at which it was due:
 * a server that stands still is charged for all that it kept waiting, where a closed loop would have asked it nothing meanwhile.
 *
 * <p>One thread asks; answers are counted on the threads of the connections.
 */
final class OpenLoop {
    /** Sends one request, and tells the observer of its end. */
    interface Request {
        void send(ManagedChannel channel, long number, StreamObserver<Object> answer);
    }

    private static final long DRAIN_SECONDS = 60;
    private static final long HIGHEST_NANOS = TimeUnit.SECONDS.toNanos(DRAIN_SECONDS);
    private static final int DIGITS = 3;

    private final String endpoint;
    private final int connections;
    private final Request request;

    OpenLoop(String endpoint, int connections, Request request) {
        this.endpoint = endpoint;
        this.connections = connections;
        this.request = request;
    }

    /**
     * @return how long answers took, in nanoseconds
     * @throws IOException if a request fails, or some are not answered a minute after the last was due
     */
    Histogram run(double perSecond, double seconds) throws IOException {
        List<ManagedChannel> channels = new ArrayList<>();
        try {
            for (int i = 0; i < connections; i++) {
                channels.add(NettyChannelBuilder.forTarget(endpoint)
                        .usePlaintext()
                        .maxInboundMessageSize(64 << 20)
                        .build());
            }
            return run(channels, perSecond, Math.max(1, (long) (perSecond * seconds)));
        } finally {
            channels.forEach(ManagedChannel::shutdownNow);
        }
    }

    private Histogram run(List<ManagedChannel> channels, double perSecond, long requests) throws IOException {
        Histogram nanos = new ConcurrentHistogram(HIGHEST_NANOS, DIGITS);
        CountDownLatch open = new CountDownLatch(Math.toIntExact(requests));
        AtomicReference<Throwable> failure = new AtomicReference<>();
        long began = System.nanoTime();
        for (long i = 0; i < requests && failure.get() == null; i++) {
            long due = began + (long) (i / perSecond * 1e9);
            for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                LockSupport.parkNanos(early);
            }
            request.send(channels.get((int) (i % channels.size())), i, new Answer(due, nanos, open, failure));
        }
        try {
            if (failure.get() == null && !open.await(DRAIN_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(open.getCount() + " of " + requests + " requests were not answered");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (failure.get() != null) {
            throw new IOException("a request failed", failure.get());
        }
        return nanos;
    }

    private record Answer(long due, Histogram nanos, CountDownLatch open, AtomicReference<Throwable> failure)
            implements StreamObserver<Object> {
        @Override
        public void onNext(Object answer) {
            // Counted when it is complete.
        }

        @Override
        public void onError(Throwable error) {
            failure.compareAndSet(null, error);
            open.countDown();
        }

        @Override
        public void onCompleted() {
            nanos.recordValue(Math.min(HIGHEST_NANOS, Math.max(0, System.nanoTime() - due)));
            open.countDown();
        }
    }
}
