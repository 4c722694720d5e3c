package dev.cairn.bench.load;

import dev.cairn.bench.process.Channels;
import dev.cairn.bench.process.Waiting;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Requests that are due at a steady rate, whether the ones before are answered or not. The time of each counts from the moment at which it was due:
 * a server that stands still is charged for all that it kept waiting, where a closed loop would have asked it nothing meanwhile.
 *
 * <p>One thread asks; answers are counted on the threads of the connections, which are made before the first request is due.
 */
public final class OpenLoop implements AutoCloseable {
    /** Sends one request, and tells the observer of its end. */
    public interface Request {
        void send(ManagedChannel channel, long number, StreamObserver<Object> answer);
    }

    /**
     * What a run has shown.
     *
     * @param nanos how long every request took, also those that failed
     * @param failed how many failed
     * @param failure why the first of these did; null if none did
     */
    public record Answers(
            Histogram nanos, long failed, @Nullable Throwable failure) {
        public double millis(double percentile) {
            return nanos.getValueAtPercentile(percentile) / 1e6;
        }

        /** Requests that took longer. */
        public long longerThan(double millis) {
            long from = Math.min(HIGHEST_NANOS, (long) (millis * 1e6));
            return nanos.getTotalCount() - nanos.getCountBetweenValues(0, from);
        }

        /** @throws IOException if any failed */
        public Histogram withoutFailure() throws IOException {
            if (failure != null) {
                throw new IOException(failed + " requests failed, the first of them so", failure);
            }
            return nanos;
        }
    }

    private static final long DRAIN_SECONDS = 300;
    private static final long HIGHEST_NANOS = TimeUnit.SECONDS.toNanos(DRAIN_SECONDS);
    private static final int DIGITS = 3;

    private final List<ManagedChannel> channels = new ArrayList<>();
    private final Request request;

    /** Returns when all connections are made. */
    public OpenLoop(Channels to, int connections, Request request) throws IOException {
        this.request = request;
        for (int i = 0; i < connections; i++) {
            channels.add(to.open(i));
        }
        for (ManagedChannel channel : channels) {
            Waiting.until("connections are made", () -> channel.getState(true) == ConnectivityState.READY);
        }
    }

    /**
     * Returns when all are answered.
     *
     * @throws IOException if some are not answered five minutes after the last was due
     */
    public Answers run(double perSecond, double seconds) throws IOException {
        Run run = new Run(perSecond, Math.max(1, (long) (perSecond * seconds)));
        run.ask();
        return run.answers();
    }

    /** Begins a run that lasts until it is ended. */
    public Running start(double perSecond) {
        Run run = new Run(perSecond, Long.MAX_VALUE);
        Thread thread = new Thread(run::ask, "open-loop");
        thread.setDaemon(true);
        thread.start();
        return () -> {
            run.ended = true;
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw Waiting.interrupted(e);
            }
            return run.answers();
        };
    }

    /** A run that somebody has to end. */
    public interface Running {
        /** Returns when all are answered; throws as {@link OpenLoop#run} does. */
        Answers end() throws IOException;
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private final class Run {
        private final double perSecond;
        private final long requests;
        private final Histogram nanos = new ConcurrentHistogram(HIGHEST_NANOS, DIGITS);
        /** One more than those not answered while it asks, so that it reaches zero only at the end. */
        private final AtomicLong open = new AtomicLong(1);

        private final CountDownLatch answered = new CountDownLatch(1);
        private final AtomicLong failed = new AtomicLong();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private volatile boolean ended;

        Run(double perSecond, long requests) {
            this.perSecond = perSecond;
            this.requests = requests;
        }

        void ask() {
            long began = System.nanoTime();
            for (long i = 0; i < requests && !ended; i++) {
                long due = began + (long) (i / perSecond * 1e9);
                for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
                    LockSupport.parkNanos(early);
                }
                open.incrementAndGet();
                request.send(channels.get((int) (i % channels.size())), i, new Answer(this, due));
            }
            close();
        }

        void close() {
            if (open.decrementAndGet() == 0) {
                answered.countDown();
            }
        }

        Answers answers() throws IOException {
            try {
                if (!answered.await(DRAIN_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException(open.get() + " requests were not answered");
                }
            } catch (InterruptedException e) {
                throw Waiting.interrupted(e);
            }
            return new Answers(nanos, failed.get(), failure.get());
        }
    }

    private record Answer(Run run, long due) implements StreamObserver<Object> {
        @Override
        public void onNext(Object answer) {
            // Counted when it is complete.
        }

        @Override
        public void onError(Throwable error) {
            run.failure.compareAndSet(null, error);
            run.failed.incrementAndGet();
            onCompleted();
        }

        @Override
        public void onCompleted() {
            run.nanos.recordValue(Math.min(HIGHEST_NANOS, Math.max(0, System.nanoTime() - due)));
            run.close();
        }
    }
}
