package dev.cairn.server.thread;

/** How full a bounded queue is. Thread-safe; the two figures and their bounds need not be of the same moment. */
public interface QueueView {
    /** How many items wait. */
    int size();

    /** How many may; {@link Integer#MAX_VALUE} where only the bytes count. */
    int sizeMax();

    /** What the items that wait weigh. */
    long bytes();

    /** What they may weigh; {@link Long#MAX_VALUE} where only their number counts. */
    long bytesMax();
}
