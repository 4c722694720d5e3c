package dev.cairn.mvcc;

import dev.cairn.mvcc.backend.ReadTxn;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * How many live keys lie where in {@code idx}, so that long counts look at chunks of keys and not at each key. In memory only, for one
 * backend and its overlay: whatever replaces these begins with new counts.
 *
 * <p><b>What is known.</b> A chunk is all keys from one key on and before another; known of it are the number of its keys whose entry in {@code idx}
 * is no tombstone, and a main revision that is not below that of any of its entries, tombstones included. Chunks do not
 * overlap; there may be gaps.
 *
 * <p><b>When a chunk holds.</b> Chunks hold for one committed state of the backend. The number of that state stands in the backend
 * itself ({@link Layout#STORE_FLUSHES}): each flush adds one in its own transaction, and a reader finds it in his. So whether chunks and
 * transaction belong together depends on no order of events. For a read at revision R a chunk counts what lives at R, the overlay apart, when no
 * entry in it is newer than R: then R is the concern of the newest versions only, which are the entries. R must be readable, as for any view.
 *
 * <p><b>Compaction</b> changes {@code idx} without a new number, and may: it removes only entries that are tombstones below the compacted revision C.
 * None of them was counted, and chunks that do not know of their revisions any more cannot meet a reader at R &lt; C: what is removed at C was
 * scheduled in a flush, and whoever finds the number of that flush or a later one is refused R.
 *
 * <p><b>Who writes.</b> Long counts add the chunks of the gaps that they walk over, if no flush has come in between ({@link #add}); a store that nobody counts
 * has none. The flusher gives new numbers to all chunks and corrects those that it writes to ({@link #flushing}), before it commits, and the state
 * before stays known, so that a reader on either side of the commit finds his. Should the commit fail, the new number is never met.
 *
 * <p><b>Bounds.</b> Two states are known at most, whose keys are shared. Chunks are made of {@link Sizes#chunkEntries} entries; one that
 * grows beyond {@link Sizes#chunkKeysMax} is forgotten and made anew by the next count, neighbours that have become small are made one. All together
 * take no more than {@link Sizes#bytesMax}; what is beyond is walked over.
 *
 * <p><b>Damage.</b> A count from a chunk does not look at the records, so it neither meets damage that came after they were compared nor depends on it.
 *
 * <p>Thread-safe. No reader waits: one that comes to a busy lock keeps to himself what he has counted.
 */
final class KeyCounts {
    /**
     * What is long and what is large.
     *
     * @param walkedKeys so many keys are counted one by one before chunks are asked
     * @param chunkEntries of a new chunk
     * @param chunkKeysMax a chunk with more live keys is forgotten
     * @param correctedMax a chunk in which the overlay has more keys is walked over
     * @param bytesMax what the chunks of one state may take
     */
    record Sizes(int walkedKeys, int chunkEntries, int chunkKeysMax, int correctedMax, long bytesMax) {
        static final Sizes DEFAULT = new Sizes(64, 256, 1024, 16, 16L << 20);
    }

    /** The chunks that hold after a flush and those before it, where they are known. */
    private record State(
            long flush, CountedChunks chunks, @Nullable CountedChunks before) {
        State after(Generation written, Sizes sizes) {
            return new State(flush + 1, chunks.after(written.versions().values(), sizes), chunks);
        }
    }

    private final Sizes sizes;
    private final ReentrantLock lock = new ReentrantLock();

    // Written under the lock.
    private volatile @Nullable State latest;

    KeyCounts(Sizes sizes) {
        this.sizes = sizes;
    }

    Sizes sizes() {
        return sizes;
    }

    /** The number of the last flush that the transaction holds. */
    static long flushOf(ReadTxn txn) {
        ByteBuffer number = txn.get(Layout.STORE, Layout.STORE_FLUSHES);
        return number == null ? 0 : number.getLong(0);
    }

    /** The chunks that hold for a transaction with the number of this flush; any thread. */
    CountedChunks at(long flush) {
        State state = latest;
        if (state != null && state.flush == flush) {
            return state.chunks;
        }
        if (state != null && state.flush == flush + 1 && state.before != null) {
            return state.before;
        }
        return CountedChunks.NONE;
    }

    /**
     * Adds what a reader has counted, unless it is outdated or takes too much or somebody else writes; any thread.
     *
     * @param flush the number of his transaction
     * @param known the chunks that he knows of, with a gap where the others belong
     * @return the chunks that he can go on with
     */
    CountedChunks add(long flush, CountedChunks known, CountedChunks.Row counted) {
        CountedChunks mine = known.with(counted);
        if (mine == null) {
            throw new IllegalArgumentException("what was counted belongs into no gap");
        }
        // Who has it is about to make what the reader knows outdated, or adds the same.
        if (!lock.tryLock()) {
            return mine;
        }
        try {
            State state = latest;
            if (state == null || state.flush < flush) {
                state = new State(flush, known, null);
            }
            CountedChunks wider = state.flush == flush ? state.chunks.with(counted) : null;
            if (wider == null || wider.bytes() > sizes.bytesMax) {
                return mine;
            }
            latest = new State(flush, wider, state.before);
            return wider;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The flusher commits next what it has written of the generation.
     *
     * @param flush the number of the flush before
     */
    void flushing(long flush, Generation written) {
        lock.lock();
        try {
            State state = latest;
            if (state != null) {
                latest = state.flush == flush ? state.after(written, sizes) : null;
            }
        } finally {
            lock.unlock();
        }
    }
}
