package dev.cairn.server.thread;

/**
 * The monotonic clock by which deadlines are set outside the loops; the loops themselves are told the time. It is the same clock
 * that {@link Duty#doWork} is given: the system's in production, a virtual one in simulation. Thread-safe.
 */
public interface NanoClock {
    NanoClock SYSTEM = System::nanoTime;

    /** Nanoseconds since some moment; never goes back. */
    long nanos();
}
