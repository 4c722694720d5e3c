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
    Event withoutPrevious() {
        return new Event(key, revision, value, null);
    }
}
