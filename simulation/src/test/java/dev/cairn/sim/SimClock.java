package dev.cairn.sim;

import dev.cairn.server.thread.NanoClock;

/** A member's clock: it goes a little faster or slower than true time, and jumps forward. It never goes back. */
final class SimClock implements NanoClock {
    private final SimScheduler scheduler;
    private final double rate;
    private long base;
    private final long start;

    /** @param rate how fast the clock goes; 1 is right */
    SimClock(SimScheduler scheduler, double rate, long base) {
        this.scheduler = scheduler;
        this.rate = rate;
        this.base = base;
        this.start = scheduler.now();
    }

    @Override
    public long nanos() {
        return base + (long) ((scheduler.now() - start) * rate);
    }

    void jump(long nanos) {
        base += nanos;
    }

    /** When this clock will show the given time, on the scheduler's. */
    long when(long local) {
        return scheduler.now() + (long) Math.ceil((local - nanos()) / rate);
    }
}
