package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.api.EtcdError;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Goal: a request whose time is up is told the cause that etcd would name. Method: leaders by hand, and times around their elections. */
class TimeoutCauseTest {
    private static final long ELECTION_MILLIS = 1000;
    private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(2 * ELECTION_MILLIS);
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final StatusBoard status = new StatusBoard(0);
    private boolean connected = true;
    private final TimeoutCause cause = new TimeoutCause(status, ELECTION_MILLIS, since -> connected);

    @Test
    void shouldBlameTheLastLeaderWhenTheNextWasElectedSoonAfterTheRequest() {
        status.leader(2);
        long elected = status.leaderSinceNanos();

        assertThat(cause.of(elected - 1)).isEqualTo(EtcdError.TIMEOUT_LEADER_FAILURE);
        assertThat(cause.of(elected - WINDOW_NANOS + 1)).isEqualTo(EtcdError.TIMEOUT_LEADER_FAILURE);
        assertThat(cause.of(elected - WINDOW_NANOS)).as("too long before").isEqualTo(EtcdError.TIMEOUT);
        assertThat(cause.of(elected)).as("under the new leader").isEqualTo(EtcdError.TIMEOUT);
    }

    @Test
    void shouldBlameALeaderThatIsGoneAgainAsWell() {
        status.leader(2);
        long elected = status.leaderSinceNanos();
        status.leader(0);

        assertThat(cause.of(elected - 1)).isEqualTo(EtcdError.TIMEOUT_LEADER_FAILURE);
    }

    @Test
    void shouldBlameTheConnectionOnlyWhileThereIsALeader() {
        connected = false;
        assertThat(cause.of(System.nanoTime())).as("no leader yet").isEqualTo(EtcdError.TIMEOUT);
        status.leader(2);
        long later = status.leaderSinceNanos() + SECOND;
        assertThat(cause.of(later)).isEqualTo(EtcdError.TIMEOUT_CONNECTION_LOST);
        assertThat(cause.of(status.leaderSinceNanos() - 1))
                .as("the election comes first")
                .isEqualTo(EtcdError.TIMEOUT_LEADER_FAILURE);
        status.leader(0);
        assertThat(cause.of(later)).isEqualTo(EtcdError.TIMEOUT);
        connected = true;
        status.leader(2);
        assertThat(cause.of(status.leaderSinceNanos() + SECOND)).isEqualTo(EtcdError.TIMEOUT);
    }

    /** A leader that has been there all along was not elected anew by being named again. */
    @Test
    void shouldNotTakeTheSameLeaderForANewOne() {
        status.leader(2);
        long elected = status.leaderSinceNanos();
        status.leader(2);

        assertThat(status.leaderSinceNanos()).isEqualTo(elected);
    }
}
