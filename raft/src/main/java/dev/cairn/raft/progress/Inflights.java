package dev.cairn.raft.progress;

/**
 * The window of append messages that a follower has not answered yet: for each the index of its last entry and the bytes
 * of its entries, in a ring that grows up to the limit.
 *
 * <p>Confined to its progress. The message that reaches the limit of bytes is still let through, so that one message
 * larger than the limit can be sent at all.
 */
public final class Inflights {
    private static final int CAPACITY_MIN = 8;

    private final int messagesMax;
    private final long bytesMax;

    private long[] lastIndexes;
    private long[] sizes;
    private int start;
    private int count;
    private long bytes;

    /**
     * An empty window.
     *
     * @param messagesMax how many messages may be on their way
     * @param bytesMax how many bytes may be exceeded by the last message only
     */
    public Inflights(int messagesMax, long bytesMax) {
        this.messagesMax = messagesMax;
        this.bytesMax = bytesMax;
        int capacity = Math.min(CAPACITY_MIN, messagesMax);
        this.lastIndexes = new long[capacity];
        this.sizes = new long[capacity];
    }

    /** How many messages are on their way. */
    public int count() {
        return count;
    }

    /** How many bytes are on their way. */
    public long bytes() {
        return bytes;
    }

    /** Whether nothing more may be sent. */
    public boolean isFull() {
        return count == messagesMax || bytes >= bytesMax;
    }

    /**
     * Notes that a message has been sent.
     *
     * @param lastIndex the index of its last entry, higher than the one before
     * @throws IllegalStateException if the window is full
     */
    public void add(long lastIndex, long messageBytes) {
        if (isFull()) {
            throw new IllegalStateException("cannot add " + lastIndex + " into a full inflight window");
        }
        if (count == lastIndexes.length) {
            grow();
        }
        int at = (start + count) % lastIndexes.length;
        lastIndexes[at] = lastIndex;
        sizes[at] = messageBytes;
        count++;
        bytes += messageBytes;
    }

    /** Forgets the messages whose last entry is at or before an index, because the follower has that entry. */
    public void freeUpTo(long index) {
        while (count > 0 && lastIndexes[start] <= index) {
            bytes -= sizes[start];
            start = (start + 1) % lastIndexes.length;
            count--;
        }
    }

    private void grow() {
        int capacity = (int) Math.min(messagesMax, 2L * lastIndexes.length);
        long[] grownIndexes = new long[capacity];
        long[] grownSizes = new long[capacity];
        for (int i = 0; i < count; i++) {
            int from = (start + i) % lastIndexes.length;
            grownIndexes[i] = lastIndexes[from];
            grownSizes[i] = sizes[from];
        }
        lastIndexes = grownIndexes;
        sizes = grownSizes;
        start = 0;
    }
}
