package dev.cairn.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ExpiryWheelTest {
    private static final int SHIFT = ExpiryWheel.TICK_SHIFT;

    @Test
    void shouldRoundTimesUpToTicks() {
        assertThat(ExpiryWheel.tickNotBefore(0)).isZero();
        assertThat(ExpiryWheel.tickNotBefore(1)).isEqualTo(1);
        assertThat(ExpiryWheel.tickNotBefore(1L << SHIFT)).isEqualTo(1);
        assertThat(ExpiryWheel.tickNotBefore((1L << SHIFT) + 1)).isEqualTo(2);
        assertThat(ExpiryWheel.tickNotBefore(Long.MAX_VALUE)).isEqualTo(1L << (63 - SHIFT));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 63, 64, 65, 4095, 4096, 4097, 262_143, 262_144, 1L << 30, 1L << 34, 1L << 35})
    void shouldHandOutLeaseAtItsTickAndNotBefore(long tick) {
        for (long start : new long[] {0, 1, 62, 63, 64, 4095, 123_456_789}) {
            ExpiryWheel wheel = new ExpiryWheel(start << SHIFT);
            Lease lease = new Lease(1, 1, 0);
            long due = Math.min(start + tick, 1L << 35);
            wheel.file(lease, due);
            assertThat(drain(wheel, due - 1, due))
                    .as("start %d tick %d", start, tick)
                    .isEmpty();
            // Long.MAX_VALUE lies in the last tick but one; the very last can never come.
            if (due < 1L << 35) {
                assertThat(drain(wheel, due, due))
                        .as("start %d tick %d", start, tick)
                        .containsExactly(lease);
                assertThat(drain(wheel, due, due)).isEmpty();
            }
        }
    }

    @Test
    void shouldHandOutAtOnceWhatIsFiledForThePast() {
        ExpiryWheel wheel = new ExpiryWheel(100L << SHIFT);
        Lease lease = new Lease(1, 1, 0);
        wheel.file(lease, 3);
        assertThat(wheel.poll(100L << SHIFT)).isSameAs(lease);
        assertThat(wheel.poll(100L << SHIFT)).isNull();
    }

    /**
     * Goal: whatever is filed, moved and removed, each lease comes up at the first poll at or after its tick and never
     * before. Method: seeded operations with clock jumps from nothing to years, against a map of ticks.
     */
    @Test
    void shouldAgreeWithMapOfTicks() {
        long base = System.nanoTime();
        for (int run = 0; run < 200; run++) {
            long seed = base + run;
            Random random = new Random(seed);
            long now = random.nextInt(4) == 0 ? 0 : random.nextLong(1L << random.nextInt(1, 30));
            ExpiryWheel wheel = new ExpiryWheel(now << SHIFT);
            Map<Lease, Long> model = new HashMap<>();
            List<Lease> all = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                all.add(new Lease(i + 1, 1, 0));
            }
            for (int step = 0; step < 400; step++) {
                Lease lease = all.get(random.nextInt(all.size()));
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        long tick = now + random.nextLong(1L << random.nextInt(1, 33));
                        wheel.file(lease, tick);
                        model.put(lease, tick);
                    }
                    case 2 -> {
                        wheel.remove(lease);
                        model.remove(lease);
                    }
                    default -> {
                        now = Math.min((1L << 35) - 1, now + random.nextLong(1L << random.nextInt(1, 28)));
                        List<Lease> due = new ArrayList<>();
                        for (Lease filed : all) {
                            Long tick = model.get(filed);
                            if (tick != null && tick <= now) {
                                due.add(filed);
                                model.remove(filed);
                            }
                        }
                        assertThat(drainAll(wheel, now, model))
                                .as("seed %d step %d", seed, step)
                                .containsExactlyInAnyOrderElementsOf(due);
                    }
                }
            }
        }
    }

    /** Polls until nothing comes up, filing again what came up early for its due tick. */
    private static List<Lease> drain(ExpiryWheel wheel, long nowTick, long dueTick) {
        List<Lease> due = new ArrayList<>();
        for (Lease lease = wheel.poll(nowTick << SHIFT); lease != null; lease = wheel.poll(nowTick << SHIFT)) {
            if (dueTick <= nowTick) {
                due.add(lease);
            } else {
                wheel.file(lease, dueTick);
            }
        }
        return due;
    }

    private static List<Lease> drainAll(ExpiryWheel wheel, long nowTick, Map<Lease, Long> notDue) {
        List<Lease> due = new ArrayList<>();
        for (Lease lease = wheel.poll(nowTick << SHIFT); lease != null; lease = wheel.poll(nowTick << SHIFT)) {
            Long tick = notDue.get(lease);
            if (tick == null) {
                due.add(lease);
            } else {
                wheel.file(lease, tick);
            }
        }
        return due;
    }
}
