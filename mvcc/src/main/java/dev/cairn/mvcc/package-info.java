/**
 * The store: every revision of every key, over LMDB with an in-memory overlay of what LMDB does not hold yet.
 *
 * <p>The apply loop is the only writer. Reads run on any thread at a revision and never wait for it. It knows nothing of
 * Raft or of RPCs.
 */
@NullMarked
package dev.cairn.mvcc;

import org.jspecify.annotations.NullMarked;
