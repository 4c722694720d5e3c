/**
 * The file in which etcd keeps its database (bbolt's format, version 2): a reader that trusts nothing in the file, and a writer
 * that makes such a file in one go from sorted pairs.
 *
 * <p>Read first: {@link dev.cairn.bbolt.BoltFormat} (the layout), {@link dev.cairn.bbolt.BoltFile} (what a reader checks and
 * when), {@link dev.cairn.bbolt.BoltWriter} (in which order a writer gets what it writes).
 *
 * <p><b>Reading.</b> The file is read by position, never mapped: a mapping of a file that shrinks ends the process. Whatever is
 * wrong with the bytes ends in a {@link dev.cairn.bbolt.BoltException} with page and offset. Memory is bounded by the depth of
 * a tree (at most {@link dev.cairn.bbolt.BoltFormat#DEPTH_MAX} pages of one window each), one key and one value; time by the number
 * of pages in the file.
 *
 * <p><b>Writing.</b> A {@link dev.cairn.bbolt.BoltPlan} hears the lengths of all pairs first and says how long the file will be and
 * where its root will stand; the writer hears the same pairs again and writes front to back, so its output may be a socket.
 * Memory is one page for each level of two trees.
 *
 * <p>A {@link dev.cairn.bbolt.BoltFile} and its buckets are thread-safe; cursors, plans and writers are confined to one thread at
 * a time. The package knows nothing of etcd's buckets, nor of the rest of Cairn.
 */
@NullMarked
package dev.cairn.bbolt;

import org.jspecify.annotations.NullMarked;
