package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What was applied and is not yet in the backend, in two generations.
 *
 * <p><b>States.</b> There is always an active generation, which the apply loop writes. {@link #freeze} makes it the frozen one
 * and begins another; {@link #drop} forgets the frozen one after it was committed. At most one is frozen. A generation holds
 * whole log entries: while an entry is open the freeze is put off to its end, and the apply loop carries it out.
 *
 * <p><b>Readers</b> take no lock. They take a revision, then a {@link View}, then a backend transaction, in this order: what
 * is missing in the view was committed before the view was made, and is in the transaction. The transaction may already hold
 * what the frozen generation holds too; that is harmless, as the view comes first and says the same.
 *
 * <p><b>Owners.</b> The apply loop: {@link #beginEntry}, {@link #endEntry}, the active generation's content. The flusher:
 * freeze and drop. The lock is held for moments only.
 */
final class Overlay {
    /** Both generations as a reader sees them. Immutable. */
    record View(Generation active, @Nullable Generation frozen) {
        /** The newest version here of the key that is not above the main revision; null when the backend must be asked. */
        @Nullable
        Version at(ByteString key, long main) {
            Version version = at(active, key, main);
            return version == null && frozen != null ? at(frozen, key, main) : version;
        }

        private static @Nullable Version at(Generation generation, ByteString key, long main) {
            Version newest = generation.newest(key);
            return newest == null ? null : newest.at(main);
        }

        /** The least key here that is not below the given one; null when there is none. */
        @Nullable
        ByteString ceiling(ByteString key) {
            ByteString written = active.versions().ceilingKey(key);
            return KeyRange.least(
                    written, frozen == null ? null : frozen.versions().ceilingKey(key));
        }

        /** The least key here that is above the given one; null when there is none. */
        @Nullable
        ByteString higher(ByteString key) {
            ByteString written = active.versions().higherKey(key);
            return KeyRange.least(
                    written, frozen == null ? null : frozen.versions().higherKey(key));
        }

        long bytes() {
            return active.bytes() + (frozen == null ? 0 : frozen.bytes());
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition frozenNow = lock.newCondition();

    private volatile View view = new View(new Generation(), null);

    // Written under the lock; only the owner itself may read it without, to find its own name.
    private volatile @Nullable Thread entryOwner;

    // Guarded by the lock.
    private boolean freezeWanted;
    private boolean closing;

    View view() {
        return view;
    }

    /** The generation to write to. Apply loop, inside an entry. */
    Generation active() {
        if (!isMine()) {
            throw new IllegalStateException("a write outside an entry of the apply loop");
        }
        return view.active();
    }

    /** Whether the calling thread has an entry open. */
    boolean isMine() {
        return entryOwner == Thread.currentThread();
    }

    /** From here to {@link #endEntry} nothing is frozen. Idempotent inside an entry. */
    void beginEntry() {
        if (isMine()) {
            return;
        }
        lock.lock();
        try {
            Thread owner = entryOwner;
            if (owner != null) {
                throw new IllegalStateException("an entry is open on " + owner.getName());
            }
            entryOwner = Thread.currentThread();
        } finally {
            lock.unlock();
        }
    }

    void endEntry(Generation.Applied applied) {
        beginEntry();
        lock.lock();
        try {
            view.active().applied(applied);
            entryOwner = null;
            if (freezeWanted) {
                freezeWanted = false;
                freezeNow();
                frozenNow.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * The store is being closed: from now on an open entry is not waited for, as the apply loop may have stopped inside it.
     * What it has written is in the log.
     */
    void close() {
        lock.lock();
        try {
            closing = true;
            freezeWanted = false;
            frozenNow.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The frozen generation, freezing the active one first if there is none; null when nothing was written. Flusher only. */
    @Nullable
    Generation freeze() {
        lock.lock();
        try {
            if (view.frozen() == null) {
                if (isMine() && !closing) {
                    throw new IllegalStateException("a flush inside an entry");
                }
                if (entryOwner == null) {
                    freezeNow();
                } else if (!closing) {
                    freezeWanted = true;
                    while (freezeWanted) {
                        frozenNow.awaitUninterruptibly();
                    }
                }
            }
            return view.frozen();
        } finally {
            lock.unlock();
        }
    }

    private void freezeNow() {
        if (!view.active().isEmpty()) {
            view = new View(new Generation(), view.active());
        }
    }

    /** Forgets the frozen generation, which the backend now holds. Flusher only. */
    void drop() {
        lock.lock();
        try {
            view = new View(view.active(), null);
        } finally {
            lock.unlock();
        }
    }
}
