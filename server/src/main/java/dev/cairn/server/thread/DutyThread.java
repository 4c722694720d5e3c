package dev.cairn.server.thread;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A thread that runs one or more duties in turn and sleeps while none has work. {@link #wake} may be called by any thread;
 * all else by the one that starts and stops the server.
 *
 * <p>No wake-up is lost: the thread announces that it is about to sleep before it looks for work a last time, and whoever
 * brings work looks at the announcement afterwards.
 *
 * <p>A duty that throws ends the thread: its state can no longer be trusted. The failure handler then stops the process.
 */
public final class DutyThread implements Runnable {
    private static final int RUNNING = 0;
    private static final int ABOUT_TO_SLEEP = 1;

    private final String name;
    private volatile List<Duty> duties = List.of();
    private final BiConsumer<String, Throwable> onFailure;
    private final AtomicInteger state = new AtomicInteger(RUNNING);
    private volatile boolean stopping;
    private volatile @Nullable Thread thread;

    /**
     * @param name the thread's name, at most 15 characters so that the kernel shows all of it
     * @param onFailure hears the thread's name and what a duty has thrown
     */
    public DutyThread(String name, BiConsumer<String, Throwable> onFailure) {
        this.name = name;
        this.onFailure = onFailure;
    }

    /** Starts the thread on these duties. They are given here because most duties need {@link #wake} to be made. */
    public void start(List<Duty> work) {
        duties = List.copyOf(work);
        Thread started = new Thread(this, name);
        thread = started;
        started.start();
    }

    /** Goes on with these duties alone, from the next round on. Called by the last of the duties, on this thread. */
    public void keep(List<Duty> work) {
        duties = List.copyOf(work);
    }

    /** There may be new work. Cheap when the thread is awake. */
    public void wake() {
        if (state.get() == ABOUT_TO_SLEEP && state.compareAndSet(ABOUT_TO_SLEEP, RUNNING)) {
            LockSupport.unpark(thread);
        }
    }

    /** Lets the duties finish what they have at hand and waits until the thread has ended. */
    public void stop() {
        stopping = true;
        Thread running = thread;
        if (running == null || running == Thread.currentThread()) {
            return;
        }
        LockSupport.unpark(running);
        boolean interrupted = false;
        while (running.isAlive()) {
            try {
                running.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        try {
            while (true) {
                if (round() > 0) {
                    continue;
                }
                if (stopping) {
                    for (Duty duty : duties) {
                        duty.onStop();
                    }
                    return;
                }
                state.set(ABOUT_TO_SLEEP);
                if (round() == 0 && !stopping) {
                    sleep();
                }
                state.set(RUNNING);
            }
        } catch (Throwable failure) {
            onFailure.accept(name, failure);
        }
    }

    private int round() throws Exception {
        int work = 0;
        for (Duty duty : duties) {
            work += duty.doWork(System.nanoTime());
        }
        return work;
    }

    private void sleep() {
        long now = System.nanoTime();
        long wait = Long.MAX_VALUE;
        for (Duty duty : duties) {
            long deadline = duty.nextDeadlineNanos();
            if (deadline != Long.MAX_VALUE) {
                wait = Math.min(wait, deadline - now);
            }
        }
        if (wait <= 0 || state.get() != ABOUT_TO_SLEEP) {
            return;
        }
        if (wait == Long.MAX_VALUE) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, wait);
        }
    }
}
