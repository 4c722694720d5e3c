package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.archive.BackupDirectory.Full;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Goal: one backup an interval, whoever leads. */
class BackupScheduleTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");
    private static final OptionalLong NO_LINE = OptionalLong.empty();

    private final BackupSchedule schedule = new BackupSchedule(HOUR);

    private static Full full(Instant time, OptionalLong line) {
        return new Full(Path.of("full"), time, 5, line);
    }

    private static List<Full> at(Instant... times) {
        return Arrays.stream(times).map(time -> full(time, NO_LINE)).toList();
    }

    @Test
    void shouldBeDueAnIntervalAfterTheNewestWhoeverWroteIt() {
        assertThat(schedule.isDue(NOW, 0, List.of(), NO_LINE)).isTrue();
        assertThat(schedule.isDue(NOW, 0, at(NOW.minus(HOUR)), NO_LINE)).isTrue();
        assertThat(schedule.isDue(NOW, 0, at(NOW.minus(HOUR).plusMillis(1)), NO_LINE))
                .isFalse();
        assertThat(schedule.isDue(NOW, 0, at(NOW.minus(HOUR), NOW), NO_LINE)).isFalse();
        // The clock of the member that led before was ahead.
        assertThat(schedule.isDue(NOW, 0, at(NOW.plusSeconds(5)), NO_LINE)).isFalse();
    }

    @Test
    void shouldNotWaitForATimeThatAWrongClockHasNamed() {
        assertThat(schedule.isDue(NOW, 0, at(NOW.plus(HOUR).plusSeconds(1)), NO_LINE))
                .isTrue();
        assertThat(schedule.isDue(NOW, 0, at(NOW, NOW.plus(Duration.ofDays(900))), NO_LINE))
                .isFalse();
    }

    @Test
    void shouldBeDueAtOnceForALineWithoutABackup() {
        List<Full> present = new ArrayList<>(at(NOW));
        present.add(full(NOW, OptionalLong.of(1)));
        assertThat(schedule.isDue(NOW, 0, present, OptionalLong.of(1))).isFalse();
        assertThat(schedule.isDue(NOW, 0, present, OptionalLong.of(2))).isTrue();
    }

    @Test
    void shouldPauseAfterAFailure() {
        long minute = BackupSchedule.RETRY.toNanos();
        schedule.failed(7);
        assertThat(schedule.isDue(NOW, 7 + minute - 1, List.of(), OptionalLong.of(1)))
                .isFalse();
        assertThat(schedule.isDue(NOW, 7 + minute, List.of(), OptionalLong.of(1)))
                .isTrue();
        schedule.failed(7 + minute);
        schedule.succeeded();
        assertThat(schedule.isDue(NOW, 8 + minute, List.of(), NO_LINE)).isTrue();
        BackupSchedule often = new BackupSchedule(Duration.ofSeconds(2));
        often.failed(0);
        assertThat(often.isDue(NOW, Duration.ofSeconds(2).toNanos(), List.of(), NO_LINE))
                .isTrue();
    }
}
