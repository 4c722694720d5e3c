package dev.cairn.raft.message;

import com.google.protobuf.ByteString;
import java.util.List;

/**
 * One position of the replicated log.
 *
 * <p>Immutable. A proposal has term and index zero until the leader appends it.
 */
public record Entry(long term, long index, EntryType type, ByteString data) {
    /** A proposal for the state machine, not yet placed in the log. */
    public static Entry proposal(ByteString data) {
        return new Entry(0, 0, EntryType.NORMAL, data);
    }

    /** The same content at a place in the log. */
    public Entry at(long newTerm, long newIndex) {
        return new Entry(newTerm, newIndex, type, data);
    }

    /** The bytes that a client proposed; what the limit on uncommitted entries counts. */
    public int payloadBytes() {
        return data.size();
    }

    /** The size of the encoded entry; what limits on messages and on reads from the log count. */
    public long encodedBytes() {
        long bytes = 2 + 1 + varintBytes(term) + 1 + varintBytes(index);
        int length = data.size();
        return length == 0 ? bytes : bytes + 1 + varintBytes(length) + length;
    }

    /** The sum of {@link #payloadBytes} over some entries. */
    public static long payloadBytes(List<Entry> entries) {
        long bytes = 0;
        for (Entry entry : entries) {
            bytes += entry.payloadBytes();
        }
        return bytes;
    }

    /** The sum of {@link #encodedBytes} over some entries. */
    public static long encodedBytes(List<Entry> entries) {
        long bytes = 0;
        for (Entry entry : entries) {
            bytes += entry.encodedBytes();
        }
        return bytes;
    }

    private static int varintBytes(long value) {
        // Seven bits per byte, and at least one byte.
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }
}
