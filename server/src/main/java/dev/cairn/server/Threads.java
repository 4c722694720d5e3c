package dev.cairn.server;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** How the threads that are not loops are made; {@code server/THREADS.md} lists them. */
final class Threads {
    private static final int SLOW_QUEUE_MAX = 1024;

    private Threads() {}

    /** One thread that works off a bounded queue and goes away when idle; a full queue is refused with an exception. */
    static ExecutorService single(String name) {
        ThreadFactory factory = task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(SLOW_QUEUE_MAX), factory);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}
