/**
 * The store: every revision of every key, over a backend (LMDB) with an in-memory overlay of what the backend does not hold
 * yet.
 *
 * <p>Read {@link dev.cairn.mvcc.MvccStore} first: the face, with the rules of threads and entries. Then {@code Overlay}, which
 * says what readers see while the flusher works, {@code ReadView}, which says how a key is read at a revision, and
 * {@code Layout}, which says how it is stored. {@code Compactor} and {@code StoreFlusher} hold the contracts of housekeeping.
 *
 * <p><b>The way of a write.</b> The apply loop opens a {@code WriteScope}, which looks up the newest version of the key, adds
 * the new one to the active generation of the overlay and publishes the revision. Some 100 ms later the flusher freezes the
 * generation between two log entries, writes it to the backend in one durable transaction together with the applied index,
 * and forgets it.
 *
 * <p><b>The way of a read.</b> Revision, overlay view, backend transaction, in this order; then the compacted revision is
 * checked. A {@code RangeCursor} merges the overlay with the table of keys; values are fetched only for keys that are
 * returned. What is counted only is added up from chunks, see {@code KeyCounts}. Nothing is held when the call returns.
 *
 * <p><b>After the opening</b> a {@code LeaseWalk} looks at every key while the store is written and read already: it attaches keys to their leases and counts
 * them.
 *
 * <p><b>A whole store from elsewhere</b> is written by a {@link dev.cairn.mvcc.StoreLoader} into a place of its own, and takes the place of the one
 * in use by {@link dev.cairn.mvcc.MvccStore#replace}.
 *
 * <p><b>Threads.</b> The apply loop is the only writer of the overlay, the holder of the flusher's lock the only writer of the
 * backend. Reads run on any thread and never wait for either.
 *
 * <p>The package knows nothing of Raft, of RPCs or of lmdbjava.
 */
@NullMarked
package dev.cairn.mvcc;

import org.jspecify.annotations.NullMarked;
