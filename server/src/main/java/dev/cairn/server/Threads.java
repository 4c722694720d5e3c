package dev.cairn.server;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** How the threads that are not loops are made; {@code server/THREADS.md} lists them. */
final class Threads {
    private static final int QUEUED_MAX = 1024;
    private static final long IDLE_SECONDS = 10;

    private Threads() {}

    /** Threads that work off a bounded queue and go away when idle; a full queue refuses with an exception. */
    static ExecutorService pool(String name, int threads) {
        ThreadFactory factory = task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                threads, threads, IDLE_SECONDS, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUED_MAX), factory);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}
