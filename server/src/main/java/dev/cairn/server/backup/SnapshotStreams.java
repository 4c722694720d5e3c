package dev.cairn.server.backup;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.proto.etcdserverpb.SnapshotResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * All backups that are being taken by clients. Thread-safe; no call blocks.
 *
 * <p>The executor has one thread. A stream stands in its queue at most once: when it begins, when a slice has left work to do, when
 * its transport takes bytes again, when its client has gone. So {@link #STREAMS_MAX} bounds the queue, and also the memory: each
 * stream holds a piece of the store (1 MiB, or the largest record if that is longer) and the small tables.
 */
public final class SnapshotStreams {
    /** More at a time are refused with {@code too many requests}. */
    public static final int STREAMS_MAX = 16;

    /** What the transport may have waiting before a stream pauses. */
    private static final int WAITING_BYTES_MAX = 8 * SnapshotStream.CHUNK_BYTES;

    private final MvccStore store;
    private final Supplier<String> storageVersion;
    private final Executor executor;
    private final LongConsumer meter;
    private final AtomicInteger streams = new AtomicInteger();

    /**
     * @param storageVersion the version of etcd that the store's content is for, at any moment
     * @param executor one thread
     * @param meter told how many nanoseconds each finished backup took
     */
    public SnapshotStreams(MvccStore store, Supplier<String> storageVersion, Executor executor, LongConsumer meter) {
        this.store = store;
        this.storageVersion = storageVersion;
        this.executor = executor;
        this.meter = meter;
    }

    /** Begins to send. Called before the call's method returns. */
    public void start(ServerCallStreamObserver<SnapshotResponse> call) {
        if (streams.incrementAndGet() > STREAMS_MAX) {
            streams.decrementAndGet();
            call.onError(EtcdError.TOO_MANY_REQUESTS.asException());
            return;
        }
        Turn turn = new Turn(new SnapshotStream(store, storageVersion.get(), call));
        call.setOnReadyThreshold(WAITING_BYTES_MAX);
        call.setOnReadyHandler(turn::want);
        call.setOnCancelHandler(() -> {
            turn.stream.close();
            turn.want();
        });
        turn.want();
    }

    /** A stream's place in the queue. */
    private final class Turn implements Runnable {
        final SnapshotStream stream;
        private final AtomicBoolean queued = new AtomicBoolean();
        private boolean ended;

        Turn(SnapshotStream stream) {
            this.stream = stream;
        }

        void want() {
            if (queued.compareAndSet(false, true)) {
                try {
                    executor.execute(this);
                } catch (RejectedExecutionException e) {
                    // The server is closing: the call ends with its connection.
                    stream.close();
                }
            }
        }

        @Override
        public void run() {
            // Cleared before the look at the transport, so that what changes afterwards queues anew.
            queued.set(false);
            if (ended) {
                return;
            }
            switch (stream.work()) {
                case MORE_TO_DO -> want();
                case WAITS_FOR_CLIENT -> {}
                case ENDED -> {
                    ended = true;
                    streams.decrementAndGet();
                    if (stream.isSent()) {
                        meter.accept(System.nanoTime() - stream.startedNanos());
                    }
                }
            }
        }
    }
}
