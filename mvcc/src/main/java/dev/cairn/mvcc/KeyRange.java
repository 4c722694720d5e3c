package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * A set of keys as requests name it: one key, or the half-open interval from a key to an end, which may be open. Keys are
 * compared as unsigned bytes. Immutable.
 *
 * @param start the first key
 * @param end the first key behind the range; null when the range has no end
 */
public record KeyRange(ByteString start, @Nullable ByteString end) {
    /** How keys are ordered, everywhere. */
    public static final Comparator<ByteString> KEY_ORDER = KeyRange::compare;

    /** The least of all keys; as a range end it means that there is no end. */
    static final ByteString FIRST_KEY = ByteString.copyFrom(new byte[] {0});

    /**
     * The range that a request's {@code key} and {@code range_end} name: an empty end means the key alone, an end of one
     * zero byte means no end.
     */
    public static KeyRange of(ByteString key, ByteString rangeEnd) {
        if (rangeEnd.isEmpty()) {
            return single(key);
        }
        return new KeyRange(key, rangeEnd.equals(FIRST_KEY) ? null : rangeEnd);
    }

    /** The range that holds exactly one key. */
    public static KeyRange single(ByteString key) {
        // Not concatenated: that would be a rope, which is slow to compare.
        byte[] end = new byte[key.size() + 1];
        key.copyTo(end, 0);
        return new KeyRange(key, UnsafeByteOperations.unsafeWrap(end));
    }

    /** Protobuf's own comparator makes two iterators each time. */
    private static int compare(ByteString x, ByteString y) {
        int common = Math.min(x.size(), y.size());
        for (int i = 0; i < common; i++) {
            byte ofX = x.byteAt(i);
            byte ofY = y.byteAt(i);
            if (ofX != ofY) {
                return Byte.compareUnsigned(ofX, ofY);
            }
        }
        return Integer.compare(x.size(), y.size());
    }

    /** Which of two keys comes first; null stands for no key. */
    static @Nullable ByteString least(@Nullable ByteString one, @Nullable ByteString other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return KEY_ORDER.compare(one, other) <= 0 ? one : other;
    }

    /** Whether the range can hold no other key than its start. */
    public boolean isSingle() {
        return end != null && end.size() == start.size() + 1 && end.byteAt(start.size()) == 0 && end.startsWith(start);
    }

    /** Whether the range can hold no key at all. */
    public boolean isEmpty() {
        return end != null && KEY_ORDER.compare(start, end) >= 0;
    }

    public boolean contains(ByteString key) {
        return KEY_ORDER.compare(key, start) >= 0 && (end == null || KEY_ORDER.compare(key, end) < 0);
    }
}
