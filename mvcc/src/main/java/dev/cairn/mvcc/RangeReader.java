package dev.cairn.mvcc;

/**
 * A long range read piece by piece at one revision, for answers that wait for the network between pieces. Nothing of the
 * store is held between two calls, except by the {@linkplain RangeResult#rest rest} of a piece until that is closed; a compaction that passes
 * the revision ends the reading with COMPACTED.
 *
 * <p>Confined to one thread at a time.
 */
public interface RangeReader {
    /** The store's current revision when the reader was made; what the answer's header shows. */
    long revision();

    /** Whether {@link #next} has more to give. True before the first call when the range may hold keys. */
    boolean hasNext();

    /**
     * The next key-values in key order, at most {@code limit}; none only when there are none left. What the piece says of count and more is
     * nothing. Close it.
     *
     * @throws KvException COMPACTED when the revision has been compacted since
     */
    RangeResult next(int limit) throws KvException;

    /** Whether the request's own limit cuts off keys. Meaningful once {@link #hasNext} is false. */
    boolean more();

    /**
     * All keys of the range at the revision, whatever the request's limit; counts those that were not read.
     *
     * @throws KvException COMPACTED when the revision has been compacted since
     */
    long count() throws KvException;
}
