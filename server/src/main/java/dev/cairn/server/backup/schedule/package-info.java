/**
 * Backups that the server takes by itself, which etcd knows nothing of: full ones on a schedule, and the archive of revisions between them.
 *
 * <p>Read {@link dev.cairn.server.backup.schedule.ScheduledBackups} first: who does what on which thread. {@code FullBackup} writes one,
 * {@code BackupSchedule} says when, {@code Retention} what may go; {@code RevisionArchive} follows the store between full ones. Names and bytes
 * are in {@code dev.cairn.server.backup.archive}.
 *
 * <p><b>One member of a cluster</b> works: the one that leads. It decides by what lies in its directory. Members that share one go on where the
 * leader before has stopped; members with directories of their own each have their own schedule, which rests while they do not lead.
 *
 * <p><b>States.</b> Of the member: resting (does not lead), leading. Of the archive while it leads: closed, following a line, or waiting for a
 * directory that cannot be written. Of a full backup: none, writing aside ({@code .part}), verifying, there (renamed).
 *
 * <p><b>Failure.</b> A directory that is missing, full or not writable, a file that does not verify, a store that fails: a line in the log, {@code
 * cairn_backup_failing} is 1 until the next success, and it is tried again; the server goes on. What is in the directory already is not touched.
 *
 * <p><b>Bounds.</b> One full backup and one look at the archive at a time; what falls due meanwhile is left out. Compaction waits for a full
 * backup, and for what is not archived yet, for an hour at most; then the backup fails, or a new line begins.
 */
@NullMarked
package dev.cairn.server.backup.schedule;

import org.jspecify.annotations.NullMarked;
