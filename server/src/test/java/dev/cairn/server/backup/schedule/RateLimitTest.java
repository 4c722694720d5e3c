package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Goal: no more than so many bytes a second, and an end at once when it is not wanted any more. */
class RateLimitTest {
    private long now = 5;
    private boolean wanted = true;

    private RateLimit limit(long bytesPerSecond) {
        return new RateLimit(bytesPerSecond, () -> now, nanos -> now += nanos, () -> wanted);
    }

    @Test
    void shouldTakeAsLongAsTheRateSays() {
        RateLimit limit = limit(1000);
        for (int i = 0; i < 100; i++) {
            limit.took(100);
        }
        assertThat(now - 5).isBetween(TimeUnit.SECONDS.toNanos(10) - 1000, TimeUnit.SECONDS.toNanos(10));
        // A pause is not made up for.
        now += TimeUnit.HOURS.toNanos(1);
        long before = now;
        limit.took(1000);
        assertThat(now - before).isEqualTo(TimeUnit.SECONDS.toNanos(1));
    }

    @Test
    void shouldNotWaitWithoutALimit() {
        RateLimit limit = limit(0);
        limit.took(Long.MAX_VALUE);
        assertThat(now).isEqualTo(5);
    }

    @Test
    void shouldEndWhileItWaits() {
        RateLimit limit = new RateLimit(
                1,
                () -> now,
                nanos -> {
                    now += nanos;
                    wanted = now < TimeUnit.SECONDS.toNanos(1);
                },
                () -> wanted);
        assertThatThrownBy(() -> limit.took(1_000_000)).isInstanceOf(CancellationException.class);
        assertThat(now).isLessThan(TimeUnit.SECONDS.toNanos(2));
    }
}
