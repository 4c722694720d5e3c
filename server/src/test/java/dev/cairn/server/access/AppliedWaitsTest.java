package dev.cairn.server.access;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.api.MemberStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AppliedWaitsTest {
    private final AppliedAt status = new AppliedAt();
    private final AppliedWaits waits = new AppliedWaits(status, 1000);
    private final List<String> heard = new ArrayList<>();

    /** A member that has applied what the test says. */
    static final class AppliedAt implements MemberStatus {
        volatile long index;

        @Override
        public long leader() {
            return 1;
        }

        @Override
        public long term() {
            return 1;
        }

        @Override
        public long committedIndex() {
            return index;
        }

        @Override
        public long appliedIndex() {
            return index;
        }

        @Override
        public boolean isLearner() {
            return false;
        }
    }

    private boolean await(long index, long nowNanos) {
        return waits.await(index, nowNanos, applied -> heard.add(index + (applied ? " applied" : " late")));
    }

    private void apply(long index) {
        status.index = index;
        waits.applied(index);
    }

    @Test
    void shouldTellInOrderOfEntries() {
        await(7, 0);
        await(5, 0);
        await(6, 0);
        apply(4);
        assertThat(heard).isEmpty();
        apply(6);
        assertThat(heard).containsExactly("5 applied", "6 applied");
        apply(7);
        apply(8);
        assertThat(heard).containsExactly("5 applied", "6 applied", "7 applied");
    }

    @Test
    void shouldSeeWhatWasAppliedJustBefore() {
        status.index = 5;
        assertThat(await(5, 0)).isTrue();
        assertThat(heard).containsExactly("5 applied");
    }

    @Test
    void shouldGiveUpInTime() {
        await(5, 0);
        await(6, TimeUnit.MILLISECONDS.toNanos(500));
        assertThat(waits.doWork(TimeUnit.MILLISECONDS.toNanos(999))).isZero();
        assertThat(waits.doWork(TimeUnit.MILLISECONDS.toNanos(1000))).isEqualTo(1);
        assertThat(heard).containsExactly("5 late");
        apply(6);
        assertThat(heard).containsExactly("5 late", "6 applied");
    }

    @Test
    void shouldTakeNoMoreThanItsBound() {
        for (int i = 0; i < AppliedWaits.WAITING_MAX; i++) {
            assertThat(await(1, 0)).isTrue();
        }
        assertThat(await(1, 0)).isFalse();
        apply(1);
        assertThat(heard).hasSize(AppliedWaits.WAITING_MAX);
        assertThat(await(2, 0)).isTrue();
    }
}
