package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.List;

/**
 * A long range read piece by piece at one revision, for answers that wait for the network between pieces. Nothing of the
 * store is held between two calls; a compaction that passes the revision ends the reading with COMPACTED.
 *
 * <p>Confined to one thread at a time.
 */
public interface RangeReader {
    /** The store's current revision when the reader was made; what the answer's header shows. */
    long revision();

    /** Whether {@link #next} has more to give. True before the first call when the range may hold keys. */
    boolean hasNext();

    /**
     * The next encoded {@code mvccpb.KeyValue}s in key order, at most {@code limit}; empty only when there are none left.
     *
     * @throws KvException COMPACTED when the revision has been compacted since
     */
    List<ByteString> next(int limit) throws KvException;

    /** Whether the request's own limit cuts off keys. Meaningful once {@link #hasNext} is false. */
    boolean more();

    /**
     * All keys of the range at the revision, whatever the request's limit; counts those that were not read.
     *
     * @throws KvException COMPACTED when the revision has been compacted since
     */
    long count() throws KvException;
}
