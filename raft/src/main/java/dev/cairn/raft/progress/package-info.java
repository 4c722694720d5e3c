/**
 * What a leader knows of the members of its group, and how fast it may send to them.
 *
 * <p>Read {@link dev.cairn.raft.progress.Progress} first, then {@link dev.cairn.raft.progress.ReplicationState} and
 * {@link dev.cairn.raft.progress.Inflights}; {@link dev.cairn.raft.progress.ProgressTracker} holds one progress for each
 * member. All of it is mutable, belongs to the leader role and lives as long as one leadership. The package sends
 * nothing and knows no messages.
 */
@NullMarked
package dev.cairn.raft.progress;

import org.jspecify.annotations.NullMarked;
