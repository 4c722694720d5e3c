package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Cursor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the history in revision order: old revisions from the table {@code rev}, recent ones from the overlay's change lists.
 * Thread-safe.
 */
final class HistoryReader {
    private final StoreState state;

    HistoryReader(StoreState state) {
        this.state = state;
    }

    /** As {@link RevisionLog#read}; the sink runs after the view is closed, so it may use the store itself. */
    long read(long from, int maxEvents, long maxBytes, RevisionLog.EventSink sink) throws KvException {
        long current = state.current();
        Piece piece = new Piece(current, maxEvents, maxBytes);
        try (ReadView view = state.open()) {
            if (from < state.compacted()) {
                throw new KvException(KvException.Reason.COMPACTED);
            }
            Revision start = new Revision(Math.max(0, from), 0);
            collect(view, start, piece);
        }
        piece.events.forEach(sink::accept);
        return Math.max(from, piece.next);
    }

    private static void collect(ReadView view, Revision start, Piece piece) {
        Generation active = view.overlay().active();
        Generation frozen = view.overlay().frozen();
        Long firstFrozen = frozen == null ? null : frozen.changes().firstMain();
        Long firstRecent = firstFrozen != null ? firstFrozen : active.changes().firstMain();
        boolean goesOn = true;
        if (firstRecent == null || start.main() < firstRecent) {
            goesOn = collectStored(view, start, firstRecent == null ? Long.MAX_VALUE : firstRecent, piece);
        }
        if (goesOn && frozen != null) {
            goesOn = collectRecent(frozen, start, piece);
        }
        if (goesOn) {
            collectRecent(active, start, piece);
        }
    }

    private static boolean collectStored(ReadView view, Revision start, long firstRecent, Piece piece) {
        try (Cursor cursor = view.txn().cursor(Layout.REV)) {
            boolean found = cursor.seek(Layout.revisionKey(start));
            while (found) {
                Revision at = Layout.revisionAt(cursor.key(), 0);
                if (at.main() >= firstRecent) {
                    return true;
                }
                if (!piece.takes(at.main())) {
                    return false;
                }
                // No event belongs to the mark of a bumped revision.
                if (RevisionRecord.keyValueBuffer(cursor.value()).hasRemaining()) {
                    piece.add(event(at, cursor.value(), piece));
                }
                found = cursor.next();
            }
            return true;
        }
    }

    private static boolean collectRecent(Generation generation, Revision start, Piece piece) {
        ChangeList.Walk changes = generation.changes().from(start);
        for (Version version = changes.next(); version != null; version = changes.next()) {
            if (!piece.takes(version.revision().main())) {
                return false;
            }
            piece.add(version.event());
        }
        return true;
    }

    private static Event event(Revision at, ByteBuffer encoded, Piece piece) {
        RevisionRecord record = RevisionRecord.decode(at, encoded);
        ByteString key = KeyValues.keyOf(record.keyValue().asReadOnlyByteBuffer());
        ByteString shown = record.tombstone() ? KeyValues.deleteEvent(key, at.main()) : record.keyValue();
        Revision previous = record.previous();
        if (record.previousTombstone()) {
            return new Event(record.tombstone(), key, at, shown, null);
        }
        boolean sameRevision = previous != null && previous.main() == at.main();
        return new Event(record.tombstone(), key, at, shown, sameRevision ? piece.before(key) : previous);
    }

    /** The events collected so far, in whole revisions. */
    private static final class Piece {
        private final long current;
        private final int maxEvents;
        private final long maxBytes;
        private final List<Event> events = new ArrayList<>();
        private long bytes;
        private long lastMain = -1;

        // The first revision that is not in the piece.
        private long next;

        Piece(long current, int maxEvents, long maxBytes) {
            this.current = current;
            this.maxEvents = maxEvents;
            this.maxBytes = maxBytes;
            this.next = current + 1;
        }

        /** Whether an event of the revision still belongs to the piece. */
        boolean takes(long main) {
            if (main > current) {
                return false;
            }
            boolean full = events.size() >= maxEvents || bytes >= maxBytes;
            if (full && main != lastMain) {
                next = main;
                return false;
            }
            return true;
        }

        /** The version of the key before the last revision of the piece, which has changed the key already. */
        @Nullable
        Revision before(ByteString key) {
            Event first = null;
            for (int i = events.size() - 1; i >= 0 && events.get(i).revision().main() == lastMain; i--) {
                if (events.get(i).key().equals(key)) {
                    first = events.get(i);
                }
            }
            if (first == null) {
                throw new IllegalStateException("a key that was changed twice in one revision appears once: " + key);
            }
            return first.previous();
        }

        void add(Event event) {
            events.add(event);
            bytes += event.keyValue().size();
            lastMain = event.revision().main();
        }
    }

    @Nullable
    ByteString keyValueAt(Revision revision) {
        if (revision.main() > state.current()) {
            return null;
        }
        try (ReadView view = state.open()) {
            return keyValueAt(view, revision);
        }
    }

    /** The key-value as it was written at a revision that the view sees; null when it was compacted away or there is no such revision. */
    static @Nullable ByteString keyValueAt(ReadView view, Revision revision) {
        Version version = recent(view, revision);
        if (version != null) {
            return version.keyValue();
        }
        ByteBuffer record = view.record(revision);
        return record == null ? null : RevisionRecord.keyValue(record);
    }

    /** What the overlay holds of a revision that the view sees; null when it is not there. */
    static @Nullable Version recent(ReadView view, Revision revision) {
        Version version = find(view.overlay().active(), revision);
        Generation frozen = view.overlay().frozen();
        return version == null && frozen != null ? find(frozen, revision) : version;
    }

    private static @Nullable Version find(Generation generation, Revision revision) {
        if (!generation.changes().mayHold(revision)) {
            return null;
        }
        Version version = generation.changes().from(revision).next();
        return version != null && version.revision().equals(revision) ? version : null;
    }
}
