/**
 * Giving free pages of the store back to the file system, on demand and at start.
 *
 * <p>Read: {@link dev.cairn.server.defragment.Defragmentation}. How the store does it is the store's matter; here it is decided
 * whether, and the log is told. Thread rule: one call at a time, on a thread that may wait for the whole store to be copied.
 */
@NullMarked
package dev.cairn.server.defragment;

import org.jspecify.annotations.NullMarked;
