package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
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
    public static final Comparator<ByteString> KEY_ORDER = ByteString.unsignedLexicographicalComparator();

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
        return new KeyRange(key, key.concat(FIRST_KEY));
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
