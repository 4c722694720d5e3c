/**
 * Raft snapshots on disk: from time to time the place up to which the store is durable is written down beside the log, so
 * that the log before it can go.
 *
 * <p>The data itself is not in these snapshots, it is in the store; see {@link dev.cairn.server.snapshot.SnapshotDuty}.
 */
@NullMarked
package dev.cairn.server.snapshot;

import org.jspecify.annotations.NullMarked;
