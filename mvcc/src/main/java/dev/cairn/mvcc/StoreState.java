package dev.cairn.mvcc;

import dev.cairn.mvcc.KvException.Reason;
import dev.cairn.mvcc.backend.Backend;

/**
 * What the parts of a store share: the backend, the overlay over it, and the two revisions that bound what can be read.
 * Thread-safe; each field has one writer.
 *
 * <p>Invariants: compacted &le; current; both only grow. A revision is published here after all its versions are in the
 * overlay, so whoever has read {@link #current} finds them. A compaction is published here before anything is removed, so
 * whoever opens a view and reads {@link #compacted} afterwards knows what the view can be trusted for.
 *
 * <p><b>Replacement.</b> Overlay and backend are exchanged together ({@link #replace}), so a view never mixes the old with the new. What is
 * published keeps the rules above: the new compacted revision first, then overlay and backend, then the new current revision.
 */
final class StoreState {
    /** What a view is made of. */
    private record Base(Backend backend, Overlay overlay, KeyCounts counts) {}

    private final StoreFailure failure;

    private volatile Base base;

    // Written by the apply loop.
    private volatile long current;
    private volatile long compacted;
    private volatile long keys;

    private volatile boolean closed;

    StoreState(Backend backend, StoreFailure failure, KeyCounts counts, long current, long compacted, long keys) {
        this.base = new Base(backend, new Overlay(), counts);
        this.failure = failure;
        this.current = current;
        this.compacted = compacted;
        this.keys = keys;
    }

    Backend backend() {
        return base.backend();
    }

    Overlay overlay() {
        return base.overlay();
    }

    KeyCounts counts() {
        return base.counts();
    }

    /**
     * Goes on with another backend, an empty overlay and no counts. Apply loop, between two entries and with the flusher's lock.
     *
     * @return the backend before, which may still have readers
     */
    Backend replace(Backend newer, Recovered recovered) {
        Backend before = base.backend();
        compacted = Math.max(compacted, recovered.compacted());
        base = new Base(newer, new Overlay(), new KeyCounts(base.counts().sizes()));
        publish(recovered.current(), recovered.keys());
        return before;
    }

    long current() {
        return current;
    }

    long compacted() {
        return compacted;
    }

    long keys() {
        return keys;
    }

    /** Shows the revision to readers. Apply loop. */
    void publish(long revision, long liveKeys) {
        keys = liveKeys;
        current = revision;
    }

    /** Hides what is below the revision. Apply loop. */
    void compact(long revision) {
        compacted = revision;
    }

    /** A view of everything published before the call. Close it. */
    ReadView open() {
        while (true) {
            checkOpen();
            Base at = base;
            Overlay.View view = at.overlay().view();
            try {
                return new ReadView(view, at.backend().read(), at.counts(), failure);
            } catch (IllegalStateException e) {
                // Closed: the whole store, or only this backend, because another took its place after we had found it.
                if (at == base) {
                    throw e;
                }
            }
        }
    }

    /**
     * Checks that a view opened before the call can be read at a revision.
     *
     * @param newest the current revision, read before the view was opened
     */
    void checkReadable(long revision, long newest) throws KvException {
        if (revision > newest) {
            throw new KvException(Reason.FUTURE_REVISION);
        }
        if (revision < compacted) {
            throw new KvException(Reason.COMPACTED);
        }
    }

    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the store is closed");
        }
    }

    /** A view of what the backend holds and nothing else. */
    ReadView stored() {
        while (true) {
            Base at = base;
            try {
                return new ReadView(
                        new Overlay.View(new Generation(), null), at.backend().read(), at.counts(), failure);
            } catch (IllegalStateException e) {
                if (at == base) {
                    throw e;
                }
            }
        }
    }

    /** Who hears of failures. */
    StoreFailure failure() {
        return failure;
    }

    /** The backend does not hold what it must: to be thrown. */
    DamagedStoreException damaged(String damage) {
        return failure.damaged(damage);
    }

    /** Checks that the store can take writes. */
    void checkWritable() {
        checkOpen();
        Throwable cause = failure.cause();
        if (cause != null) {
            throw new StoreFailedException(cause);
        }
    }

    boolean hasFailed() {
        return failure.cause() != null;
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
    }

    /** The backend has failed: from now on there are no writes. */
    StoreFailedException fail(Throwable cause) {
        failure.fail(cause);
        return new StoreFailedException(cause);
    }
}
