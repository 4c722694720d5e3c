package dev.cairn.server;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.metrics.OwnMetrics;
import dev.cairn.server.thread.QueueView;
import dev.cairn.watch.WatchHub;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;

/** Shows how full queues and storage are, asked for with each scrape. Thread-safe. */
final class QueueFigures {
    private final OwnMetrics metrics;

    QueueFigures(OwnMetrics metrics) {
        this.metrics = metrics;
    }

    void follow(String name, QueueView queue) {
        if (queue.sizeMax() < Integer.MAX_VALUE) {
            metrics.queueEntries.with(name).follow(queue::size);
            metrics.queueEntriesMax.with(name).set(queue.sizeMax());
        }
        if (queue.bytesMax() < Long.MAX_VALUE) {
            metrics.queueBytes.with(name).follow(queue::bytes);
            metrics.queueBytesMax.with(name).set(queue.bytesMax());
        }
    }

    /** What waits for the threads of a pool. */
    void follow(String name, ExecutorService pool) {
        if (pool instanceof ThreadPoolExecutor threads) {
            metrics.queueEntries.with(name).follow(() -> threads.getQueue().size());
            metrics.queueEntriesMax
                    .with(name)
                    .set(threads.getQueue().size() + threads.getQueue().remainingCapacity());
        }
    }

    void follow(WatchHub watches) {
        metrics.queueEntries.with("watch-events").follow(watches::eventsPending);
        metrics.queueBytes.with("watch-events").follow(watches::bytesPending);
        metrics.queueBytesMax.with("watch-events").set(watches.bytesPendingMax());
    }

    void follow(MvccStore store) {
        metrics.queueBytes.with("store-overlay").follow(store::overlayBytes);
        metrics.queueBytesMax.with("store-overlay").set(store.overlayBytesMax());
        metrics.lmdbPageSizeBytes.follow(() -> store.storage().pageBytes());
        metrics.lmdbPages.follow(() -> store.storage().pages());
        metrics.lmdbPagesFree.follow(() -> store.storage().pagesFree());
        metrics.lmdbMapSizeBytes.follow(() -> store.storage().mapBytes());
        metrics.lmdbReaders.follow(() -> store.storage().readers());
        metrics.lmdbReadersMax.follow(() -> store.storage().readersMax());
    }
}
