package dev.cairn.mvcc;

import java.util.ArrayList;
import java.util.List;

/**
 * What keeps compaction from removing revisions that a {@link StoreImage} or a {@link RevisionTail} has still to read. Thread-safe; the lock is held for moments.
 *
 * <p>A compaction that looks at a revision removes nothing but what is at or before it. So a hold says up to where it has read, and
 * the compactor looks at nothing from there on; what an image has read it no longer keeps.
 *
 * <p><b>Bound.</b> A hold that is older than the limit is broken by the compaction that it keeps waiting; its image is then of no
 * use any more and says so.
 */
final class CompactionHolds {
    private final long ageMaxNanos;
    private final List<Hold> held = new ArrayList<>();

    CompactionHolds(long ageMaxNanos) {
        this.ageMaxNanos = ageMaxNanos;
    }

    /** One image's claim. */
    final class Hold implements AutoCloseable {
        private final long ageLimitNanos;
        private volatile long sinceNanos = System.nanoTime();
        private volatile long needed;
        private volatile boolean broken;

        private Hold(long ageLimitNanos) {
            this.ageLimitNanos = ageLimitNanos;
        }

        /** From now on only revisions from this one on are needed. */
        void neededFrom(long main) {
            needed = main;
        }

        /** As if it were taken now: what it holds is younger than its age says. */
        void renew() {
            sinceNanos = System.nanoTime();
        }

        boolean isBroken() {
            return broken;
        }

        @Override
        public void close() {
            synchronized (held) {
                held.remove(this);
            }
        }
    }

    /** Holds everything. The caller has the flusher's lock, so that no removal is under way. */
    Hold hold() {
        return hold(ageMaxNanos);
    }

    /**
     * Holds everything, for so long at most. A caller without the flusher's lock finds what a revision needs if that revision is not
     * compacted when it looks afterwards: a removal that does not wait for this hold was asked for before.
     */
    Hold hold(long ageLimitNanos) {
        Hold hold = new Hold(ageLimitNanos);
        synchronized (held) {
            held.add(hold);
        }
        return hold;
    }

    /** What is held is about to go, whoever needs it. */
    void breakAll() {
        synchronized (held) {
            held.forEach(hold -> hold.broken = true);
            held.clear();
        }
    }

    /**
     * The least revision that somebody needs; {@link Long#MAX_VALUE} when nobody needs any. Breaks what is too old: called by the
     * compactor when it has something to remove.
     */
    long neededFrom() {
        synchronized (held) {
            if (held.isEmpty()) {
                return Long.MAX_VALUE;
            }
            long now = System.nanoTime();
            held.removeIf(hold -> {
                hold.broken = now - hold.sinceNanos > hold.ageLimitNanos;
                return hold.broken;
            });
            return held.stream().mapToLong(hold -> hold.needed).min().orElse(Long.MAX_VALUE);
        }
    }
}
