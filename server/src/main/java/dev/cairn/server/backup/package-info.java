/**
 * Stores that go out: as etcd's database file, streamed to whoever takes a backup ({@code Maintenance.Snapshot}), and to members that are too far
 * behind.
 *
 * <p>Read {@link dev.cairn.server.backup.SnapshotStreams} first (threads and bounds), then {@code DatabaseSource}, which makes the file,
 * and docs/decisions/0004, which says why it is made while it is sent and not before; then
 * {@link dev.cairn.server.backup.OutgoingSnapshots}, for members.
 *
 * <p>A file that is to become the start of a new cluster is read as a {@link dev.cairn.server.backup.TableSource}, rewritten by {@link
 * dev.cairn.server.backup.SnapshotRestore}, and written again by {@link dev.cairn.server.backup.DatabaseWriter}.
 *
 * <p>All work for clients is done on one thread, a slice at a time, so streams share it and no request waits for it. The package knows
 * nothing of the file's layout, which is {@code dev.cairn.bbolt}'s.
 */
@NullMarked
package dev.cairn.server.backup;

import org.jspecify.annotations.NullMarked;
