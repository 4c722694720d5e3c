package dev.cairn.testing.history;

import org.jspecify.annotations.Nullable;

/**
 * A change of a key. Immutable.
 *
 * @param value null for a deletion
 * @param previous the version before; null when there was none, or when it was not asked for
 */
public record Event(
        String key,
        long revision,
        @Nullable KeyValue value,
        @Nullable KeyValue previous) {
    /** @param end the first key behind the range; null for the one key */
    boolean isWithin(String first, @Nullable String end) {
        return end == null ? key.equals(first) : key.compareTo(first) >= 0 && key.compareTo(end) < 0;
    }

    Event withoutPrevious() {
        return new Event(key, revision, value, null);
    }
}
