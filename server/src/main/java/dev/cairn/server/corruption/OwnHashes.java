package dev.cairn.server.corruption;

import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import java.util.List;

/** The digests of this member's store. Thread-safe; slow. */
public interface OwnHashes {
    /**
     * The digest at the revision, 0 for the current one.
     *
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    HashKv at(long revision) throws KvException;

    /** The digests that the last compactions stored, in any order. */
    List<HashKv> ofCompactions();
}
