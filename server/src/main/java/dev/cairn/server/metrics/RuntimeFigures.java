package dev.cairn.server.metrics;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What the Java runtime knows of itself. Its management beans take a tenth of a second to load on a busy machine, so nobody loads them
 * before the first scrape asks, and that one does not wait: it shows the heap alone. Thread-safe.
 */
final class RuntimeFigures {
    private static final double MILLIS_PER_SECOND = TimeUnit.SECONDS.toMillis(1);

    private final Gauge threads;
    private final Gauge nonHeapBytes;
    private final Family<Gauge> bufferBytes;
    private final Family<Gauge> buffers;
    private final Family<Gauge> collections;
    private final Family<Gauge> collectionSeconds;
    private final AtomicBoolean loading = new AtomicBoolean();

    RuntimeFigures(Registry registry) {
        Runtime runtime = Runtime.getRuntime();
        registry.figure(
                "cairn_jvm_heap_used_bytes",
                "Heap in use.",
                "gauge",
                () -> runtime.totalMemory() - runtime.freeMemory());
        registry.figure("cairn_jvm_heap_committed_bytes", "Heap that is reserved.", "gauge", runtime::totalMemory);
        registry.figure("cairn_jvm_heap_max_bytes", "The largest heap there may be.", "gauge", runtime::maxMemory);
        nonHeapBytes = registry.gauge("cairn_jvm_nonheap_used_bytes", "Memory for code and classes in use.");
        threads = registry.gauge("cairn_jvm_threads", "Threads of the process that run Java.");
        bufferBytes = registry.gauges("cairn_jvm_buffer_used_bytes", "Memory of buffers outside the heap.", "pool");
        buffers = registry.gauges("cairn_jvm_buffers", "Buffers outside the heap.", "pool");
        collections = registry.countersOf("cairn_jvm_gc_collections_total", "Collections of garbage.", "gc");
        collectionSeconds =
                registry.countersOf("cairn_jvm_gc_collection_seconds_total", "Time of collections of garbage.", "gc");
    }

    /** Has the rest loaded, once. */
    void load(Executor executor) {
        if (!loading.compareAndSet(false, true)) {
            return;
        }
        try {
            executor.execute(this::follow);
        } catch (RejectedExecutionException e) {
            // Another scrape will come.
            loading.set(false);
        }
    }

    private void follow() {
        for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
            collections.with(gc.getName()).follow(gc::getCollectionCount);
            collectionSeconds.with(gc.getName()).follow(() -> gc.getCollectionTime() / MILLIS_PER_SECOND);
        }
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            bufferBytes.with(pool.getName()).follow(pool::getMemoryUsed);
            buffers.with(pool.getName()).follow(pool::getCount);
        }
        ThreadMXBean threadBean = ManagementFactory.getThreadMXBean();
        threads.follow(threadBean::getThreadCount);
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        nonHeapBytes.follow(() -> memory.getNonHeapMemoryUsage().getUsed());
    }
}
