/**
 * The storage port over LMDB; the only code that sees lmdbjava.
 *
 * <p>Commits are synchronous and the map is never writable: with either shortcut a power cut can break the tree however good
 * the log is. {@link dev.cairn.mvcc.backend.lmdb.LmdbBackend} owns the environment's life.
 */
@NullMarked
package dev.cairn.mvcc.backend.lmdb;

import org.jspecify.annotations.NullMarked;
