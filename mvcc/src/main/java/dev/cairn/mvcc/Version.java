package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * One version of a key while it is in the overlay. Immutable; reaches readers by being put into the overlay's map.
 *
 * @param state everything but the value
 * @param keyValue the encoded {@code mvccpb.KeyValue} as it will be stored
 * @param previous the revision of the version before this one, tombstones included; null when the key's entry began here
 * @param previousTombstone whether that version was a tombstone
 * @param older the version before this one in the same generation of the overlay
 */
record Version(
        ByteString key,
        KeyState state,
        ByteString keyValue,
        @Nullable Revision previous,
        boolean previousTombstone,
        @Nullable Version older) {
    Revision revision() {
        return state.revision();
    }

    boolean tombstone() {
        return state.tombstone();
    }

    /** This version, or the newest of the older ones here, that is not above the main revision; null when all are. */
    @Nullable
    Version at(long main) {
        Version version = this;
        while (version != null && version.revision().main() > main) {
            version = version.older;
        }
        return version;
    }

    /**
     * What watchers are told. The value before the event is the one before its main revision, whatever came in between; a put
     * that makes the key anew has none, even where the same revision deleted it.
     */
    Event event() {
        ByteString shown = tombstone() ? KeyValues.deleteEvent(key, revision().main()) : keyValue;
        Version first = this;
        while (first.older != null
                && first.older.revision().main() == revision().main()) {
            first = first.older;
        }
        boolean absent = previousTombstone || first.previousTombstone;
        return new Event(tombstone(), key, revision(), shown, absent ? null : first.previous);
    }
}
