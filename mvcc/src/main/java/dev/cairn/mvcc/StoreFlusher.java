package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.mvcc.backend.WriteTxn;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The only writer of the backend.
 *
 * <p><b>A flush</b> freezes the overlay between two log entries, writes the frozen generation in one transaction together
 * with the applied index, term and configuration, and forgets it once that is durable. Until then readers find it in the
 * overlay; from then on in the backend.
 *
 * <p><b>Failure.</b> When the backend refuses, the frozen generation stays, so reads go on, and the store takes no more
 * writes. Nothing is tried again: after a failed sync nobody knows what is on disk.
 *
 * <p><b>Locks.</b> The lock makes one writer of many callers: the thread of {@link #doWork}, an apply loop that found the
 * overlay full, those who need everything in the backend. It is taken before the overlay's, never inside it, and is fair,
 * so that the thread of {@code doWork} cannot keep an apply loop out that waits for room.
 */
final class StoreFlusher implements Flusher {
    private static final Revision FIRST_REVISION = new Revision(0, 0);

    /**
     * When keys and values fill one part in so many of the overlay, they are flushed before the interval is over. Large values
     * that wait outlive several collections of the young generation, and then fill the heap until all of it is collected
     * at once; small ones are not written more often for it, as they are counted without what the overlay adds.
     */
    private static final int FLUSH_SHARE = 20;

    private final StoreState state;
    private final StoreOptions options;
    private final Compactor compactor;
    private final ReentrantLock lock = new ReentrantLock(true);

    private volatile long durableIndex;

    // Guarded by the lock.
    private long flushedAtNanos;
    private long compactedAtNanos;
    private boolean hasClock;

    StoreFlusher(StoreState state, StoreOptions options, Compactor compactor, long durableIndex) {
        this.state = state;
        this.options = options;
        this.compactor = compactor;
        this.durableIndex = durableIndex;
    }

    @Override
    public int doWork(long nowNanos) {
        lock.lock();
        try {
            state.checkWritable();
            if (!hasClock) {
                hasClock = true;
                flushedAtNanos = nowNanos;
                compactedAtNanos = nowNanos - options.compactionPauseNanos();
            }
            int done = 0;
            Overlay.View view = state.overlay().view();
            boolean intervalOver = nowNanos - flushedAtNanos >= options.flushIntervalNanos();
            boolean large = view.active().operations() >= options.flushOperationsMax()
                    || view.active().dataBytes() >= options.overlayBytesMax() / FLUSH_SHARE;
            if (intervalOver || large) {
                flushedAtNanos = nowNanos;
                done += flushLocked() ? 1 : 0;
            }
            if (nowNanos - compactedAtNanos >= options.compactionPauseNanos() && compactor.isPending()) {
                compactedAtNanos = nowNanos;
                done += compactLocked() ? 1 : 0;
            }
            return done;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void flush() {
        lock.lock();
        try {
            state.checkWritable();
            flushLocked();
        } finally {
            lock.unlock();
        }
    }

    /** Writes until the overlay is below its bound; called by the apply loop between two entries. */
    void relieve() {
        if (state.overlay().view().bytes() > options.overlayBytesMax()) {
            flush();
        }
    }

    /**
     * A backend transaction that holds everything up to {@code current}, with no compaction under way: what is computed there
     * does not depend on how far the housekeeping had come. A compaction that is held back for a {@link StoreImage} is not waited
     * for; then there may be more of what was superseded at {@code compacted}.
     */
    record Settled(ReadView view, long current, long compacted) implements AutoCloseable {
        @Override
        public void close() {
            view.close();
        }
    }

    /**
     * Flushes and carries out what is to be compacted. A step at a time under the lock, so that an apply loop that needs room
     * comes in between.
     */
    Settled settle() {
        while (true) {
            lock.lock();
            try {
                state.checkWritable();
                if (compactLocked()) {
                    continue;
                }
                long current = state.current();
                flushLocked();
                long compacted = compactor.isHeld() ? compactor.durable() : compactor.finished();
                if (compacted == state.compacted() && current >= compacted) {
                    return new Settled(state.stored(), current, compacted);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    StoreImage image(CompactionHolds holds) {
        lock.lock();
        try {
            state.checkWritable();
            flushLocked();
            return StoreImage.take(state, holds);
        } finally {
            lock.unlock();
        }
    }

    /** @return null when some of the rows behind the revision may be gone, or the store does not reach there */
    @Nullable
    RevisionTail tail(CompactionHolds holds, long after) {
        lock.lock();
        try {
            state.checkWritable();
            // Held before the look: a compaction that is requested in between removes nothing behind the revision any
            // more.
            RevisionTail tail = new RevisionTail(state, holds.hold(), after);
            if (after < state.compacted() || after > state.current()) {
                tail.close();
                return null;
            }
            return tail;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Goes on with another store. What the overlay holds is dropped: the log entries that made it are in the other one.
     *
     * @return the backend before; to be closed, which waits for its readers
     */
    Backend replace(ChecksummedBackend newer, Recovered recovered, CompactionHolds holds) {
        lock.lock();
        try {
            state.checkWritable();
            newer.takePlaceOf(state.backend());
            // Before the exchange: whoever reads an image and finds the new store learns of it.
            holds.breakAll();
            Backend before = state.replace(newer, recovered);
            compactor.restart(recovered.finished(), recovered.scheduled());
            durableIndex = recovered.applied().index();
            return before;
        } catch (BackendException e) {
            throw state.fail(e);
        } finally {
            lock.unlock();
        }
    }

    void defragment() {
        lock.lock();
        try {
            state.checkWritable();
            flushLocked();
            long started = System.nanoTime();
            options.meter().onDefragmenting(true);
            try {
                long paused = state.backend().defragment(new DiskPace(state::current, this::overlayFills));
                options.meter().onDefragment(System.nanoTime() - started, paused);
            } finally {
                options.meter().onDefragmenting(false);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether an apply loop may soon find the overlay full, and wait for the lock. */
    private boolean overlayFills() {
        return state.overlay().view().bytes() > options.overlayBytesMax() / 2;
    }

    /** Flushes for the last time, if the store is sound and no entry is open, and closes the backend. */
    void close() {
        state.overlay().close();
        lock.lock();
        try {
            if (!state.isClosed()) {
                try {
                    if (!state.hasFailed()) {
                        flushLocked();
                    }
                } finally {
                    state.close();
                    state.backend().close();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long durableIndex() {
        return durableIndex;
    }

    private boolean compactLocked() {
        try {
            return compactor.step();
        } catch (BackendException e) {
            throw state.fail(e);
        }
    }

    private boolean flushLocked() {
        Generation frozen = state.overlay().freeze();
        if (frozen == null) {
            return false;
        }
        Generation.PairChange scheduled = frozen.pair(Table.META, Layout.META_SCHEDULED_COMPACTION);
        long started = System.nanoTime();
        FailPoint.BEFORE_START_DB_TXN.hit();
        try (WriteTxn txn = state.backend().write()) {
            FailPoint.AFTER_START_DB_TXN.hit();
            write(frozen, txn);
            long flushes = KeyCounts.flushOf(txn);
            txn.put(Layout.STORE, Layout.STORE_FLUSHES, Layout.longBytes(flushes + 1));
            txn.put(Layout.STORE, Layout.STORE_FORMAT, Layout.longBytes(Layout.FORMAT));
            state.counts().flushing(flushes, frozen);
            if (scheduled != null) {
                FailPoint.COMPACT_BEFORE_COMMIT_SCHEDULED_COMPACT.hit();
            }
            FailPoint.BEFORE_COMMIT.hit();
            long committing = System.nanoTime();
            txn.commit();
            options.meter().onBackendCommit(System.nanoTime() - committing);
            FailPoint.AFTER_COMMIT.hit();
        } catch (BackendException e) {
            throw state.fail(e);
        }
        if (scheduled != null) {
            FailPoint.COMPACT_AFTER_COMMIT_SCHEDULED_COMPACT.hit();
        }
        state.overlay().drop();
        Generation.Applied applied = frozen.applied();
        if (applied != null) {
            durableIndex = applied.index();
        }
        if (scheduled != null && scheduled.value() != null) {
            compactor.durable(Layout.compactionOf(scheduled.value()));
        }
        options.meter().onCommit(System.nanoTime() - started, frozen.operations());
        return true;
    }

    private static void write(Generation frozen, WriteTxn txn) {
        ChangeList.Walk changes = frozen.changes().from(FIRST_REVISION);
        for (Version version = changes.next(); version != null; version = changes.next()) {
            RevisionRecord.encode(
                    version,
                    txn.append(Layout.REV, Layout.revisionKey(version.revision()), RevisionRecord.bytes(version)));
        }
        for (Version newest : frozen.versions().values()) {
            newest.state().encode(ReadView.IDX.reserve(txn, newest.key(), KeyState.BYTES));
            for (Version version = newest; version != null; version = version.older()) {
                writeMilestone(version, txn);
            }
        }
        SmallTables.write(frozen, txn);
        Generation.Applied applied = frozen.applied();
        if (applied != null) {
            FailPoint.COMMIT_BEFORE_PRE_COMMIT_HOOK.hit();
            writeApplied(applied, txn);
            FailPoint.COMMIT_AFTER_PRE_COMMIT_HOOK.hit();
        }
    }

    /** The version before this one is now superseded; it may be a milestone. */
    private static void writeMilestone(Version version, WriteTxn txn) {
        Revision previous = version.previous();
        if (previous != null && Layout.followsMilestone(version.state().step())) {
            txn.reserve(Layout.HIST, Layout.histKey(version.state().id(), previous), 1)
                    .put((byte) (version.previousTombstone() ? 1 : 0));
        }
    }

    private static void writeApplied(Generation.Applied applied, WriteTxn txn) {
        KeyTable meta = SmallTables.stored(Table.META);
        SmallTables.write(txn, meta, Layout.META_CONSISTENT_INDEX, bytesOf(applied.index()));
        SmallTables.write(txn, meta, Layout.META_TERM, bytesOf(applied.term()));
        txn.put(Layout.STORE, Layout.STORE_KEYS, Layout.longBytes(applied.keys()));
    }

    private static ByteString bytesOf(long value) {
        return UnsafeByteOperations.unsafeWrap(Layout.longBytes(value));
    }
}
