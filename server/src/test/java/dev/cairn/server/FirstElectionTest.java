package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.loop.RaftInbox;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Goal: time is skipped once, and only for a member that has company. Method: each skip wakes the Raft loop. */
class FirstElectionTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final AtomicInteger skips = new AtomicInteger();
    private final RaftInbox inbox = new RaftInbox(skips::incrementAndGet);
    private int peers;

    @Test
    void shouldSkipOnceWhenOthersAreThere() {
        FirstElection first = new FirstElection(inbox, () -> peers, 10, 0);
        peers = 1;
        first.doWork(SECOND);
        assertThat(skips).hasValue(0);

        peers = 2;
        first.doWork(2 * SECOND);
        first.doWork(3 * SECOND);
        assertThat(skips).hasValue(1);
        assertThat(first.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void shouldGiveUpAfterAWhile() {
        FirstElection first = new FirstElection(inbox, () -> peers, 10, 0);
        first.doWork(6 * SECOND);
        peers = 2;
        first.doWork(7 * SECOND);
        assertThat(skips).hasValue(0);
    }

    @Test
    void shouldDoNothingWhereItIsSwitchedOff() {
        peers = 2;
        assertThat(new FirstElection(inbox, () -> peers, 0, 0).doWork(SECOND)).isZero();
        assertThat(skips).hasValue(0);
    }
}
