package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.mvcc.backend.Cursor;
import dev.cairn.mvcc.backend.WriteTxn;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Removes superseded revisions from the backend, a small batch at a time.
 *
 * <p><b>States.</b> Requested (the apply loop has hidden the old revisions, see {@link StoreState#compact}) &rarr; durable (the
 * request has been flushed, and with it every revision up to it) &rarr; hashing (if wanted) &rarr; removing &rarr; finished
 * (recorded in {@code meta}). A request is durable before it begins, so a crash repeats it from its first batch, which finds
 * nothing where it has been already.
 *
 * <p><b>What is removed</b> by a compaction at C, looking at every revision from the last compaction, inclusive, to C:
 *
 * <ul>
 *   <li>the predecessor of each, since it is superseded at C;
 *   <li>each tombstone below C, and the key's entry if the tombstone is still its newest version. A tombstone exactly at C
 *       stays for the next compaction, as in etcd.
 * </ul>
 *
 * Each record names its key id and predecessor, so the work is in proportion to the revisions looked at and not to the store.
 * What is read or written meanwhile at revisions of C and above never needs what is removed: see {@link ReadView} and
 * {@link WriteScope}.
 *
 * <p><b>Held back.</b> While a {@link StoreImage} is read, nothing from the first revision that it still needs is looked at.
 *
 * <p><b>Owners.</b> {@link #request} is called by the apply loop; everything else by whoever holds the flusher's lock.
 *
 * <p><b>Digests.</b> Requests are carried out one after the other and each leaves its digest, so that members of a cluster, which are
 * at different places at any moment, answer alike for a compacted revision. Only a compaction that a restart has to finish leaves none:
 * some of what it should have hashed may be gone. (etcd leaves none either when the one before was still under way.)
 *
 * <p><b>Bound.</b> Beyond {@link #WAITING_MAX} requests that wait, a further one is joined to the last, and both are left without digest.
 */
final class Compactor {
    /** Hashing only reads, so its steps can be longer. */
    private static final int HASHED_PER_REVISION_REMOVED = 10;

    private static final int WAITING_MAX = 64;

    private final StoreState state;
    private final KvHashes hashes;
    private final CompactionHolds holds;
    private final StoreMeter meter;
    private final int batchMax;

    private final Object lock = new Object();

    // Guarded by the lock.
    private final Deque<Request> waiting = new ArrayDeque<>();
    private final List<Waiter> waiters = new ArrayList<>();
    private long finished;

    // Guarded by the flusher's lock.
    private long durable;
    private @Nullable Run run;

    /**
     * A compaction to be done.
     *
     * @param from the compacted revision before it
     */
    private record Request(long revision, long from, boolean hashed) {}

    private record Waiter(long revision, Runnable whenRemoved) {}

    /** A compaction that has begun. */
    private static final class Run {
        final Request request;

        @Nullable
        KvHash hash;

        byte[] position;
        final long startedNanos = System.nanoTime();
        long removed;

        Run(Request request) {
            this.request = request;
            this.hash = request.hashed() ? KvHash.ofCompaction(request.revision(), request.from()) : null;
            this.position = Layout.revisionKey(Math.max(0, request.from()), 0);
        }
    }

    /** A compactor that goes on with a request found in the backend if that is not finished. */
    Compactor(
            StoreState state,
            KvHashes hashes,
            CompactionHolds holds,
            StoreOptions options,
            long finished,
            long scheduled) {
        this.state = state;
        this.hashes = hashes;
        this.holds = holds;
        this.meter = options.meter();
        this.batchMax = options.compactionBatchMax();
        this.finished = finished;
        this.durable = scheduled;
        if (scheduled > finished) {
            waiting.add(new Request(scheduled, finished, false));
        }
    }

    /**
     * The store was replaced by one with these compactions: what was under way or waited belongs to the past, as every compaction requested
     * here is in the new one. Flusher's lock.
     */
    void restart(long finishedThere, long scheduledThere) {
        run = null;
        durable = scheduledThere;
        List<Runnable> due;
        synchronized (lock) {
            waiting.clear();
            finished = finishedThere;
            if (scheduledThere > finishedThere) {
                waiting.add(new Request(scheduledThere, finishedThere, false));
            }
            due = dueWaiters(finishedThere);
        }
        due.forEach(Runnable::run);
    }

    /** Takes out those who wait for nothing more. Under the lock. */
    private List<Runnable> dueWaiters(long revision) {
        List<Runnable> due = new ArrayList<>();
        waiters.removeIf(waiter -> {
            boolean served = waiter.revision() <= revision;
            if (served) {
                due.add(waiter.whenRemoved());
            }
            return served;
        });
        return due;
    }

    /** Takes a request that the apply loop has just written to {@code meta}. */
    void request(long revision, long from, @Nullable Runnable whenRemoved) {
        synchronized (lock) {
            Request last = waiting.size() < WAITING_MAX ? null : waiting.removeLast();
            waiting.addLast(
                    last == null ? new Request(revision, from, true) : new Request(revision, last.from(), false));
            if (whenRemoved != null) {
                waiters.add(new Waiter(revision, whenRemoved));
            }
        }
    }

    /** A flush has made the request for this revision durable, and all before it. */
    void durable(long revision) {
        durable = revision;
    }

    /** The last compaction that was carried out. */
    long finished() {
        synchronized (lock) {
            return finished;
        }
    }

    /** Whether there is something to do now. */
    boolean isPending() {
        return run != null || startable() != null;
    }

    private @Nullable Request startable() {
        synchronized (lock) {
            Request first = waiting.peekFirst();
            return first != null && first.revision() <= durable ? first : null;
        }
    }

    /** The last request that a flush has made durable. Flusher's lock. */
    long durable() {
        return durable;
    }

    /** Whether a compaction waits for an image that needs what it would remove. Flusher's lock. */
    boolean isHeld() {
        return run != null && run.hash == null && isHeld(run);
    }

    private boolean isHeld(Run current) {
        Revision next = Layout.revisionAt(ByteBuffer.wrap(current.position), 0);
        return next.main() <= current.request.revision() && next.main() >= holds.neededFrom();
    }

    /** Does one batch; answers whether there was anything to do. */
    boolean step() {
        if (run == null) {
            Request next = startable();
            if (next == null) {
                return false;
            }
            synchronized (lock) {
                // A request that was joined to this one since is not durable and stays.
                if (!next.equals(waiting.peekFirst())) {
                    return true;
                }
                waiting.removeFirst();
            }
            run = new Run(next);
        }
        Run current = run;
        if (current.hash != null) {
            hash(current, current.hash);
            return true;
        }
        if (isHeld(current)) {
            return false;
        }
        if (removeBatch(current)) {
            run = null;
            finish(current);
        }
        return true;
    }

    private void hash(Run current, KvHash hash) {
        try (ReadView view = state.stored()) {
            if (hash.step(view, (long) batchMax * HASHED_PER_REVISION_REMOVED)) {
                Request request = current.request;
                hashes.store(new KvHashes.Stored(request.revision(), request.from(), hash.value()));
                current.hash = null;
            }
        }
    }

    /** What one revision says about others. */
    private record Look(
            Revision revision,
            Revision id,
            int step,
            @Nullable Revision previous,
            @Nullable ByteString tombstoneKey) {}

    private boolean removeBatch(Run current) {
        long started = System.nanoTime();
        long neededFrom = holds.neededFrom();
        try (WriteTxn txn = state.backend().write()) {
            FailPoint.COMPACT_AFTER_ACQUIRED_BATCH_TX_LOCK.hit();
            List<Look> batch = look(txn, current, neededFrom);
            long removed = 0;
            for (Look look : batch) {
                removed += remove(txn, look, current.request.revision());
            }
            current.removed += removed;
            boolean over = batch.size() < batchMax && neededFrom > current.request.revision();
            if (over) {
                FailPoint.COMPACT_BEFORE_SET_FINISHED_COMPACT.hit();
                SmallTables.write(
                        txn,
                        SmallTables.stored(Table.META),
                        Layout.META_FINISHED_COMPACTION,
                        Layout.compaction(current.request.revision()));
            } else if (batch.size() < batchMax) {
                current.position = Layout.revisionKey(neededFrom, 0);
            } else {
                Revision last = batch.get(batch.size() - 1).revision();
                current.position = Layout.revisionKey(last.main(), last.sub() + 1);
            }
            if (over || removed > 0) {
                FailPoint.COMPACT_BEFORE_COMMIT_BATCH.hit();
                txn.commit();
                FailPoint.COMPACT_AFTER_COMMIT_BATCH.hit();
                meter.onCompactionStep(System.nanoTime() - started, removed);
            }
            if (over) {
                FailPoint.COMPACT_AFTER_SET_FINISHED_COMPACT.hit();
            }
            return over;
        }
    }

    private List<Look> look(WriteTxn txn, Run current, long neededFrom) {
        List<Look> batch = new ArrayList<>();
        try (Cursor cursor = txn.cursor(Layout.REV)) {
            boolean found = cursor.seek(current.position);
            while (found && batch.size() < batchMax) {
                Revision at = Layout.revisionAt(cursor.key(), 0);
                if (at.main() > current.request.revision() || at.main() >= neededFrom) {
                    break;
                }
                ByteBuffer record = cursor.value();
                ByteString key = RevisionRecord.isTombstone(record)
                        ? KeyValues.keyOf(RevisionRecord.keyValueBuffer(record))
                        : null;
                batch.add(new Look(
                        at,
                        RevisionRecord.idOf(at, record),
                        Layout.stepOf(record),
                        RevisionRecord.previousOf(record),
                        key));
                found = cursor.next();
            }
        }
        return batch;
    }

    private static long remove(WriteTxn txn, Look look, long compacted) {
        long removed = 0;
        Revision previous = look.previous();
        if (previous != null) {
            // A store of format 1 has milestones one behind the other, all with step 0.
            boolean milestone = Layout.followsMilestone(look.step()) || Layout.isMilestone(look.step());
            removed += removeRevision(txn, look.id(), previous, milestone);
        }
        ByteString key = look.tombstoneKey();
        if (key != null && look.revision().main() < compacted) {
            removed += removeRevision(txn, look.id(), look.revision(), Layout.isMilestone(look.step()));
            ByteBuffer entry = ReadView.IDX.get(txn, key);
            if (entry != null && KeyState.revisionAt(entry).equals(look.revision())) {
                ReadView.IDX.delete(txn, key);
            }
        }
        return removed;
    }

    private static long removeRevision(WriteTxn txn, Revision id, Revision revision, boolean milestone) {
        if (milestone) {
            txn.delete(Layout.HIST, Layout.histKey(id, revision));
        }
        return txn.delete(Layout.REV, Layout.revisionKey(revision)) ? 1 : 0;
    }

    private void finish(Run over) {
        long revision = over.request.revision();
        List<Runnable> due;
        synchronized (lock) {
            finished = revision;
            due = dueWaiters(revision);
        }
        meter.onCompactionFinished(revision, System.nanoTime() - over.startedNanos, over.removed);
        due.forEach(Runnable::run);
    }
}
