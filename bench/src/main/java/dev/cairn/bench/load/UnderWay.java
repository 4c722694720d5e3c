package dev.cairn.bench.load;

import dev.cairn.bench.process.Waiting;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Keeps so many requests under way at a time: one thread asks, and waits where there is no room. */
public final class UnderWay {
    private static final long LIMIT_SECONDS = 300;

    private final int max;
    private final Semaphore room;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    public UnderWay(int max) {
        this.max = max;
        room = new Semaphore(max);
    }

    /**
     * Waits for room, and takes it until the answer is complete.
     *
     * @throws IOException if one before has failed
     */
    public <T> StreamObserver<T> next() throws IOException {
        return next(answer -> {});
    }

    /** The same; the consumer is told of the answer. */
    public <T> StreamObserver<T> next(Consumer<T> answered) throws IOException {
        return next(answered, error -> failure.compareAndSet(null, error));
    }

    /** The same, but a failure is told to the second consumer, and to nobody else. */
    public <T> StreamObserver<T> next(Consumer<T> answered, Consumer<Throwable> failed) throws IOException {
        acquire(1);
        return new StreamObserver<>() {
            @Override
            public void onNext(T answer) {
                answered.accept(answer);
            }

            @Override
            public void onError(Throwable error) {
                failed.accept(error);
                room.release();
            }

            @Override
            public void onCompleted() {
                room.release();
            }
        };
    }

    /**
     * Returns when all are answered.
     *
     * @throws IOException if one has failed
     */
    public void awaitAll() throws IOException {
        acquire(max);
        room.release(max);
    }

    private void acquire(int permits) throws IOException {
        try {
            if (!room.tryAcquire(permits, LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("requests are not answered");
            }
        } catch (InterruptedException e) {
            throw Waiting.interrupted(e);
        }
        Throwable first = failure.get();
        if (first != null) {
            throw new IOException("a request failed", first);
        }
    }
}
