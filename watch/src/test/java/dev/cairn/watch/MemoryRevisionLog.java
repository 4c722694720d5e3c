package dev.cairn.watch;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Event;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.Revision;
import dev.cairn.mvcc.RevisionLog;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A store's history in memory, with the writes that make it. Thread-safe. It keeps compacted events for the tests to compare
 * with ({@link #history}), but does not give them to readers.
 */
final class MemoryRevisionLog implements RevisionLog {
    /** A change to make: a put, or a delete when there is no value. */
    record Change(ByteString key, @Nullable ByteString value) {
        static Change put(String key, String value) {
            return new Change(ByteString.copyFromUtf8(key), ByteString.copyFromUtf8(value));
        }

        static Change delete(String key) {
            return new Change(ByteString.copyFromUtf8(key), null);
        }
    }

    private record Written(Revision revision, KeyValue keyValue) {}

    private final List<List<Event>> revisions = new ArrayList<>();
    private final Map<ByteString, Written> live = new HashMap<>();
    private final Map<Revision, ByteString> values = new HashMap<>();

    /** When a value stopped being the newest of its key. */
    private final Map<Revision, Long> replacedAt = new HashMap<>();

    private long compacted = -1;
    private long reads;
    private volatile Runnable betweenEvents = () -> {};

    MemoryRevisionLog() {
        // Revision 0 does not exist, and a new store is at revision 1 without an event.
        revisions.add(List.of());
        revisions.add(List.of());
    }

    /** Writes the next revision; deletes of keys that do not exist do nothing. */
    synchronized List<Event> write(List<Change> changes) {
        long main = revisions.size();
        List<Event> events = new ArrayList<>();
        for (Change change : changes) {
            Written before = live.get(change.key());
            ByteString value = change.value();
            if (value == null && before == null) {
                continue;
            }
            Revision revision = new Revision(main, events.size());
            KeyValue.Builder keyValue =
                    KeyValue.newBuilder().setKey(change.key()).setModRevision(main);
            if (value != null) {
                keyValue.setValue(value)
                        .setCreateRevision(before == null ? main : before.keyValue.getCreateRevision())
                        .setVersion(before == null ? 1 : before.keyValue.getVersion() + 1);
            }
            ByteString encoded = keyValue.build().toByteString();
            events.add(
                    new Event(value == null, change.key(), revision, encoded, before == null ? null : before.revision));
            if (before != null) {
                replacedAt.put(before.revision, main);
            }
            if (value == null) {
                live.remove(change.key());
            } else {
                live.put(change.key(), new Written(revision, keyValue.build()));
                values.put(revision, encoded);
            }
        }
        if (!events.isEmpty()) {
            revisions.add(List.copyOf(events));
        }
        return events;
    }

    synchronized void compact(long revision) {
        compacted = Math.max(compacted, revision);
    }

    /** The events of one revision, whether or not it is compacted. */
    synchronized List<Event> history(long revision) {
        return revisions.get((int) revision);
    }

    /** The key-value of a revision, whether or not it is compacted. */
    synchronized ByteString historicValue(Revision revision) {
        ByteString value = values.get(revision);
        if (value == null) {
            throw new AssertionError("nothing was written at " + revision);
        }
        return value;
    }

    /** What happens in other threads while a reader is between two events. */
    void betweenEvents(Runnable task) {
        betweenEvents = task;
    }

    /** How many calls of {@link #read} there were. */
    synchronized long reads() {
        return reads;
    }

    @Override
    public synchronized long currentRevision() {
        return revisions.size() - 1L;
    }

    @Override
    public synchronized long compactedRevision() {
        return compacted;
    }

    @Override
    public long read(long from, int maxEvents, long maxBytes, EventSink sink) throws KvException {
        List<Event> read = new ArrayList<>();
        long next;
        synchronized (this) {
            reads++;
            if (from < compacted) {
                throw new KvException(KvException.Reason.COMPACTED);
            }
            long bytes = 0;
            for (next = from; next < revisions.size() && read.size() < maxEvents && bytes < maxBytes; next++) {
                for (Event event : revisions.get((int) next)) {
                    read.add(event);
                    bytes += event.keyValue().size();
                }
            }
        }
        for (Event event : read) {
            betweenEvents.run();
            sink.accept(event);
        }
        return next;
    }

    @Override
    public synchronized @Nullable ByteString keyValueAt(Revision revision) {
        Long replaced = replacedAt.get(revision);
        return replaced != null && replaced <= compacted ? null : values.get(revision);
    }
}
