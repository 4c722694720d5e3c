package dev.cairn.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is left is told by what is done, not by the plan alone. */
class ProgressTest {
    @Test
    void shouldCorrectThePlanByWhatWasTaken() {
        Progress progress = new Progress(1000, 0);
        assertThat(progress.leftSeconds(TimeUnit.SECONDS.toNanos(7))).isEqualTo(1000);
        progress.finished(250);
        // It takes twice as long as it should.
        assertThat(progress.leftSeconds(TimeUnit.SECONDS.toNanos(500))).isEqualTo(1500);
        assertThat(progress.text(TimeUnit.SECONDS.toNanos(500))).isEqualTo("[25 %, 25 min left]");
    }

    @Test
    void shouldTellTimesInTheirOrder() {
        assertThat(Progress.duration(75)).isEqualTo("75 s");
        assertThat(Progress.duration(600)).isEqualTo("10 min");
        assertThat(Progress.duration(4 * 3600 + 125)).isEqualTo("4 h 2 min");
    }
}
