package dev.cairn.server.thread;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A queue into a loop: many threads offer, the loop alone takes. Bounded by count and by bytes; when either bound is
 * reached the offer is refused and the caller decides what that means. An item is accepted whatever its size when the
 * mailbox is empty, so nothing that is allowed at all can be refused for ever.
 */
public final class Mailbox<T> implements QueueView {
    private final ConcurrentLinkedQueue<T> items = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final int countMax;
    private final long bytesMax;
    private final ToLongFunction<T> sizeBytes;
    private final Runnable wake;

    /**
     * @param sizeBytes what an item weighs; must not change while it is queued
     * @param wake wakes the loop that takes from here
     */
    public Mailbox(int countMax, long bytesMax, ToLongFunction<T> sizeBytes, Runnable wake) {
        this.countMax = countMax;
        this.bytesMax = bytesMax;
        this.sizeBytes = sizeBytes;
        this.wake = wake;
    }

    /** Puts the item in and wakes the loop; false when the mailbox is full. */
    public boolean offer(T item) {
        long size = sizeBytes.applyAsLong(item);
        if (count.get() >= countMax || (bytes.get() > 0 && bytes.get() + size > bytesMax)) {
            return false;
        }
        // Several threads may pass the check together and exceed the bound by as many items: the bound is there to keep
        // memory in hand, and is not worth a lock.
        count.incrementAndGet();
        bytes.addAndGet(size);
        items.add(item);
        wake.run();
        return true;
    }

    /** Takes the oldest item; null when there is none. */
    public @Nullable T poll() {
        T item = items.poll();
        if (item != null) {
            count.decrementAndGet();
            bytes.addAndGet(-sizeBytes.applyAsLong(item));
        }
        return item;
    }

    /** The oldest item, which stays; null when there is none. Only for the loop that takes from here. */
    public @Nullable T peek() {
        return items.peek();
    }

    public boolean isEmpty() {
        return items.isEmpty();
    }

    @Override
    public long bytes() {
        return bytes.get();
    }

    @Override
    public int sizeMax() {
        return countMax;
    }

    @Override
    public long bytesMax() {
        return bytesMax;
    }

    @Override
    public int size() {
        return count.get();
    }
}
