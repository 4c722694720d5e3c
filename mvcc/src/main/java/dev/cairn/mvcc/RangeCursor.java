package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.mvccpb.KeyValue;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * A walk over the live keys of a range at one revision, in key order: a merge of both generations of the overlay with the
 * table {@code idx}. Values are fetched only for keys that are asked for them. Confined to the thread of its view and closed
 * with it at the latest.
 */
final class RangeCursor implements AutoCloseable {
    private static final ByteBuffer NO_ENTRY = ByteBuffer.allocate(0);

    private final ReadView view;
    private final long main;
    private final OverlayWalk active;
    private final @Nullable OverlayWalk frozen;
    private final KeyTable.Scan stored;
    private final @Nullable ByteString rangeEnd;
    private final @Nullable ByteBuffer end;
    private boolean storedDone;

    // The key that the walk stands at: a version of the overlay, or an entry of idx whose newest version it is, or a
    // superseded version of that entry.
    private @Nullable Version version;
    private @Nullable Revision superseded;
    private boolean standsInStored;

    // What idx says of the key; kept, as several ask and each look at a record costs. Only read at absolute positions.
    private ByteBuffer entry = NO_ENTRY;
    private @Nullable KeyValue decoded;

    RangeCursor(ReadView view, KeyRange range, long main) {
        this.view = view;
        this.main = main;
        this.active = new OverlayWalk(view.overlay().active(), range);
        Generation older = view.overlay().frozen();
        this.frozen = older == null ? null : new OverlayWalk(older, range);
        this.stored = ReadView.IDX.scan(view.txn(), range.start());
        this.rangeEnd = range.end();
        this.end = rangeEnd == null ? null : rangeEnd.asReadOnlyByteBuffer();
        this.storedDone = range.isEmpty();
        checkStoredEnd();
    }

    /** The keys of one generation in the range. */
    private static final class OverlayWalk {
        private final Iterator<Map.Entry<ByteString, Version>> entries;
        private @Nullable ByteString key;
        private @Nullable Version newest;

        OverlayWalk(Generation generation, KeyRange range) {
            NavigableMap<ByteString, Version> map = generation.versions();
            ByteString end = range.end();
            if (range.isEmpty()) {
                map = map.headMap(ByteString.EMPTY, false);
            } else if (end == null) {
                map = map.tailMap(range.start(), true);
            } else {
                map = map.subMap(range.start(), true, end, false);
            }
            entries = map.entrySet().iterator();
            advance();
        }

        void advance() {
            if (entries.hasNext()) {
                Map.Entry<ByteString, Version> entry = entries.next();
                key = entry.getKey();
                newest = entry.getValue();
            } else {
                key = null;
                newest = null;
            }
        }

        /** The version at the revision if the walk stands at this key, and moves on. */
        @Nullable
        Version take(ByteString wanted, long main) {
            if (newest == null || !wanted.equals(key)) {
                return null;
            }
            Version found = newest.at(main);
            advance();
            return found;
        }
    }

    /** Moves to the next live key; false when there is none. */
    boolean next() {
        decoded = null;
        if (standsInStored) {
            advanceStored();
        }
        while (true) {
            ByteString overlayKey = overlayKey();
            if (overlayKey == null && storedDone) {
                return false;
            }
            int order;
            if (overlayKey == null) {
                order = -1;
            } else if (storedDone) {
                order = 1;
            } else {
                order = stored.compareTo(overlayKey.asReadOnlyByteBuffer());
            }
            if (overlayKey != null && order >= 0) {
                Version newer = active.take(overlayKey, main);
                Version older = frozen == null ? null : frozen.take(overlayKey, main);
                Version found = newer != null ? newer : older;
                if (found != null) {
                    if (order == 0) {
                        advanceStored();
                    }
                    if (!found.tombstone()) {
                        version = found;
                        standsInStored = false;
                        return true;
                    }
                    continue;
                }
            }
            if (order <= 0) {
                if (standAtStored()) {
                    return true;
                }
                advanceStored();
            }
        }
    }

    /** The number of live keys behind the one that the walk stands at; then the walk is over. */
    long countRest() {
        long count = 0;
        while (next()) {
            if (count == view.counts().sizes().walkedKeys()) {
                return count + RangeCount.of(view, new KeyRange(key(), rangeEnd), main);
            }
            count++;
        }
        return count;
    }

    private @Nullable ByteString overlayKey() {
        return KeyRange.least(active.key, frozen == null ? null : frozen.key);
    }

    private boolean standAtStored() {
        entry = stored.value();
        version = null;
        superseded = null;
        if (KeyState.mainAt(entry) <= main) {
            standsInStored = !KeyState.isTombstone(entry);
        } else {
            superseded = view.superseded(entry, main);
            standsInStored = superseded != null;
        }
        return standsInStored;
    }

    private void advanceStored() {
        standsInStored = false;
        stored.next();
        checkStoredEnd();
    }

    private void checkStoredEnd() {
        storedDone = storedDone || stored.atEnd() || (end != null && stored.compareTo(end) >= 0);
    }

    /** A copy of the key. */
    ByteString key() {
        return version != null ? version.key() : stored.key();
    }

    /** The key; valid until the walk moves. */
    ByteBuffer keyBuffer() {
        return version != null ? version.key().asReadOnlyByteBuffer() : stored.keyBuffer();
    }

    Revision revision() {
        if (version != null) {
            return version.revision();
        }
        return superseded != null ? superseded : KeyState.revisionAt(entry);
    }

    /** The main part of {@link #revision}. */
    long mod() {
        return version == null && superseded == null
                ? KeyState.mainAt(entry)
                : revision().main();
    }

    /** The id of the key. */
    Revision id() {
        return version != null ? version.state().id() : KeyState.idAt(entry);
    }

    /** The version in the overlay that the walk stands at; null when it is the backend that has it. */
    @Nullable
    Version version() {
        return version;
    }

    long create() {
        if (version != null) {
            return version.state().create();
        }
        return superseded != null ? decoded().getCreateRevision() : KeyState.createAt(entry);
    }

    long versionNumber() {
        if (version != null) {
            return version.state().version();
        }
        return superseded != null ? decoded().getVersion() : KeyState.versionAt(entry);
    }

    long lease() {
        if (version != null) {
            return version.state().lease();
        }
        return superseded != null ? decoded().getLease() : KeyState.leaseAt(entry);
    }

    /** The encoded key-value, a copy of what is stored. */
    ByteString keyValue() {
        return version != null ? version.keyValue() : view.storedKeyValue(revision(), id());
    }

    /** The length of {@link #keyValue}, as a rule without a look at it. */
    int keyValueBytes() {
        if (version != null) {
            return version.keyValue().size();
        }
        int noted = superseded != null ? 0 : KeyState.keyValueBytesAt(entry);
        return noted != 0 ? noted : view.storedKeyValueBytes(revision(), id());
    }

    /** The decoded key-value, for those whose {@code idx} entry speaks of a newer version. */
    KeyValue decoded() {
        if (decoded == null) {
            decoded = KeyValues.decode(keyValue());
        }
        return decoded;
    }

    @Override
    public void close() {
        stored.close();
    }
}
