package dev.cairn.server.thread;

/**
 * The work of a loop, apart from the thread that runs it: a thread in production, the simulator in tests. Confined to
 * whoever runs it.
 */
public interface Duty {
    /**
     * Does what there is to do now, in a bounded portion.
     *
     * @param nowNanos the time, on a clock that never goes back
     * @return how much was done; 0 when there was nothing to do
     */
    int doWork(long nowNanos) throws Exception;

    /** The loop ends: writes down what was put off. Called once, when all other duties of the thread have no work left. */
    default void onStop() throws Exception {}

    /** Another thread runs this from its next turn on. Called by the one that has run it so far, between two turns. */
    default void onHandOver() {}

    /** When there is something to do by time alone; {@link Long#MAX_VALUE} when only input makes work. */
    default long nextDeadlineNanos() {
        return Long.MAX_VALUE;
    }
}
