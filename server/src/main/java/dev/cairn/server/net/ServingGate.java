package dev.cairn.server.net;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Thread-safe. Closed from binding until the member serves: connections are accepted, but nothing is read from them. Opens once and
 * stays open. Those that wait are bounded by the backlog and descriptors of the process; each is one small object.
 */
final class ServingGate {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Runnable> waiting = new ArrayList<>();
    private volatile boolean open;

    boolean isOpen() {
        return open;
    }

    /** Runs the task once the gate opens: now if it is open, else on the thread that opens it. */
    void whenOpen(Runnable task) {
        lock.lock();
        try {
            if (!open) {
                waiting.add(task);
                return;
            }
        } finally {
            lock.unlock();
        }
        task.run();
    }

    void open() {
        List<Runnable> released;
        lock.lock();
        try {
            open = true;
            released = List.copyOf(waiting);
            waiting.clear();
        } finally {
            lock.unlock();
        }
        for (Runnable task : released) {
            task.run();
        }
    }
}
