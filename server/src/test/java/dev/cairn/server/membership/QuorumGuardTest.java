package dev.cairn.server.membership;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.api.EtcdError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Goal: the strict check allows and refuses what etcd's does. Method: small clusters by hand; member 1 is the one that judges. */
class QuorumGuardTest {
    private static final long NOW = TimeUnit.HOURS.toNanos(1);
    private static final long LONG_AGO = NOW - TimeUnit.SECONDS.toNanos(6);
    private static final long JUST_NOW = NOW - TimeUnit.SECONDS.toNanos(4);

    @Test
    void shouldLetAMemberAloneGrow() {
        QuorumGuard guard = new QuorumGuard(1, PeerActivity.NONE);
        assertThat(guard.refuseAdd(view(started(1)), false, NOW)).isNull();
        assertThat(guard.refuseAdd(view(started(1)), true, NOW)).isNull();
        assertThat(guard.refuseAdd(view(started(1), learner(2)), false, NOW)).isNull();
    }

    @Test
    void shouldRefuseAVoterWhileTooFewHaveStarted() {
        QuorumGuard guard = new QuorumGuard(1, connectedSince(LONG_AGO));
        assertThat(guard.refuseAdd(view(started(1), unstarted(2)), false, NOW))
                .isEqualTo(EtcdError.MEMBER_NOT_ENOUGH_STARTED);
        assertThat(guard.refuseAdd(view(started(1), started(2)), false, NOW)).isNull();
        assertThat(guard.refuseAdd(view(started(1), unstarted(2)), true, NOW))
                .as("a learner endangers nothing")
                .isNull();
    }

    @Test
    void shouldRefuseToGrowWhileTooFewAreConnectedForLong() {
        Cluster.View two = view(started(1), started(2));
        assertThat(new QuorumGuard(1, connectedSince(LONG_AGO)).refuseAdd(two, false, NOW))
                .isNull();
        assertThat(new QuorumGuard(1, connectedSince(JUST_NOW)).refuseAdd(two, false, NOW))
                .isEqualTo(EtcdError.UNHEALTHY);
        assertThat(new QuorumGuard(1, PeerActivity.NONE).refuseAdd(two, true, NOW))
                .isEqualTo(EtcdError.UNHEALTHY);
    }

    @Test
    void shouldRefuseToRemoveWhatTheQuorumNeeds() {
        QuorumGuard alone = new QuorumGuard(1, PeerActivity.NONE);
        assertThat(alone.refuseRemove(view(started(1)), 1, NOW)).isEqualTo(EtcdError.MEMBER_NOT_ENOUGH_STARTED);
        assertThat(alone.refuseRemove(view(started(1), unstarted(2)), 1, NOW))
                .isEqualTo(EtcdError.MEMBER_NOT_ENOUGH_STARTED);
        assertThat(alone.refuseRemove(view(started(1), unstarted(2)), 2, NOW))
                .as("it takes no part")
                .isNull();
        assertThat(alone.refuseRemove(view(started(1), learner(2)), 2, NOW)).isNull();

        Cluster.View three = view(started(1), started(2), started(3));
        assertThat(new QuorumGuard(1, connectedSince(LONG_AGO)).refuseRemove(three, 3, NOW))
                .isNull();
        assertThat(new QuorumGuard(1, connectedSince(JUST_NOW)).refuseRemove(three, 3, NOW))
                .isEqualTo(EtcdError.UNHEALTHY);
        assertThat(alone.refuseRemove(three, 1, NOW)).isEqualTo(EtcdError.UNHEALTHY);
        assertThat(alone.refuseRemove(three, 3, NOW)).isNull();
    }

    @Test
    void shouldCountTheLearnerThatIsToVoteAsStarted() {
        QuorumGuard guard = new QuorumGuard(1, PeerActivity.NONE);
        assertThat(guard.refusePromote(view(started(1), learner(2)))).isNull();
        assertThat(guard.refusePromote(view(started(1), unstarted(2), learner(3))))
                .isNull();
        assertThat(guard.refusePromote(view(started(1), unstarted(2), unstarted(3), learner(4))))
                .isEqualTo(EtcdError.MEMBER_NOT_ENOUGH_STARTED);
    }

    private static PeerActivity connectedSince(long moment) {
        return new PeerActivity() {
            @Override
            public boolean isActive(long memberId) {
                return true;
            }

            @Override
            public boolean isActiveSince(long memberId, long nanos) {
                return moment < nanos;
            }
        };
    }

    private static Cluster.View view(Member... members) {
        return new Cluster.View(new ArrayList<>(List.of(members)), Set.of(), "3.7.0", null);
    }

    private static Member started(long id) {
        return new Member(id, List.of("http://h:" + id), false, "n" + id, List.of());
    }

    private static Member unstarted(long id) {
        return new Member(id, List.of("http://h:" + id), false, "", List.of());
    }

    private static Member learner(long id) {
        return new Member(id, List.of("http://h:" + id), true, "", List.of());
    }
}
