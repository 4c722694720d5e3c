package dev.cairn.watch;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Event;
import dev.cairn.mvcc.Revision;
import dev.cairn.mvcc.RevisionLog;
import java.util.ArrayDeque;

/**
 * Encodes events with the value they replaced, for the watchers that ask for it. Thread-safe: any stream's executor.
 *
 * <p>The value is looked up when the first such watcher's response is built, not when the event happens: the apply loop does
 * not pay for it, and a value that was compacted in the meantime is left out, as etcd leaves it out. The newest encodings
 * stay with their events for the next watcher, within {@link #KEPT_BYTES_MAX}.
 */
final class PreviousValues {
    /** How many bytes of encodings are kept for further watchers. */
    private static final long KEPT_BYTES_MAX = 4 << 20;

    private final RevisionLog log;
    private final Object lock = new Object();
    private final ArrayDeque<SharedEvent> kept = new ArrayDeque<>();
    private long keptBytes;

    PreviousValues(RevisionLog log) {
        this.log = log;
    }

    /** The event as a field of the response, with the previous key-value if there was one and it is not compacted. */
    ByteString encode(SharedEvent shared) {
        ByteString known = shared.withPrevious();
        if (known != null) {
            return known;
        }
        Event event = shared.event();
        Revision previous = event.previous();
        // etcd reads the store as it was one revision before the event, which a compaction at the event itself forbids.
        if (previous == null || event.revision().main() - 1 < log.compactedRevision()) {
            return shared.encoded();
        }
        ByteString keyValue = log.keyValueAt(previous);
        if (keyValue == null) {
            return shared.encoded();
        }
        ByteString bytes = shared.encode(keyValue);
        keep(shared, bytes);
        return bytes;
    }

    private void keep(SharedEvent shared, ByteString bytes) {
        synchronized (lock) {
            if (shared.withPrevious() != null) {
                return;
            }
            shared.keepWithPrevious(bytes);
            kept.addLast(shared);
            keptBytes += bytes.size();
            while (keptBytes > KEPT_BYTES_MAX) {
                SharedEvent oldest = kept.removeFirst();
                ByteString dropped = oldest.withPrevious();
                oldest.keepWithPrevious(null);
                keptBytes -= dropped == null ? 0 : dropped.size();
            }
        }
    }
}
