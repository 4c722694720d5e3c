/**
 * A backup directory: what its files are called, the revision log kept between full backups, and the way from both to the store of a point in time.
 *
 * <p>Read {@link dev.cairn.server.backup.archive.BackupDirectory} (names, and what lies together), then {@link
 * dev.cairn.server.backup.archive.ArchiveFormat} (the bytes of a segment and what may be wrong with them), {@code SegmentWriter} and {@link
 * dev.cairn.server.backup.archive.SegmentReader}; then {@link dev.cairn.server.backup.archive.PointInTime}, which finds out how to get to a revision.
 *
 * <p><b>Lines.</b> A line is a stretch of history without a gap, with a random name. Full backups and segments carry it in their names. Whenever
 * continuity cannot be shown a new line begins, with a full backup of its own: so nothing is ever put together that does not belong together.
 *
 * <p>Nothing here has a thread or a clock, and nothing knows of the server that writes or the command that restores.
 */
@NullMarked
package dev.cairn.server.backup.archive;

import org.jspecify.annotations.NullMarked;
