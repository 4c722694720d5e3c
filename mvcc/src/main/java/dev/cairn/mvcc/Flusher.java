package dev.cairn.mvcc;

/**
 * The store's housekeeping: writes what was applied to the backend, and removes what was compacted, in between. The server
 * runs {@link #doWork} on a thread of its own; nobody waits for it unless the overlay is full.
 *
 * <p>Thread-safe, but made for one thread: {@link #flush} from another waits for the one at work.
 */
public interface Flusher {
    /**
     * Flushes if the interval is over or enough operations wait; removes one batch of compacted revisions if one is due.
     *
     * @param nowNanos a monotonic clock, the same in every call
     * @return how many things were done; 0 means that the caller may idle
     * @throws StoreFailedException when the backend has failed
     */
    int doWork(long nowNanos);

    /**
     * Makes everything up to the last {@link MvccStore#applied} durable before it returns. From the apply loop only between
     * two entries.
     *
     * @throws StoreFailedException when the backend has failed
     */
    void flush();

    /** The last log index whose effects are durable; the log may be cut behind it. */
    long durableIndex();
}
