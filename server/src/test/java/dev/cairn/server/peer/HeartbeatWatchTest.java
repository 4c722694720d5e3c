package dev.cairn.server.peer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.server.metrics.Metrics;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HeartbeatWatchTest {
    private static final long INTERVAL_MILLIS = 100;

    private final Metrics metrics = new Metrics();
    private final HeartbeatWatch watch = new HeartbeatWatch(INTERVAL_MILLIS, metrics.server.heartbeatSendFailuresTotal);

    @Test
    void shouldCountHeartbeatsThatLeaveMoreThanTwoIntervalsAfterTheOneBefore() {
        send(5, 2, 0);
        send(5, 2, 200);
        assertThat(late()).isZero();
        send(5, 2, 401);
        assertThat(late()).isEqualTo(1);
        send(5, 2, 500);
        assertThat(late()).isEqualTo(1);
    }

    @Test
    void shouldWatchEachMemberByItself() {
        send(5, 2, 0);
        send(5, 3, 1000);
        assertThat(late()).isZero();
        send(5, 2, 1000);
        assertThat(late()).isEqualTo(1);
    }

    @Test
    void shouldOweNothingBetweenTwoTermsOfLeadership() {
        send(5, 2, 0);
        send(7, 2, 10_000);
        assertThat(late()).isZero();
    }

    @Test
    void shouldNotTakeOtherMessagesForHeartbeats() {
        send(5, 2, 0);
        watch.sending(
                List.of(Message.builder(MessageType.APP).to(2).term(5).build()), TimeUnit.MILLISECONDS.toNanos(10_000));
        assertThat(late()).isZero();
    }

    private void send(long term, long to, long millis) {
        watch.sending(
                List.of(Message.builder(MessageType.HEARTBEAT).to(to).term(term).build()),
                TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private long late() {
        return metrics.server.heartbeatSendFailuresTotal.value();
    }
}
