package dev.cairn.sim;

import dev.cairn.server.thread.Duty;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * In place of a thread: runs a duty when it was woken, some time later, and when its deadline has come. Which of several
 * slots runs first is a matter of chance, as with threads.
 */
final class SimSlot {
    private static final long WAKE_MAX = 60_000;
    private static final long SLEEPY_MAX = 3_000_000;

    private final SimScheduler scheduler;
    private final SimClock clock;
    private final String name;
    private final BooleanSupplier alive;
    private final Consumer<Throwable> onFailure;
    private Duty duty = now -> 0;
    private boolean woken;
    private boolean started;
    private long busyUntil;
    private long deadlineAt = Long.MAX_VALUE;

    /**
     * @param name of the member and its loop
     * @param alive whether the process still runs
     */
    SimSlot(SimScheduler scheduler, SimClock clock, String name, BooleanSupplier alive, Consumer<Throwable> onFailure) {
        this.scheduler = scheduler;
        this.clock = clock;
        this.name = name;
        this.alive = alive;
        this.onFailure = onFailure;
    }

    void start(Duty newDuty) {
        duty = newDuty;
        started = true;
        wake();
    }

    /** Stops running until then: the loop waits for something, or the whole process is stopped. */
    void busyUntil(long time) {
        busyUntil = Math.max(busyUntil, time);
    }

    void wake() {
        if (woken || !started) {
            return;
        }
        woken = true;
        long delay = scheduler.random().nextLong(WAKE_MAX);
        if (scheduler.random().nextInt(200) == 0) {
            delay += scheduler.random().nextLong(SLEEPY_MAX);
        }
        scheduler.at(Math.max(busyUntil, scheduler.now()) + delay, name, this::run);
    }

    private void run() {
        woken = false;
        if (!alive.getAsBoolean()) {
            return;
        }
        if (busyUntil > scheduler.now()) {
            wake();
            return;
        }
        try {
            if (duty.doWork(clock.nanos()) > 0) {
                wake();
            }
        } catch (Throwable e) {
            onFailure.accept(e);
            return;
        }
        awaitDeadline();
    }

    private void awaitDeadline() {
        long deadline = duty.nextDeadlineNanos();
        if (deadline == Long.MAX_VALUE || !alive.getAsBoolean()) {
            return;
        }
        long at = Math.max(scheduler.now() + 1, clock.when(deadline));
        if (at >= deadlineAt && deadlineAt > scheduler.now()) {
            return;
        }
        deadlineAt = at;
        scheduler.at(at, name, () -> {
            if (deadlineAt == at) {
                deadlineAt = Long.MAX_VALUE;
                if (!woken) {
                    woken = true;
                    run();
                }
            }
        });
    }
}
