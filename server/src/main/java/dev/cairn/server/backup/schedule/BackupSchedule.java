package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.archive.BackupDirectory.Full;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * When a full backup is due. Confined to one thread at a time; reads no clock.
 *
 * <p>What counts is the newest backup in the directory, whoever has written it: so neither a restart nor a change of the leader loses or doubles
 * one. Backups from further in the future than an interval were named by a clock that was wrong, and do not count.
 */
final class BackupSchedule {
    /** The next attempt after one that failed, or after the interval if that is shorter. */
    static final Duration RETRY = Duration.ofMinutes(1);

    private final Duration interval;
    private long failures;
    private long retryNanos;

    BackupSchedule(Duration interval) {
        this.interval = interval;
    }

    /**
     * Whether one is due.
     *
     * @param present in the directory
     * @param line of the archive, which needs a full backup of the same line; empty when there is no archive
     */
    boolean isDue(Instant now, long nowNanos, List<Full> present, OptionalLong line) {
        if (failures > 0 && nowNanos - retryNanos < 0) {
            return false;
        }
        if (line.isPresent() && present.stream().noneMatch(full -> full.line().equals(line))) {
            return true;
        }
        Instant believed = now.plus(interval);
        return present.stream()
                .map(Full::time)
                .filter(time -> !time.isAfter(believed))
                .max(Instant::compareTo)
                .map(last -> !now.isBefore(last.plus(interval)))
                .orElse(true);
    }

    void failed(long nowNanos) {
        failures++;
        Duration pause = interval.compareTo(RETRY) < 0 ? interval : RETRY;
        retryNanos = nowNanos + Objects.requireNonNull(pause).toNanos();
    }

    void succeeded() {
        failures = 0;
    }
}
