package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/** The store's history in revision order: what a watcher that starts in the past, or has fallen behind, reads. Thread-safe. */
public interface RevisionLog {
    /** The newest revision that readers see. Every event up to it can be read here. */
    long currentRevision();

    /** The revision below which history is gone; -1 when nothing was ever compacted. */
    long compactedRevision();

    /**
     * Hands the events of revisions {@code from} to at most {@link #currentRevision()} to the sink, in order, and stops at
     * the end of a revision once at least {@code maxEvents} events or {@code maxBytes} bytes of encoded key-values were
     * handed over.
     *
     * @return the first revision that was not read; {@code currentRevision() + 1} when there is no more
     * @throws KvException COMPACTED when {@code from} is below the compacted revision
     */
    long read(long from, int maxEvents, long maxBytes, EventSink sink) throws KvException;

    /** The encoded {@code mvccpb.KeyValue} that was written at exactly this revision; null when it is compacted away. */
    @Nullable
    ByteString keyValueAt(Revision revision);

    /** Receives events in revision order. */
    interface EventSink {
        void accept(Event event);
    }
}
