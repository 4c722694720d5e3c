package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DiskPaceTest {
    private long revision = 5;
    private boolean urgent;
    private final DiskPace pace = new DiskPace(() -> revision, () -> urgent);

    @Test
    void shouldWaitOnlyWhenSomebodyHasWrittenSinceTheStepBefore() {
        assertThat(pace.pauseNanos(70)).isZero();
        revision++;
        assertThat(pace.pauseNanos(70)).isEqualTo(70);
        assertThat(pace.pauseNanos(70)).isZero();
    }

    @Test
    void shouldNotWaitWhenItIsUrgent() {
        urgent = true;
        revision++;
        assertThat(pace.pauseNanos(70)).isZero();
        urgent = false;
        assertThat(pace.pauseNanos(70)).isZero();
    }
}
