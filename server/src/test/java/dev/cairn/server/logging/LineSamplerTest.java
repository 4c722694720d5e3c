package dev.cairn.server.logging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LineSamplerTest {
    @Test
    void shouldWriteTheFirstHundredOfASecondAndThenEveryHundredth() {
        LineSampler sampler = new LineSampler();
        int written = 0;
        for (int i = 0; i < 350; i++) {
            written += sampler.admits(1, "again", 5_000 + i) ? 1 : 0;
        }
        assertThat(written).isEqualTo(102);
        assertThat(sampler.admits(1, "another", 5_400)).isTrue();
        assertThat(sampler.admits(2, "again", 5_400)).as("another level").isTrue();
        assertThat(sampler.admits(1, "again", 6_000)).as("the next second").isTrue();
    }
}
