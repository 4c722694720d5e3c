package dev.cairn.server.corruption;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CorruptionDutyTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final List<Runnable> given = new ArrayList<>();
    private boolean leading = true;
    private int checks;
    private boolean failing;
    private final CorruptionDuty duty = new CorruptionDuty(
            Duration.ofSeconds(10),
            () -> leading,
            () -> {
                checks++;
                if (failing) {
                    throw new CorruptionCheck.CheckException("no", null);
                }
            },
            given::add,
            0);

    @Test
    void shouldCheckOnceInEachIntervalWhileLeading() {
        assertThat(duty.doWork(10 * SECOND - 1)).isZero();
        duty.doWork(10 * SECOND);
        runAll();
        assertThat(duty.nextDeadlineNanos()).isEqualTo(20 * SECOND);
        leading = false;
        duty.doWork(20 * SECOND);
        assertThat(given).isEmpty();
        leading = true;
        duty.doWork(30 * SECOND);
        runAll();
        assertThat(checks).isEqualTo(2);
    }

    @Test
    void shouldLeaveOutWhatFallsDueWhileOneRuns() {
        duty.doWork(10 * SECOND);
        duty.doWork(20 * SECOND);
        assertThat(given).hasSize(1);
        runAll();
        duty.doWork(30 * SECOND);
        assertThat(given).hasSize(1);
    }

    @Test
    void shouldGoOnAfterACheckThatCouldNotBeMade() {
        failing = true;
        duty.doWork(10 * SECOND);
        runAll();
        duty.doWork(20 * SECOND);
        runAll();
        assertThat(checks).isEqualTo(2);
    }

    private void runAll() {
        List<Runnable> now = List.copyOf(given);
        given.clear();
        now.forEach(Runnable::run);
    }
}
