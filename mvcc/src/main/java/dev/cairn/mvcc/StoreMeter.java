package dev.cairn.mvcc;

/**
 * What the store tells of its work, for metrics. Called on the thread that does the work, so implementations must be
 * thread-safe and must not block.
 */
public interface StoreMeter {
    /** Counts nothing. */
    StoreMeter NONE = new StoreMeter() {};

    /** A put was applied; {@code bytes} are those of key and value. */
    default void onPut(long bytes) {}

    /** A deletion of one key or range was applied, whether or not it found keys. */
    default void onDelete() {}

    /** A range was evaluated: asked for, compared with, or read for the previous values of a write. */
    default void onRange() {}

    /** Something of more than one range, put or deletion was evaluated; compares and writes of a transaction apart. */
    default void onTxn() {}

    /** The overlay was written to the backend and made durable. */
    default void onCommit(long durationNanos, long operations) {}

    /** The backend made a transaction of the overlay durable; a part of what {@link #onCommit} tells. */
    default void onBackendCommit(long durationNanos) {}

    /** A compaction was taken into the books; writes waited so long. */
    default void onCompactionScheduled(long durationNanos) {}

    /** A digest of everything was computed. */
    default void onHash(long durationNanos) {}

    /** A digest at a revision was computed. */
    default void onHashKv(long durationNanos) {}

    /** One small compaction transaction was committed. */
    default void onCompactionStep(long durationNanos, long revisionsRemoved) {}

    /** A compaction has removed all that it had to; the duration counts its pauses too. */
    default void onCompactionFinished(long revision, long durationNanos, long revisionsRemoved) {}

    /** The backend is being copied and swapped from now on, or no longer. */
    default void onDefragmenting(boolean underWay) {}

    /** The backend was copied and swapped; readers waited for {@code pauseNanos}. */
    default void onDefragment(long durationNanos, long pauseNanos) {}
}
