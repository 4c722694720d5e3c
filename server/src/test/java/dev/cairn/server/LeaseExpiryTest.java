package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeResponse;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LeaseExpiryTest {
    private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);

    private long now = -5 * MILLISECOND;
    private boolean leading = true;
    private int wakes;
    private final Deque<Completion<MessageLite>> proposed = new ArrayDeque<>();
    private final List<Completion<Long>> questions = new ArrayList<>();
    private final LeaseExpiry expiry =
            new LeaseExpiry(this::propose, questions::add, () -> this.leading, () -> this.wakes++, () -> this.now);

    @Test
    void shouldProposeNothingBeforeTheLeadershipIsConfirmed() {
        assertThat(expiry.revoke(1)).isFalse();
        assertThat(expiry.checkpoint(1, 10)).isFalse();
        assertThat(expiry.roomAtNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(questions).hasSize(1);

        confirm();
        assertThat(wakes).isEqualTo(1);
        assertThat(expiry.roomAtNanos()).isLessThanOrEqualTo(now);
        assertThat(expiry.revoke(1)).isTrue();
        assertThat(expiry.checkpoint(1, 10)).isTrue();

        now += TimeUnit.SECONDS.toNanos(1);
        assertThat(expiry.revoke(2)).isFalse();
        confirm();
        leading = false;
        assertThat(expiry.revoke(2)).isFalse();
        assertThat(proposed).hasSize(2);
    }

    @Test
    void shouldRestAfterARoundForAsLongAsItTook() {
        startRound();
        now += 3 * MILLISECOND;
        settle(LeaseExpiry.ROUND_MAX - 1);
        assertThat(expiry.revoke(1)).as("the round has closed, and is not over").isFalse();
        assertThat(expiry.roomAtNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(wakes).isEqualTo(1);

        now += 4 * MILLISECOND;
        settle(1);
        assertThat(wakes).isEqualTo(2);
        assertThat(expiry.roomAtNanos()).isEqualTo(now + 7 * MILLISECOND);
        now += 7 * MILLISECOND - 1;
        assertThat(expiry.revoke(1)).isFalse();
        now += 1;
        assertThat(expiry.revoke(1)).isTrue();
    }

    @Test
    void shouldNotOfferInALoopWhatIsRefusedAtOnce() {
        startRound();
        while (!proposed.isEmpty()) {
            proposed.remove().fail(EtcdError.TOO_MANY_REQUESTS);
        }
        assertThat(expiry.roomAtNanos()).isEqualTo(now + MILLISECOND);
    }

    @Test
    void shouldLetNobodyElseEndALease() {
        startRound();
        Completion<MessageLite> waiting = proposed.element();
        assertThat(waiting.isAbandoned()).isFalse();
        leading = false;
        assertThat(waiting.isAbandoned()).as("it would be forwarded").isTrue();
    }

    /** Fills a round, and leaves its proposals under way. */
    private void startRound() {
        expiry.revoke(1);
        confirm();
        for (int i = 0; i < LeaseExpiry.ROUND_MAX; i++) {
            assertThat(expiry.revoke(i)).isTrue();
        }
        assertThat(expiry.revoke(1)).isFalse();
        assertThat(proposed).hasSize(LeaseExpiry.ROUND_MAX);
    }

    private void confirm() {
        questions.forEach(question -> question.complete(7L));
        questions.clear();
    }

    private void settle(int count) {
        for (int i = 0; i < count; i++) {
            proposed.remove().complete(LeaseRevokeResponse.getDefaultInstance());
        }
    }

    private void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
        proposed.add(completion);
    }
}
