package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Goal: each linearizable read is answered or told why not, once. Method: the part of the Raft loop played by hand. */
class ReadIndexQueueTest {
    private static final long TIMEOUT_MILLIS = 7000;
    private static final int QUEUED_MAX = 20_000;

    private final StatusBoard status = new StatusBoard(0);
    private final List<Long> granted = new ArrayList<>();
    private final List<EtcdError> errors = new ArrayList<>();
    private int wakes;
    private Executor home = Runnable::run;
    private final ReadIndexQueue reads =
            new ReadIndexQueue(status, new RequestIds(1, 0), TIMEOUT_MILLIS, () -> home, this::wake);
    private final long now = System.nanoTime();

    @Test
    void shouldAnswerOneBatchOnceItsIndexIsApplied() {
        await(3);
        ByteString round = ask();
        await(1);
        reads.granted(round, 10);
        reads.applied(9);
        assertThat(granted).isEmpty();
        reads.applied(10);

        assertThat(granted).containsExactly(10L, 10L, 10L);
        assertThat(reads.roundToAsk(now))
                .as("the round of the one that came later")
                .isNotEqualTo(round);
    }

    @Test
    void shouldAnswerWhereItWasAsked() {
        List<Runnable> one = new ArrayList<>();
        List<Runnable> other = new ArrayList<>();
        home = one::add;
        await(2);
        home = other::add;
        await(1);
        home = task -> {
            throw new RejectedExecutionException();
        };
        await(1);
        reads.granted(ask(), 10);
        reads.applied(10);

        assertThat(errors).as("whose home takes no more").containsExactly(EtcdError.TOO_MANY_REQUESTS);
        assertThat(granted).isEmpty();
        assertThat(one).as("those that came together").hasSize(1);
        one.forEach(Runnable::run);
        assertThat(granted).containsExactly(10L, 10L);
        other.forEach(Runnable::run);
        assertThat(granted).containsExactly(10L, 10L, 10L);
    }

    @Test
    void shouldTellThatTheLeaderChangedDuringTheRound() {
        await(2);
        ByteString round = ask();
        await(1);
        reads.leaderChanged();

        assertThat(errors).containsExactly(EtcdError.LEADER_CHANGED, EtcdError.LEADER_CHANGED);
        reads.granted(round, 10);
        reads.applied(10);
        assertThat(granted).as("an answer that comes too late").isEmpty();
        reads.granted(ask(), 11);
        reads.applied(11);
        assertThat(granted).as("who had not been asked for yet").containsExactly(11L);
    }

    @Test
    void shouldGiveUpARoundAndAnIndexThatDoNotCome() {
        await(1);
        ByteString round = ask();
        long late = now + TimeUnit.MILLISECONDS.toNanos(2 * TIMEOUT_MILLIS);
        reads.expire(now);
        assertThat(errors).isEmpty();
        reads.expire(late);
        assertThat(errors).containsExactly(EtcdError.TIMEOUT);

        await(1);
        ByteString next = ask();
        assertThat(next).isNotEqualTo(round);
        reads.granted(next, 10);
        reads.expire(late);
        assertThat(errors).containsExactly(EtcdError.TIMEOUT, EtcdError.TIMEOUT);
        reads.applied(10);
        assertThat(granted).isEmpty();
    }

    @Test
    void shouldRefuseWhatItCannotHold() {
        await(QUEUED_MAX + 5);

        assertThat(errors).hasSize(5).containsOnly(EtcdError.TOO_MANY_REQUESTS);
        reads.granted(ask(), 1);
        reads.applied(1);
        assertThat(granted).hasSize(QUEUED_MAX);
        await(1);
        assertThat(errors).as("there is room again").hasSize(5);
    }

    @Test
    void shouldTellWhatWaitsThatItStops() {
        await(1);
        reads.granted(ask(), 10);
        await(1);
        ask();
        await(1);
        reads.refuse();
        await(1);
        assertThat(errors).as("what comes later").containsExactly(EtcdError.STOPPED);
        reads.expire(now);
        reads.applied(10);
        reads.stop();

        assertThat(errors).hasSize(4).containsOnly(EtcdError.STOPPED);
        assertThat(granted).isEmpty();
    }

    @Test
    void shouldWakeTheLoopOnlyWhenItCanAskForARound() {
        await(1);
        assertThat(wakes).isEqualTo(1);
        ByteString round = ask();
        await(3);
        assertThat(wakes).as("while a round is under way").isEqualTo(1);
        reads.granted(round, 10);
        await(1);
        assertThat(wakes).as("after its end").isEqualTo(2);
        ask();
        reads.leaderChanged();
        await(1);
        assertThat(wakes).as("after it was given up").isEqualTo(3);
    }

    private void wake() {
        wakes++;
    }

    private ByteString ask() {
        return Objects.requireNonNull(reads.roundToAsk(now), "no round is due");
    }

    private void await(int count) {
        for (int i = 0; i < count; i++) {
            reads.await(new Completion<>() {
                @Override
                public void complete(Long index) {
                    granted.add(index);
                }

                @Override
                public void fail(EtcdError error) {
                    errors.add(error);
                }
            });
        }
    }
}
