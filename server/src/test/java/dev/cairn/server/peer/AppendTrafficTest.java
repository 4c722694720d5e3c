package dev.cairn.server.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AppendTrafficTest {
    private static final long TERM = 3;
    private static final long FOLLOWER = 2;

    private final AppendTraffic traffic = new AppendTraffic();

    private static long millis(long count) {
        return TimeUnit.MILLISECONDS.toNanos(count);
    }

    private static Message append(long term, long after, int entries) {
        Entry entry = new Entry(term, 1, EntryType.NORMAL, ByteString.copyFrom(new byte[100]));
        return Message.builder(MessageType.APP)
                .to(FOLLOWER)
                .from(1)
                .term(term)
                .log(term, after)
                .entries(Collections.nCopies(entries, entry))
                .build();
    }

    private static Message acknowledgement(long term, long index, boolean reject) {
        return Message.builder(MessageType.APP_RESP)
                .from(FOLLOWER)
                .to(1)
                .term(term)
                .log(0, index)
                .reject(reject)
                .build();
    }

    private void send(long term, long after, int entries, long atMillis) {
        traffic.sending(List.of(append(term, after, entries)), millis(atMillis));
    }

    @Test
    void shouldTimeEachMessageUntilItsLastEntryIsAcknowledged() {
        send(TERM, 10, 2, 0);
        send(TERM, 12, 1, 4);
        traffic.received(acknowledgement(TERM, 11, false), millis(5));
        traffic.received(acknowledgement(TERM, 20, true), millis(6));
        assertThat(traffic.latency(FOLLOWER).samples()).isZero();
        traffic.received(acknowledgement(TERM, 13, false), millis(10));
        AppendTraffic.Latency latency = traffic.latency(FOLLOWER);
        assertThat(latency.samples()).isEqualTo(2);
        assertThat(latency.current()).isEqualTo(6);
        assertThat(latency.average()).isEqualTo(8);
        assertThat(latency.minimum()).isEqualTo(6);
        assertThat(latency.maximum()).isEqualTo(10);
        assertThat(latency.standardDeviation()).isCloseTo(2, within(1e-9));
    }

    @Test
    void shouldForgetFollowersOfAnotherTerm() {
        send(TERM, 10, 1, 0);
        traffic.received(acknowledgement(TERM, 11, false), millis(1));
        traffic.lost(FOLLOWER);
        assertThat(traffic.latency(FOLLOWER).failures()).isEqualTo(1);
        send(TERM + 1, 11, 1, 2);
        traffic.received(acknowledgement(TERM, 12, false), millis(3));
        assertThat(traffic.latency(FOLLOWER)).isEqualTo(AppendTraffic.Latency.NONE);
        assertThat(traffic.sent(millis(3)).count()).isEqualTo(2);
    }

    @Test
    void shouldTellRatesOfTheLastMessagesWhileTheyCome() {
        for (int i = 0; i <= 500; i++) {
            send(TERM, i, 1, i * 10L);
        }
        AppendTraffic.Flow flow = traffic.sent(millis(5001));
        assertThat(flow.count()).isEqualTo(501);
        assertThat(flow.messagesPerSecond()).isCloseTo(100, within(1.0));
        assertThat(flow.bytesPerSecond()).isBetween(100 * 100.0, 200 * 101.0);
        assertThat(traffic.sent(millis(6100))).isEqualTo(new AppendTraffic.Flow(501, 0, 0));
        assertThat(traffic.received(0)).isEqualTo(new AppendTraffic.Flow(0, 0, 0));
    }

    @Test
    void shouldCountWhatComesAsAFollower() {
        traffic.received(append(TERM, 1, 1), 0);
        traffic.received(append(TERM, 2, 1), millis(500));
        assertThat(traffic.received(millis(500)).count()).isEqualTo(2);
        assertThat(traffic.received(millis(500)).messagesPerSecond()).isEqualTo(4);
        assertThat(traffic.sent(millis(500)).count()).isZero();
    }
}
