package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.lease.Renewal;
import dev.cairn.mvcc.MemoryTables;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeaseRoleTest {
    private static final long LEASE = 1;

    private final Lessor lessor =
            new Lessor(new MemoryTables(), LessorOptions.forElection(10, 100), new NothingIsDue(), 0);
    private int wakes;
    private final LeaseRole role = new LeaseRole(lessor, 0, () -> this.wakes++);

    @BeforeEach
    void grant() throws Exception {
        lessor.grant(LEASE, 60, 0);
    }

    @Test
    void shouldRenewOnlyBehindAnEntryOfTheOwnTerm() {
        role.applied(3);
        role.lead(4);
        role.doWork(0);
        assertThat(renewal()).as("entries of earlier terms may follow").isEqualTo(Renewal.State.NOT_PRIMARY);

        int before = wakes;
        role.applied(4);
        assertThat(wakes).isEqualTo(before + 1);
        role.applied(4);
        assertThat(wakes).as("once a term").isEqualTo(before + 1);
        role.doWork(0);
        assertThat(renewal()).isEqualTo(Renewal.State.RENEWED);
    }

    @Test
    void shouldBeginAnewInEachTerm() {
        role.lead(4);
        role.applied(4);
        role.doWork(0);
        role.follow();
        role.doWork(0);
        assertThat(renewal()).isEqualTo(Renewal.State.NOT_PRIMARY);

        role.lead(6);
        role.doWork(0);
        assertThat(renewal()).isEqualTo(Renewal.State.NOT_PRIMARY);
        role.applied(6);
        role.doWork(0);
        assertThat(renewal()).isEqualTo(Renewal.State.RENEWED);
    }

    @Test
    void shouldCeaseWhereLeadershipWasLostAndWonBetweenTwoLooks() {
        role.lead(4);
        role.applied(4);
        role.doWork(0);
        role.follow();
        role.lead(6);
        role.doWork(0);
        assertThat(renewal())
                .as("what was granted in term 5 is not applied yet")
                .isEqualTo(Renewal.State.NOT_PRIMARY);
    }

    private Renewal.State renewal() {
        return lessor.renew(LEASE, 0).state();
    }

    private static final class NothingIsDue implements ExpirySink {
        @Override
        public boolean revoke(long lease) {
            throw new AssertionError();
        }

        @Override
        public boolean checkpoint(long lease, long remainingTtlSeconds) {
            throw new AssertionError();
        }

        @Override
        public long roomAtNanos() {
            return Long.MAX_VALUE;
        }
    }
}
