package dev.cairn.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Goal: turns are taken in order, and a loop with many of them looks at its sockets. Method: a loop that runs when it is told to. */
class TurnsTest {
    private static final int MANY = 5 * Turns.BETWEEN_LOOKS / 2;

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Turns turns = new Turns(channel.eventLoop());
    private final List<Integer> taken = new ArrayList<>();

    @AfterEach
    void stop() {
        channel.finishAndReleaseAll();
    }

    @Test
    void shouldLookAtTheSocketsBetweenTurns() {
        for (int i = 0; i < MANY; i++) {
            int number = i;
            turns.ask(() -> taken.add(number));
        }
        assertThat(taken).as("the loop runs later").isEmpty();
        List<Integer> looks = new ArrayList<>();
        while (taken.size() < MANY) {
            looks.add(taken.size());
            channel.runPendingTasks();
        }
        assertThat(looks).hasSizeGreaterThan(1);
        assertThat(taken).isEqualTo(IntStream.range(0, MANY).boxed().toList());
    }

    @Test
    void shouldTakeWhatIsAskedForDuringATurn() {
        turns.ask(() -> turns.ask(() -> taken.add(1)));
        channel.runPendingTasks();
        channel.runPendingTasks();
        turns.ask(() -> taken.add(2));
        channel.runPendingTasks();
        assertThat(taken).containsExactly(1, 2);
    }

    @Test
    void shouldGoOnBehindATurnThatFails() {
        turns.ask(() -> {
            throw new IllegalStateException("a failure that the test wants");
        });
        turns.ask(() -> taken.add(1));
        channel.runPendingTasks();
        assertThatThrownBy(channel::checkException).hasMessageContaining("wants");
        channel.runPendingTasks();
        assertThat(taken).containsExactly(1);
    }
}
