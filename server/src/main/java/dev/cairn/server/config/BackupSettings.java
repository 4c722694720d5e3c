package dev.cairn.server.config;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What an operator wants. Immutable.
 *
 * @param directory must be there; below it each cluster has a directory of its own
 * @param interval between two full backups
 * @param retention how many full backups stay; 0 for all
 * @param bytesPerSecond how fast a full backup reads and writes; 0 for as fast as it can
 * @param archive whether the revisions between full backups are kept as well
 */
public record BackupSettings(Path directory, Duration interval, long retention, long bytesPerSecond, boolean archive) {}
