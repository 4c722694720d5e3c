package dev.cairn.v2;

/** Where time comes from. */
public interface Clocks {
    /** Nanoseconds of the epoch. */
    long wallNanos();

    /** For durations. */
    long monotonicNanos();
}
