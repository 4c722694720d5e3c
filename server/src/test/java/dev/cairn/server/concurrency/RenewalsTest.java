package dev.cairn.server.concurrency;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RenewalsTest {
    private final Renewals renewals = new Renewals();
    private final List<String> run = new ArrayList<>();

    @Test
    void shouldRunWhatIsDueOnce() {
        long before = System.nanoTime();
        Runnable first = renewals.enter(() -> run.add("first"));
        Runnable second = renewals.enter(() -> run.add("second"));
        renewals.enter(() -> run.add("third"));
        long after = System.nanoTime();
        second.run();
        assertThat(renewals.doWork(before + Renewals.INTERVAL_NANOS - 1)).isZero();
        assertThat(renewals.doWork(after + Renewals.INTERVAL_NANOS)).isEqualTo(2);
        assertThat(run).containsExactly("first", "third");
        assertThat(renewals.size()).isZero();
        assertThat(renewals.doWork(after + 2 * Renewals.INTERVAL_NANOS)).isZero();
        first.run();
    }

    @Test
    void shouldLeaveWhatEntersMeanwhileToItsOwnTime() {
        renewals.enter(() -> renewals.enter(() -> run.add("again")));
        assertThat(renewals.doWork(System.nanoTime() + Renewals.INTERVAL_NANOS)).isEqualTo(1);
        assertThat(run).isEmpty();
        assertThat(renewals.size()).isEqualTo(1);
    }
}
