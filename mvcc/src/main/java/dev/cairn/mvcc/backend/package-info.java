/**
 * The storage port: ordered tables of byte keys and values, many readers on snapshots, one writer, commits that are
 * durable when they return.
 *
 * <p>Read {@link dev.cairn.mvcc.backend.Backend} first, then {@link dev.cairn.mvcc.backend.ReadTxn} and
 * {@link dev.cairn.mvcc.backend.WriteTxn}. {@link dev.cairn.mvcc.backend.MemoryBackend} is the version for simulation and
 * tests; the real one lives in a package of its own. The port knows nothing of revisions.
 */
@NullMarked
package dev.cairn.mvcc.backend;

import org.jspecify.annotations.NullMarked;
