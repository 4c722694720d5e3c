/**
 * Automatic compaction: the leader asks the log, as any client could, to compact what is older than the operator wants to keep.
 *
 * <p>{@link dev.cairn.server.compact.PeriodicCompaction} keeps a span of time,
 * {@link dev.cairn.server.compact.RevisionCompaction} a number of revisions. Both are duties of the housekeeping thread and know the
 * time only as an argument. How a compaction is carried out is the store's matter.
 */
@NullMarked
package dev.cairn.server.compact;

import org.jspecify.annotations.NullMarked;
