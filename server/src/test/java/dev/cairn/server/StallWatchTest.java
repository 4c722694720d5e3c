package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.RaftGroup;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Goal: only a leader whose disk stands still gives leadership away, and not again and again. Method: time is a number. */
class StallWatchTest {
    private static final long TIMEOUT = 1000;

    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Cluster cluster = new Cluster(new Identity(9, 1), store);
    private final List<Long> transfers = new ArrayList<>();
    private long leader = 1;
    private long stalled;
    private @Nullable Member successor;
    private final StallWatch watch = new StallWatch(
            cluster,
            new Status(),
            new Group(),
            now -> stalled,
            others -> {
                assertThat(others).extracting(Member::id).doesNotContain(1L);
                return successor;
            },
            TIMEOUT,
            0);

    private final class Status implements MemberStatus {
        @Override
        public long leader() {
            return leader;
        }

        @Override
        public long term() {
            return 1;
        }

        @Override
        public long committedIndex() {
            return 0;
        }

        @Override
        public long appliedIndex() {
            return 0;
        }

        @Override
        public boolean isLearner() {
            return false;
        }
    }

    private final class Group implements RaftGroup {
        @Override
        public void change(
                ConfChangeType type, long memberId, ByteString context, Completion<Cluster.View> completion) {
            throw new AssertionError("no change of members");
        }

        @Override
        public void look(Completion<RaftStatus> completion) {
            throw new AssertionError("no look");
        }

        @Override
        public void transferLeadership(long toMember, Completion<Long> completion) {
            transfers.add(toMember);
        }
    }

    @BeforeEach
    void found() {
        for (long id = 1; id <= 3; id++) {
            cluster.add(new Member(id, List.of("http://127.0.0.1:" + id), false, "m" + id, List.of()));
        }
        successor = cluster.view().member(3);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void shouldHandOverOnceWhenTheDiskStandsStill() {
        stalled = TIMEOUT;
        watch.doWork(TIMEOUT);
        watch.doWork(2 * TIMEOUT);
        assertThat(transfers).containsExactly(3L);

        watch.doWork(6 * TIMEOUT);
        assertThat(transfers).containsExactly(3L, 3L);
    }

    @Test
    void shouldStayWhileTheDiskIsOnlySlow() {
        stalled = TIMEOUT - 1;
        watch.doWork(TIMEOUT);
        assertThat(transfers).isEmpty();
    }

    @Test
    void shouldStayWhenItDoesNotLeadOrNobodyCanTakeOver() {
        stalled = 2 * TIMEOUT;
        leader = 2;
        watch.doWork(TIMEOUT);
        leader = 1;
        successor = null;
        watch.doWork(2 * TIMEOUT);
        assertThat(transfers).isEmpty();
    }
}
